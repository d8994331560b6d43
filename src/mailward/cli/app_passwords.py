"""App passwords: one for each program, shown once."""

import click

from mailward.actions import app_passwords as actions
from mailward.cli.asked import carry_out
from mailward.cli.command import command, group, option
from mailward.cli.face import Face
from mailward.cli.show import show_table
from mailward.model.sentence import Sentence

app_password = group("app-password")


@command("create", Sentence("Make a password for one program, and show it once"), under=app_password)
@click.argument("address")
@click.argument("label")
@option(
    "--protocol",
    "protocols",
    type=click.Choice(actions.PROTOCOLS),
    multiple=True,
    says=Sentence("What it opens (may be given several times); without it: all of them"),
)
def create(face: Face, address: str, label: str, protocols: tuple[str, ...]) -> int:
    mailward = face.open()
    wanted = protocols or actions.PROTOCOLS
    return carry_out(face, mailward, actions.create_app_password(mailward.office, face.actor, address, label, wanted))


@command("list", Sentence("Show a mailbox's app passwords, and when each was last used"), under=app_password, results=True)
@click.argument("address")
def show(face: Face, address: str) -> None:
    rows = actions.list_app_passwords(face.open().office, face.actor, address)
    headings = (
        Sentence("begins with"),
        Sentence("for"),
        Sentence("opens"),
        Sentence("made"),
        Sentence("last used"),
        Sentence("from"),
    )
    lines = [
        (
            row.selector,
            row.label,
            ", ".join(row.protocols),
            f"{row.created_at:%Y-%m-%d}",
            f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "–",
            row.last_used_from or "–",
        )
        for row in rows
    ]
    face.answer(rows, lambda out: show_table(out, headings, lines, Sentence("There is no app password yet.")))


@command("revoke", Sentence("End an app password, named by its first eight characters"), under=app_password, results=True)
@click.argument("address")
@click.argument("selector", metavar="BEGINNING")
def revoke(face: Face, address: str, selector: str) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.revoke_app_password(mailward.office, face.actor, address, selector))
