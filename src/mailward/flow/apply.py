"""Apply: one switch of the link ``current``, then every daemon that must re-read or restart does."""

from collections.abc import Callable, Iterable
from functools import partial

from mailward.daemons.daemon import Daemon
from mailward.flow.ground import Ground
from mailward.flow.observe import UP
from mailward.model.errors import MailwardError
from mailward.model.generations import Applied, Checked, Renewal
from mailward.model.sentence import Sentence

TRIES = (0.2, 1.0, 3.0)  # seconds between them: a daemon that the supervisor just started can't be told at once


def apply(checked: Checked, ground: Ground, daemons: Iterable[Daemon]) -> Applied:
    """Switch, then tell the daemons. Once it has switched it never raises for what a daemon says: verify answers that."""
    plan = checked.plan
    ground.files.link(ground.layout.current, f"generations/{plan.number}")
    before = ground.supervisor.states()
    trouble = _tried(ground.supervisor.update)  # nothing changed for it: it does nothing; it doesn't run: it starts
    untold = [] if trouble is None else [trouble]
    running = ground.supervisor.states()
    for daemon in daemons:
        renewal = plan.renewals.get(daemon.name)
        if renewal is Renewal.RESTART:
            # What the supervisor started just now has read the new files already.
            if running.get(daemon.name) not in UP:
                _tried(partial(ground.supervisor.start, daemon.name))  # verify sees whether it runs
            elif before.get(daemon.name) in UP:
                trouble = _tried(partial(ground.supervisor.restart, daemon.name))
                untold += [] if trouble is None else [trouble]
        elif renewal is Renewal.RELOAD and daemon.reload is not None:
            untold += _reload(daemon.name, daemon.reload(ground.layout), ground)
    return Applied(plan, tuple(untold))


def _tried(tell: Callable[[], None]) -> Sentence | None:
    try:
        tell()
    except MailwardError as trouble:
        return trouble.what
    return None


def _reload(name: str, command: tuple[str, ...], ground: Ground) -> list[Sentence]:
    said = Sentence("")
    for pause in (*TRIES, 0.0):
        try:
            answer = ground.processes.run(command, timeout=60)
        except MailwardError as trouble:
            return [trouble.what]
        if answer.code == 0:
            return []
        last = (answer.output.splitlines() or [""])[-1]
        said = Sentence("{daemon} does not re-read its configuration: {output}", daemon=name, output=last)
        ground.clock.sleep(pause)
    return [said]
