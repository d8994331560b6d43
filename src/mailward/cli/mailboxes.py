"""Mailboxes and aliases."""

import sys

import click

from mailward.actions import mailboxes as actions
from mailward.cli.asked import carry_out
from mailward.cli.command import Body, command, group, option, yes
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.cli.show import show_table
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

mailbox = group("mailbox")
alias = group("alias")


def password_stdin(body: Body) -> Body:
    """A password never stands among the arguments, where every user of the machine could read it."""
    says = Sentence("Read the password from standard input; without it, one is made and shown once")
    return option("--password-stdin", is_flag=True, says=says)(body)


def read_password(face: Face, password_stdin: bool) -> str | None:
    """What is to be the password; None: one is to be made, which is shown once and never as JSON."""
    if not password_stdin:
        if face.json:
            raise BadInput(
                "password",
                Sentence("--json never prints a password, so the one made here would be lost"),
                Sentence("Give one on standard input with --password-stdin."),
            )
        return None
    if sys.stdin.isatty():
        return str(click.prompt(tell(Sentence("Password")), hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline(1025).rstrip("\r\n")


@command("add", Sentence("Add a mailbox"), under=mailbox, results=True)
@click.argument("address")
@option("--quota", "quota_mb", type=click.IntRange(min=0), default=0, metavar="MB", says=Sentence("Its size; 0: no limit"))
@password_stdin
def add(face: Face, address: str, quota_mb: int, password_stdin: bool) -> int:
    password = read_password(face, password_stdin)
    mailward = face.open()
    asked = actions.add_mailbox(mailward.office, face.actor, address, password, quota_mb * 1024 * 1024)
    return carry_out(face, mailward, asked)


@command("list", Sentence("Show the mailboxes"), under=mailbox, results=True)
@click.argument("domain", required=False)
def show(face: Face, domain: str | None) -> None:
    rows = actions.list_mailboxes(face.open().office, face.actor, domain).rows
    headings = (Sentence("address"), Sentence("quota"), Sentence("active"))
    lines = [(row.address, _size(row.quota_bytes), "✓" if row.active else "✗") for row in rows]
    face.answer(rows, lambda out: show_table(out, headings, lines, Sentence("There is no mailbox yet.")))


def _size(quota_bytes: int) -> str:
    return f"{quota_bytes // 1048576} MB" if quota_bytes else "–"


@command("password", Sentence("Change a mailbox's password"), under=mailbox, results=True)
@click.argument("address")
@password_stdin
def change_password(face: Face, address: str, password_stdin: bool) -> int:
    password = read_password(face, password_stdin)
    mailward = face.open()
    return carry_out(face, mailward, actions.change_password(mailward.office, face.actor, address, password))


@command("quota", Sentence("Change a mailbox's size"), under=mailbox, results=True)
@click.argument("address")
@click.argument("quota_mb", metavar="MB", type=click.IntRange(min=0))
def change_quota(face: Face, address: str, quota_mb: int) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.change_quota(mailward.office, face.actor, address, quota_mb * 1024 * 1024))


@command("disable", Sentence("Let nobody log in to a mailbox; it still gets its mail"), under=mailbox, results=True)
@click.argument("address")
def disable(face: Face, address: str) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.disable_mailbox(mailward.office, face.actor, address))


@command("enable", Sentence("Let a disabled mailbox's owner log in again"), under=mailbox, results=True)
@click.argument("address")
def enable(face: Face, address: str) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.enable_mailbox(mailward.office, face.actor, address))


@command("remove", Sentence("Remove a mailbox"), under=mailbox, results=True)
@click.argument("address")
@yes
def remove(face: Face, address: str, yes: bool) -> int:
    mailward = face.open()
    face.be_sure(Sentence("Remove {address}? Its mail stays on disk.", address=address), yes)
    return carry_out(face, mailward, actions.remove_mailbox(mailward.office, face.actor, address))


@command("add", Sentence("Forward mail for an address (for @DOMAIN: whatever no mailbox takes)"), under=alias, results=True)
@click.argument("address")
@click.argument("targets", nargs=-1, required=True)
def add_alias(face: Face, address: str, targets: tuple[str, ...]) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.add_alias(mailward.office, face.actor, address, targets))


@command("list", Sentence("Show the forwarding addresses"), under=alias, results=True)
@click.argument("domain", required=False)
def list_aliases(face: Face, domain: str | None) -> None:
    rows = actions.list_aliases(face.open().office, face.actor, domain).rows
    headings = (Sentence("address"), Sentence("goes to"))
    lines = [(row.address, ", ".join(row.targets)) for row in rows]
    face.answer(rows, lambda out: show_table(out, headings, lines, Sentence("There is no forwarding address yet.")))


@command("remove", Sentence("Stop forwarding an address"), under=alias, results=True)
@click.argument("address")
def remove_alias(face: Face, address: str) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.remove_alias(mailward.office, face.actor, address))
