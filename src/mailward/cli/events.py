"""Who did what, and whether that record is as it was written."""

from collections.abc import Sequence

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from mailward.actions import events as actions
from mailward.actions.events import EventRow, Whole
from mailward.cli.app import FINE, NOT_WELL
from mailward.cli.command import command, option
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.cli.show import clock, moment, show_table
from mailward.model.sentence import Sentence

_WAYS = click.Choice(["list", "verify", "export"])


@command("events", results=True)
@click.argument("way", type=_WAYS, default="list", metavar="list|verify|export")
@option("--search", default="", metavar="TEXT", says=Sentence("Only events about something whose name holds this"))
@option("--who", default="", metavar="TEXT", says=Sentence("Only what this person did"))
@option("--what", default="", metavar="WORD", says=Sentence("Only this kind of event, such as domain.added or domain"))
@option("--before", type=int, metavar="N", says=Sentence("Only events with a smaller number"))
@option("--limit", type=click.IntRange(1, actions.MOST), default=50, says=Sentence("How many, at most 1000 (50)"))
def events(face: Face, way: str, search: str, who: str, what: str, before: int | None, limit: int) -> int:
    office = face.open().office
    if way == "verify":
        return _verify(face, actions.chain_state(office, face.actor, from_the_beginning=True))
    if way == "export":
        for one in actions.export(office, face.actor):
            click.echo(one.line)
        return FINE
    rows = actions.list_events(office, face.actor, search=search, who=who, what=what, before=before, limit=limit)
    face.answer(rows, lambda out: _show(out, rows))
    return FINE


def _show(out: Console, rows: Sequence[EventRow]) -> None:
    headings = (
        Sentence("event"),
        Sentence("when (UTC)"),
        Sentence("who"),
        Sentence("from"),
        Sentence("what"),
        Sentence("about"),
    )
    lines = [(str(one.id), clock(one.at), one.who, one.came_from or "–", one.what, one.subject) for one in rows]
    show_table(out, headings, lines, Sentence("Nothing was done yet."))


def _verify(face: Face, state: Whole) -> int:
    face.answer(state, lambda out: _show_state(out, state))
    return FINE if state.is_whole else NOT_WELL


def _show_state(out: Console, state: Whole) -> None:
    if state.is_whole:
        said = Sentence("All {count} events are as they were written.", count=state.count)
        out.print(Text.assemble(("✓ ", "green"), tell(said)))
    else:
        out.print(Text.assemble(("✗ ", "bold red"), tell(state.what)))
        out.print(Padding(Text.assemble(("→ ", "cyan"), tell(state.remedy)), (0, 0, 0, 2), expand=False))
    seen = (
        Sentence("Root has seen them up to event {event} ({at}).", event=state.anchored, at=moment(state.anchored_at))
        if state.anchored is not None
        else Sentence("Root has not seen any of them yet: the steward writes that down while it runs.")
    )
    out.print(tell(seen))
