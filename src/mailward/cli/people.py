"""Accounts of the panel: who may sign in, and what they may do."""

from collections.abc import Sequence

import click

from mailward.actions import invitations, roles
from mailward.actions import people as actions
from mailward.actions.people_rows import GrantRow, Invited, PersonRow
from mailward.bootstrap import Mailward
from mailward.cli.asked import refuse_json, show_secret
from mailward.cli.command import Body, command, group, option, yes
from mailward.cli.face import Face
from mailward.cli.language import printable, tell
from mailward.cli.mailboxes import password_stdin, read_password
from mailward.cli.show import clock, moment, show_table
from mailward.model.doors import Door
from mailward.model.errors import BadInput
from mailward.model.rights import SPOKEN_ROLES, Grant, PersonRole
from mailward.model.sentence import Sentence

people = group("people")


def tied(body: Body) -> Body:
    """A role, and what it is tied to."""
    ways = (
        option("--mailbox", metavar="ADDRESS", says=Sentence("Tie the role to one mailbox")),
        option("--domain", metavar="NAME", says=Sentence("Tie the role to one domain")),
        option("--customer", metavar="NAME", says=Sentence("Tie the role to one customer")),
        option(
            "--role",
            required=True,
            type=click.Choice([role.value for role in PersonRole]),
            says=Sentence("The role; one that is tied to nothing reaches the whole host"),
        ),
    )
    for way in ways:
        body = way(body)
    return body


def _grant(role: str, customer: str | None, domain: str | None, mailbox: str | None) -> Grant:
    return Grant(PersonRole(role), customer, domain, mailbox)


@command("list", Sentence("Show who may sign in, and what they hold"), under=people, results=True)
@option("--search", default="", metavar="TEXT", says=Sentence("Only those whose address or name holds this"))
def list_people(face: Face, search: str) -> None:
    rows = actions.list_people(face.open().office, face.actor, search=search)
    headings = (Sentence("address"), Sentence("name"), Sentence("roles"), Sentence("state"), Sentence("last seen (UTC)"))
    lines = [(one.email, one.name, _roles(one.grants), _state(one), clock(one.last_login)) for one in rows]
    face.answer(rows.rows, lambda out: show_table(out, headings, lines, Sentence("Nobody may sign in yet.")))


@command("show", Sentence("Show one account"), under=people, results=True)
@click.argument("address")
def show(face: Face, address: str) -> None:
    row = actions.find_person(face.open().office, face.actor, address)
    face.answer(row, lambda out: _show(face, row))


@command("invite", Sentence("Make an account, and a link to choose its password"), under=people, results=True)
@click.argument("address")
@option("--name", default="", metavar="TEXT", says=Sentence("How the person is called"))
@option("--language", default="", metavar="LANG", says=Sentence("nl, de, fr or en; as their browser wishes when not given"))
@tied
def invite(face: Face, address: str, name: str, language: str, **grant: str | None) -> None:
    refuse_json(face)
    mailward = face.open()
    given = _grant(**grant)  # type: ignore[arg-type]
    _show_link(face, mailward, invitations.invite(mailward.office, face.actor, address, name, language, given))


@command("link", Sentence("Make a new link by which somebody chooses a password"), under=people, results=True)
@click.argument("address")
def link(face: Face, address: str) -> None:
    refuse_json(face)
    mailward = face.open()
    person = actions.find_person(mailward.office, face.actor, address)
    _show_link(face, mailward, invitations.renew_invitation(mailward.office, face.actor, person.id))


@command("close", Sentence("Let somebody in no more: sessions, tokens and links end"), under=people, results=True)
@click.argument("address")
@yes
def close(face: Face, address: str, yes: bool) -> None:
    mailward = face.open()
    person = actions.find_person(mailward.office, face.actor, address)
    face.be_sure(Sentence("Close the account {address}?", address=person.email), yes)
    row = actions.close_account(mailward.office, face.actor, person.id)
    face.answer(row, lambda out: _show(face, row))


@command("open", Sentence("Let somebody in again whose account was closed"), under=people, results=True)
@click.argument("address")
def open_again(face: Face, address: str) -> None:
    mailward = face.open()
    person = actions.find_person(mailward.office, face.actor, address)
    row = actions.open_account(mailward.office, face.actor, person.id)
    face.answer(row, lambda out: _show(face, row))


@command("grant", Sentence("Give somebody a role"), under=people, results=True)
@click.argument("address")
@tied
def give(face: Face, address: str, **grant: str | None) -> None:
    mailward = face.open()
    person = actions.find_person(mailward.office, face.actor, address)
    row = roles.grant_role(mailward.office, face.actor, person.id, _grant(**grant))  # type: ignore[arg-type]
    face.answer(row, lambda out: _show(face, row))


@command("withdraw", Sentence("Take a role from somebody"), under=people, results=True)
@click.argument("address")
@tied
def withdraw(face: Face, address: str, **grant: str | None) -> None:
    mailward = face.open()
    person = actions.find_person(mailward.office, face.actor, address)
    wanted = _grant(**grant)  # type: ignore[arg-type]
    held = next((one for one in person.grants if one.grant == wanted and not one.group), None)
    if held is None:
        said = Sentence("{address} does not hold this role", address=person.email)
        raise BadInput("role", said, Sentence("See: mailward people show {address}", address=person.email), code="unknown")
    row = roles.withdraw_role(mailward.office, face.actor, person.id, held.id)
    face.answer(row, lambda out: _show(face, row))


@command("password", Sentence("Give somebody a new password, and end their sessions"), under=people, results=True)
@click.argument("address")
@password_stdin
def password(face: Face, address: str, password_stdin: bool) -> None:
    chosen = read_password(face, password_stdin)
    mailward = face.open()
    person = actions.find_person(mailward.office, face.actor, address)
    row, made = invitations.reset_password(mailward.office, face.actor, person.id, chosen)
    face.answer(row, lambda out: _show(face, row))
    if made and not face.json:
        show_secret(face, made)


@command("reset-second-factor", Sentence("Let in again who lost every second factor"), under=people, results=True)
@click.argument("address")
@yes
def reset_second_factor(face: Face, address: str, yes: bool) -> None:
    mailward = face.open()
    person = actions.find_person(mailward.office, face.actor, address)
    face.be_sure(Sentence("Remove every second factor of {address}?", address=person.email), yes)
    actions.remove_second_factors(mailward.office, face.actor, person.id)
    row = actions.find_person(mailward.office, face.actor, address)
    face.answer(row, lambda out: _show(face, row))


def _show(face: Face, row: PersonRow) -> None:
    face.out.print(f"{printable(row.email)}  {printable(row.name)}".rstrip(), style="bold")
    second = Sentence("{count} second factors", count=row.second_factors)
    face.out.print(f"  {_state(row)}, {tell(second)}, {clock(row.last_login)}")
    for one in row.grants:
        through = f"  ({printable(one.group)})" if one.group else ""
        face.out.print(f"  {_role(one)}{through}")


def _state(row: PersonRow) -> str:
    if not row.active:
        return tell(Sentence("closed"))
    if not row.has_password:
        return tell(Sentence("invited"))
    return tell(Sentence("may sign in"))


def _roles(grants: Sequence[GrantRow]) -> str:
    return ", ".join(_role(one) for one in grants) or "–"


def _role(row: GrantRow) -> str:
    where = row.mailbox or row.domain or row.customer
    return tell(SPOKEN_ROLES[row.role]) + (f" ({printable(where)})" if where else "")


def _show_link(face: Face, mailward: Mailward, made: Invited) -> None:
    """A link is a way in, so it goes to the terminal alone, once."""
    port = mailward.settings.ports[Door.HTTPS]
    host = mailward.settings.hostname + ("" if port == 443 else f":{port}")
    said = Sentence("Give this link to {address} alone. It works once, until {until}:", address=made.person.email,
                    until=moment(made.expires_at))  # fmt: skip
    face.out.print(tell(said))
    face.out.print(f"https://{host}/invitation/{made.secret}/", soft_wrap=True)
