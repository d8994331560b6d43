"""The panel's process: unprivileged, on a unix socket behind nginx. Mail never needs it."""

from mailward.daemons.daemon import Daemon, Directory, Program, always
from mailward.daemons.users import PANEL, WEB
from mailward.model.layout import Layout

NAME = "panel"


def _directories(layout: Layout) -> tuple[Directory, ...]:
    return (Directory(layout.run / NAME, 0o750, PANEL, WEB),)


PANEL_DAEMON = Daemon(
    name=NAME,
    wanted=always,
    render=lambda _desired, _layout: (),
    program=lambda desired, layout: Program(
        (desired.python, "-m", "mailward", "panel", "serve", "--instance", str(layout.root)), user=PANEL, start_seconds=2
    ),
    checkers=lambda _desired, _layout, _staged: (),
    reload=None,
    directories=_directories,
)
