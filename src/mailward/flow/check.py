"""Check: every daemon's own checker over the staged files, and our own checks beside them."""

from collections.abc import Iterable, Sequence

from mailward.daemons.daemon import Checker, Daemon
from mailward.flow.ground import Ground, OwnCheck
from mailward.model.desired import DesiredState
from mailward.model.errors import NotPossible
from mailward.model.generations import Checked, Refusal, Rejected, Staged
from mailward.model.sentence import Sentence

_MARKS = ("[emerg]", "[alert]", "fatal", "error", "panic")


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
    why = _telling(answer.output, checker.words)
    return Refusal(name, Sentence("{daemon} refuses its configuration: {output}", daemon=name, output=why), answer.output)


def _telling(output: str, words: Sequence[str]) -> str:
    """The line that says what is wrong; the last ones often only say that something is ("test failed")."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or [""]
    marks = [*(word.lower() for word in words), *_MARKS]
    return next((line for line in lines if any(mark in line.lower() for mark in marks)), lines[-1])
