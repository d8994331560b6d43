"""The provider's lists of names, and the look-alikes that were seen."""

import click

from mailward.actions import control, name_lists
from mailward.cli.app import FINE, NOT_WELL
from mailward.cli.command import command, group, option
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.cli.show import show_table
from mailward.model.names import SPOKEN_LIKENESS
from mailward.model.sentence import Sentence

names = group("names")
_REASON = option("--reason", default="", metavar="TEXT", says=Sentence("Why, for whoever reads the list"))


@command("list", Sentence("Show the patterns of names that aren't hosted, or are all the same"), under=names, results=True)
@option("--search", default="", metavar="TEXT", says=Sentence("Only those that hold this text"))
def show(face: Face, search: str) -> None:
    rows = name_lists.list_patterns(face.open().office, face.actor, search=search).rows
    headings = (Sentence("pattern"), Sentence("what"), Sentence("reason"), Sentence("from"))
    words = {True: tell(Sentence("allowed")), False: tell(Sentence("denied"))}
    shipped = tell(Sentence("shipped with Mailward"))
    lines = [(r.pattern, words[r.allowed], tell(r.reason), shipped if r.shipped else r.added_by) for r in rows]
    face.answer(rows, lambda out: show_table(out, headings, lines, Sentence("There is no such pattern.")))


@command(
    "deny", Sentence("Don't host names of this pattern: paypal, *paypal*, login-*, bank.example"), under=names, results=True
)
@click.argument("pattern")
@_REASON
def deny(face: Face, pattern: str, reason: str) -> None:
    row = name_lists.deny(face.open().office, face.actor, pattern, reason)
    face.answer(row, lambda out: out.print(row.pattern))


@command("allow", Sentence("Host names of this pattern, whatever else matches them"), under=names, results=True)
@click.argument("pattern")
@_REASON
def allow(face: Face, pattern: str, reason: str) -> None:
    row = name_lists.allow(face.open().office, face.actor, pattern, reason)
    face.answer(row, lambda out: out.print(row.pattern))


@command("forget", Sentence("Take away a pattern of your own"), under=names)
@click.argument("pattern")
def forget(face: Face, pattern: str) -> None:
    name_lists.forget_pattern(face.open().office, face.actor, pattern)


@command(
    "partners", Sentence("Show the names that are guarded though they are hosted elsewhere"), under=names, results=True
)
def partners(face: Face) -> None:
    rows = name_lists.list_partners(face.open().office, face.actor).rows
    headings = (Sentence("name"), Sentence("note"), Sentence("from"))
    lines = [(row.name, row.note, row.added_by) for row in rows]
    face.answer(rows, lambda out: show_table(out, headings, lines, Sentence("There is no partner name yet.")))


@command("partner", Sentence("Guard a name that is hosted elsewhere: your bank's, a supplier's"), under=names, results=True)
@click.argument("name")
@option("--note", default="", metavar="TEXT", says=Sentence("Whose it is"))
@option("--remove", is_flag=True, says=Sentence("Guard it no more"))
def partner(face: Face, name: str, note: str, remove: bool) -> None:
    office = face.open().office
    if remove:
        name_lists.remove_partner(office, face.actor, name)
        return
    row = name_lists.add_partner(office, face.actor, name, note)
    face.answer(row, lambda out: out.print(row.name))


@command(
    "watched", Sentence("Show the look-alikes of guarded names that somebody has registered"), under=names, results=True
)
@option("--new", "new", is_flag=True, says=Sentence("Only those that nobody has looked at"))
def watched(face: Face, new: bool) -> None:
    rows = name_lists.list_watched(face.open().office, face.actor, known=False if new else None).rows
    headings = (
        Sentence("number"), Sentence("name"), Sentence("can be taken for"), Sentence("how"), Sentence("its mail goes to"),
        Sentence("first seen"),
    )  # fmt: skip
    lines = [
        (str(r.id), r.name, r.of, tell(SPOKEN_LIKENESS[r.kind]), ", ".join(r.mail_hosts) or "–", f"{r.first_seen:%Y-%m-%d}")
        for r in rows
    ]
    face.answer(rows, lambda out: show_table(out, headings, lines, Sentence("No look-alike was seen.")))


@command("known", Sentence("Say that a look-alike was looked at, and is no danger"), under=names, results=True)
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
@option("--not", "no", is_flag=True, says=Sentence("It is one after all"))
def known(face: Face, number: int, no: bool) -> None:
    row = name_lists.mark_known(face.open().office, face.actor, number, known=not no)
    face.answer(row, lambda out: out.print(row.name))


@command(
    "try", Sentence("Say what speaks against hosting a name; exit code 1 when something does"), under=names, results=True
)
@click.argument("name")
def attempt(face: Face, name: str) -> int:
    found = control.try_name(face.open().office, face.actor, name)
    headings = (Sentence("code"), Sentence("what"))
    lines = [(doubt.code, tell(doubt.what)) for doubt in found]
    face.answer(found, lambda out: show_table(out, headings, lines, Sentence("Nothing speaks against it.")))
    return NOT_WELL if found else FINE
