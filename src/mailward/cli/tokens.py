"""Tokens by which programs act for somebody."""

import click

from mailward.actions import people
from mailward.actions import tokens as actions
from mailward.actions.people_rows import TokenRow
from mailward.cli.asked import refuse_json
from mailward.cli.command import command, group, option
from mailward.cli.face import Face
from mailward.cli.language import printable, tell
from mailward.cli.show import clock, moment, show_table
from mailward.model.sentence import Sentence

token = group("token")


@command("list", Sentence("Show the tokens of everybody"), under=token, results=True)
def list_tokens(face: Face) -> None:
    rows = actions.list_tokens(face.open().office, face.actor, everybody=True)
    headings = (
        Sentence("token"),
        Sentence("of"),
        Sentence("label"),
        Sentence("allows"),
        Sentence("domains"),
        Sentence("last used (UTC)"),
        Sentence("until (UTC)"),
    )
    lines = [
        (str(one.id), one.owner, one.label, _all_or(one.acts), _all_or(one.domains), clock(one.last_used_at), _until(one))
        for one in rows
    ]
    face.answer(rows, lambda out: show_table(out, headings, lines, Sentence("There is no token yet.")))


@command("create", Sentence("Make a token, shown once, by which a program acts for somebody"), under=token, results=True)
@click.argument("label")
@option("--for", "address", required=True, metavar="ADDRESS", says=Sentence("For whom the program acts"))
@option("--act", "acts", multiple=True, metavar="ACT", says=Sentence("An act that it allows; may be repeated"))
@option("--domain", "domains", multiple=True, metavar="NAME", says=Sentence("A domain that it reaches; may be repeated"))
@option("--days", type=int, default=90, says=Sentence("How long it lives, up to 366 days (90)"))
def create(face: Face, label: str, address: str, acts: tuple[str, ...], domains: tuple[str, ...], days: int) -> None:
    refuse_json(face)
    mailward = face.open()
    owner = people.find_person(mailward.office, face.actor, address)
    made = actions.create_token(mailward.office, face.actor, label, acts or None, domains or None, days, owner=owner.id)
    until = moment(made.token.expires_at)
    face.err.print(tell(Sentence("Token for {owner}, shown this once, until {until}:", owner=owner.email, until=until)))
    face.out.print(made.secret, soft_wrap=True)


@command("revoke", Sentence("Let a token open nothing any more"), under=token, results=True)
@click.argument("number", type=int)
def revoke(face: Face, number: int) -> None:
    row = actions.revoke_token(face.open().office, face.actor, number)
    said = Sentence("Token {id} of {owner} is revoked.", id=row.id, owner=row.owner)
    face.answer(row, lambda out: out.print(printable(tell(said))))


def _all_or(parts: tuple[str, ...] | None) -> str:
    return tell(Sentence("all")) if parts is None else ", ".join(parts)


def _until(row: TokenRow) -> str:
    return clock(row.expires_at) if row.is_usable else tell(Sentence("ended"))
