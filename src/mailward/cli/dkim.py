"""The keys that mail is signed with."""

import click
from rich.console import Console

from mailward.actions import dkim as actions
from mailward.cli.asked import carry_out
from mailward.cli.command import command, group
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.cli.show import show_table
from mailward.model.sentence import Sentence

dkim = group("dkim")


@command("show", Sentence("Show a domain's keys, what they do, and their records"), under=dkim, results=True)
@click.argument("domain")
def show(face: Face, domain: str) -> None:
    rows = actions.show_keys(face.open().office, face.actor, domain)

    def shown(out: Console) -> None:
        headings = (Sentence("selector"), Sentence("kind"), Sentence("what it does"), Sentence("since"))
        lines = [(row.selector, row.algorithm.value, tell(row.says), f"{row.changed_at:%Y-%m-%d %H:%M}") for row in rows]
        show_table(out, headings, lines, Sentence("There are no keys yet: the steward makes them within a minute."))
        for row in rows:
            out.print(f'\n{row.name}. TXT\n  "{row.record}"', soft_wrap=True)

    face.answer(rows, shown)


@command("rotate", Sentence("Make new keys now; they take over when DNS shows them everywhere"), under=dkim, results=True)
@click.argument("domain")
def rotate(face: Face, domain: str) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.rotate_keys(mailward.office, face.actor, domain))
