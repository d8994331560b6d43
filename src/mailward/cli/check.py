"""DNS: what it says of the hosted domains, and what it points to."""

import click

from mailward.audit import board_rows
from mailward.cli.app import FINE, NOT_WELL
from mailward.cli.command import command, option
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.cli.show_board import show_board
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict

_UNWELL = (Verdict.FAIL, Verdict.UNKNOWN)


@command("check", results=True)
@click.argument("domains", nargs=-1)
@option("--all", "everything", is_flag=True, says=Sentence("Every domain, and the server itself"))
def check(face: Face, domains: tuple[str, ...], everything: bool) -> int:
    if bool(domains) is everything:
        said = Sentence("name domains (or: server), or say --all")
        raise BadInput("domains", said, Sentence("For example: mailward check --all"), code="nothing-named")
    findings = face.open().check(domains, face.progress())
    face.answer(board_rows.rows(findings, tell), lambda out: show_board(out, findings))
    return NOT_WELL if not findings or any(finding.verdict in _UNWELL for finding in findings) else FINE
