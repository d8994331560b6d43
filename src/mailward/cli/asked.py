"""Commands that change something: ask, warn, carry out, say how it ended."""

from mailward.actions.office import Asked
from mailward.bootstrap import Mailward
from mailward.cli.app import FINE, NOT_NOW
from mailward.cli.face import Face
from mailward.cli.language import printable, tell
from mailward.cli.show import show_run
from mailward.model.errors import BadInput
from mailward.model.runs import RunState
from mailward.model.sentence import Sentence


def carry_out(face: Face, mailward: Mailward, asked: Asked) -> int:
    """Carry out what was asked for; the exit code says whether it is so now."""
    face.warn(asked.warnings)
    run = mailward.carry_out(asked.run_id, face.progress())
    face.answer(run, lambda out: show_run(out, run))
    ended_well = RunState(run.state) in (RunState.DONE, RunState.UNCHANGED)
    if ended_well and asked.secret and not face.json:
        show_secret(face, asked.secret)
    return FINE if ended_well else NOT_NOW


def refuse_json(face: Face) -> None:
    """For what answers nothing but a secret that is shown once."""
    if face.json:
        said = Sentence("--json never prints a secret, so the one made here would be lost")
        raise BadInput("json", said, Sentence("Leave --json out: the secret is the last line of the output."))


def show_secret(face: Face, secret: str) -> None:
    """A one-time password: to the terminal, once, and never into JSON."""
    label = tell(Sentence("Password, shown this once:"))
    face.out.print(f"{label} {printable(secret)}", soft_wrap=True)
