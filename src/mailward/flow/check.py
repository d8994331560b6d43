"""Check: every daemon's own checker over the staged files, and our own checks beside them."""

from collections.abc import Iterable, Sequence

from mailward.daemons.daemon import Checker, Daemon
from mailward.flow.ground import Ground, OwnCheck
from mailward.model.desired import DesiredState
from mailward.model.errors import NotPossible
from mailward.model.generations import Checked, Refusal, Rejected, Staged
from mailward.model.sentence import Sentence


def check(
    staged: Staged, ground: Ground, daemons: Iterable[Daemon], desired: DesiredState, own: Sequence[OwnCheck]
) -> Checked | Rejected:
    """Checked when nobody refuses; a checker that can't be run has refused."""
    directory = ground.layout.generations / str(staged.plan.number)
    refusals = [refusal for look in own if (refusal := look(staged.plan)) is not None]
    for daemon in daemons:
        if daemon.wanted(desired):
            for checker in daemon.checkers(desired, ground.layout, directory):
                refusal = _ask(daemon.name, checker, ground)
                if refusal is not None:
                    refusals.append(refusal)
    return Rejected(staged.plan, tuple(refusals)) if refusals else Checked(staged.plan)


def _ask(name: str, checker: Checker, ground: Ground) -> Refusal | None:
    try:
        answer = ground.processes.run(checker.argv, timeout=60)
    except NotPossible as trouble:
        return Refusal(name, trouble.what, "")
    said = answer.output.lower()
    if answer.code == 0 and not any(word.lower() in said for word in checker.words):
        return None
    last = answer.output.strip().splitlines()[-1:] or [""]
    return Refusal(
        name, Sentence("{daemon} refuses its configuration: {output}", daemon=name, output=last[0]), answer.output
    )
