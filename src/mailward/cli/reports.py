"""What other servers reported about a domain."""

import click

from mailward.actions import reports as actions
from mailward.cli.command import command, option
from mailward.cli.face import Face
from mailward.cli.show_reports import show_reports
from mailward.model.sentence import Sentence


@command("reports", results=True)
@click.argument("domain")
@option("--days", type=click.IntRange(1, actions.MOST_DAYS), default=30, says=Sentence("How many days to look back"))
def reports(face: Face, domain: str, days: int) -> None:
    found = actions.show_reports(face.open().office, face.actor, domain, days=days)
    face.answer(found, lambda out: show_reports(out, found))
