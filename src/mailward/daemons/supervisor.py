"""supervisord: keeps every daemon in the foreground and starts it again when it ends. It works without systemd.

Daemons write their own log files; only what they say on their standard output goes through the supervisor, so a killed
supervisor takes no daemon with it.
"""

from collections.abc import Iterable

from mailward.daemons.daemon import Daemon, Program
from mailward.daemons.rendering import render_file
from mailward.model.desired import DesiredState
from mailward.model.generations import File
from mailward.model.layout import Layout

NAME = "supervisor"


def render(desired: DesiredState, layout: Layout, daemons: Iterable[Daemon]) -> tuple[File, ...]:
    """The supervisor's file for the ``daemons`` that are wanted, started in their order.

    A daemon's place doesn't depend on which others are wanted: a changed priority would restart it.
    """
    programs: list[tuple[str, int, Program]] = [
        (daemon.name, 10 * (place + 1), daemon.program(desired, layout))
        for place, daemon in enumerate(daemons)
        if daemon.wanted(desired)
    ]
    values: dict[str, object] = {"layout": layout, "programs": programs}
    return (render_file(f"{NAME}/supervisord.conf", values),)
