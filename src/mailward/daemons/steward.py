"""The steward's process: root, on no network socket. It carries out what was asked for; mail never needs it."""

from mailward.daemons.daemon import Daemon, Program, always

NAME = "steward"

STEWARD = Daemon(
    name=NAME,
    wanted=always,
    render=lambda _desired, _layout: (),
    program=lambda desired, layout: Program(
        (desired.python, "-m", "mailward", "steward", "--instance", str(layout.root)), stop_seconds=60, umask="077"
    ),
    checkers=lambda _desired, _layout, _staged: (),
    reload=None,
)
