"""Apply: one switch of the link ``current``, then every daemon that must re-read or restart does."""

from collections.abc import Iterable

from mailward.daemons.daemon import Daemon
from mailward.flow.ground import Ground
from mailward.flow.plan import SUPERVISOR
from mailward.model.generations import Applied, Checked, Renewal


def apply(checked: Checked, ground: Ground, daemons: Iterable[Daemon]) -> Applied:
    """Switch, then tell the daemons. A daemon that doesn't take it is found by verify, not here."""
    plan = checked.plan
    ground.files.link(ground.layout.current, f"generations/{plan.number}")
    if plan.previous is None or any(change.path.parts[0] == SUPERVISOR for change in plan.changes):
        ground.supervisor.update()
    running = ground.supervisor.states()
    for daemon in daemons:
        renewal = plan.renewals.get(daemon.name)
        if renewal is Renewal.RESTART:
            # What the supervisor started just now has read the new files already.
            if running.get(daemon.name) in (None, "STOPPED", "EXITED", "FATAL", "BACKOFF"):
                ground.supervisor.start(daemon.name)
            elif plan.previous is not None:
                ground.supervisor.restart(daemon.name)
        elif renewal is Renewal.RELOAD and daemon.reload is not None:
            ground.processes.run(daemon.reload(ground.layout), timeout=60)
    return Applied(plan)
