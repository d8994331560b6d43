"""The mail path's process: unprivileged, on a unix socket that Postfix alone may enter. It signs what leaves.

It reads nothing but what the steward published for it (``Layout.dkim``). When it is gone, mail goes on unsigned until the
supervisor has started it again.
"""

from pathlib import Path

from mailward.daemons.daemon import Daemon, Directory, Program, always
from mailward.daemons.users import MAILPATH
from mailward.model.layout import Layout

NAME = "mailpath"
SUBMITTED, FILTERED = "ORIGINATING", "FILTERS"
"""What Postfix calls the ports on which its mail comes (milter macro daemon_name): by log-in; by mailboxes' filters."""


def socket(layout: Layout) -> Path:
    return layout.run / NAME / "milter.sock"


def _directories(layout: Layout) -> tuple[Directory, ...]:
    return (Directory(layout.run / NAME, 0o750, MAILPATH, "postfix"), Directory(layout.dkim, 0o750, "root", MAILPATH))


MAILPATH_DAEMON = Daemon(
    name=NAME,
    wanted=always,
    render=lambda _desired, _layout: (),
    program=lambda desired, layout: Program(
        (desired.python, "-m", "mailward", "mailpath", "--instance", str(layout.root)), user=MAILPATH, start_seconds=2
    ),
    checkers=lambda _desired, _layout, _staged: (),
    reload=None,
    directories=_directories,
)
