"""The configuration's life: plan, apply, runs, rollback."""

import click

from mailward.actions import configuration
from mailward.actions import runs as records
from mailward.cli.asked import carry_out
from mailward.cli.command import command, option
from mailward.cli.face import Face
from mailward.cli.show import show_plan, show_run, show_runs
from mailward.model.sentence import Sentence


@command("plan", results=True)
def plan(face: Face) -> None:
    planned = face.open().plan()
    shown = {
        "number": planned.number,
        "previous": planned.previous,
        "changes": planned.changes,
        "renewals": planned.renewals,
    }
    face.answer(shown, lambda out: show_plan(out, planned))


@command("apply", results=True)
def apply(face: Face) -> int:
    mailward = face.open()
    return carry_out(face, mailward, configuration.apply(mailward.office, face.actor))


@command("runs", results=True)
@click.argument("number", type=int, required=False)
@option("--limit", type=click.IntRange(1, 10_000), default=20, says=Sentence("How many, the latest first"))
def runs(face: Face, number: int | None, limit: int) -> None:
    office = face.open().office
    if number is None:
        rows = records.list_runs(office, face.actor, limit=limit).rows
        face.answer(rows, lambda out: show_runs(out, rows))
    else:
        row = records.show_run(office, face.actor, number)
        face.answer(row, lambda out: show_run(out, row, diffs=True))


@command("rollback", results=True)
@option(
    "--to",
    type=click.IntRange(min=1),
    metavar="GENERATION",
    says=Sentence("Which generation (default: the one before)"),
)
def rollback(face: Face, to: int | None) -> int:
    mailward = face.open()
    return carry_out(face, mailward, configuration.rollback(mailward.office, face.actor, to))
