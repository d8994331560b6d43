"""What other servers reported about a domain."""

import click

from mailward.actions import reports as actions
from mailward.cli.app import FINE
from mailward.cli.asked import carry_out
from mailward.cli.command import command, option
from mailward.cli.face import Face
from mailward.cli.show_reports import show_reports
from mailward.model.sentence import Sentence


@command("reports", results=True)
@click.argument("domain")
@option("--days", type=click.IntRange(1, actions.MOST_DAYS), default=30, says=Sentence("How many days to look back"))
@option(
    "--go-on", is_flag=True, says=Sentence("Ask for the next stricter DMARC policy, if the reports say that it is safe")
)
@option("--anyway", is_flag=True, says=Sentence("With --go-on: also when the reports don't say that it is safe"))
def reports(face: Face, domain: str, days: int, go_on: bool, anyway: bool) -> int:
    mailward = face.open()
    if go_on:
        return carry_out(face, mailward, actions.go_on(mailward.office, face.actor, domain, anyway=anyway))
    found = actions.show_reports(mailward.office, face.actor, domain, days=days)
    face.answer(found, lambda out: show_reports(out, found))
    return FINE
