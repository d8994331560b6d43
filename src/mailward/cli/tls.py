"""TLS with other mail servers: of whom it is demanded."""

import click
from rich.console import Console

from mailward.actions import tls_policy as actions
from mailward.cli.app import FINE
from mailward.cli.asked import carry_out
from mailward.cli.command import command, group, option
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.cli.show import show_table
from mailward.model.sentence import Sentence

tls = group("tls")


@command("domain", Sentence("Show or choose whether a domain's mail goes by TLS alone"), under=tls, results=True)
@click.argument("name")
@option("--in/--no-in", "tls_in", default=None, says=Sentence("Take mail for it by TLS alone"))
@option("--out/--no-out", "tls_out", default=None, says=Sentence("Let mail from it leave by TLS alone; it waits otherwise"))
def domain(face: Face, name: str, tls_in: bool | None, tls_out: bool | None) -> int:
    mailward = face.open()
    if tls_in is not None or tls_out is not None:
        return carry_out(face, mailward, actions.set_tls(mailward.office, face.actor, name, tls_in=tls_in, tls_out=tls_out))
    row = actions.show_tls(mailward.office, face.actor, name)
    face.answer(row, lambda out: _show(out, row))
    return FINE


def _show(out: Console, row: actions.TlsDomainRow) -> None:
    taken = (
        Sentence("Mail for it is taken by TLS alone.") if row.tls_in else Sentence("Mail for it is also taken in clear.")
    )
    left = Sentence("Mail from it leaves by TLS alone.")
    if not row.tls_out:
        left = Sentence("Mail from it leaves by TLS where the other server offers it.")
    out.print(tell(taken))
    out.print(tell(left))


@command("list", Sentence("Show the other domains of whom TLS is demanded"), under=tls, results=True)
def show(face: Face) -> None:
    rows = actions.list_tls_partners(face.open().office, face.actor).rows
    headings = (Sentence("domain"), Sentence("demands"), Sentence("meaning"))
    lines = [(row.name, row.demands, tell(actions.LEVELS.get(row.demands, Sentence("–")))) for row in rows]
    face.answer(rows, lambda out: show_table(out, headings, lines, Sentence("TLS is demanded of no other domain.")))


@command("demand", Sentence("Let mail to and from another domain go by TLS alone"), under=tls, results=True)
@click.argument("name")
@option("--level", default="encrypt", metavar="LEVEL", says=Sentence("encrypt, verify, secure or dane-only"))
def demand(face: Face, name: str, level: str) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.demand_tls(mailward.office, face.actor, name, level))


@command("forget", Sentence("Demand TLS of another domain no more"), under=tls, results=True)
@click.argument("name")
def forget(face: Face, name: str) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.demand_no_tls(mailward.office, face.actor, name))
