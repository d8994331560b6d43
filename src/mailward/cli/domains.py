"""Customers and their domains."""

import click
from rich.console import Console

from mailward.actions import control
from mailward.actions import domains as actions
from mailward.cli.app import FINE, NOT_WELL
from mailward.cli.asked import carry_out
from mailward.cli.command import command, group, option, yes
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.cli.show import show_table
from mailward.model.names import Control
from mailward.model.sentence import Sentence

domain = group("domain")
customer = group("customer")


@command("add", Sentence("Take mail for a domain"), under=domain, results=True)
@click.argument("name")
@option("--customer", "owner", metavar="NAME", says=Sentence("Who owns it; the provider when not given"))
@option(
    "--confirmed",
    is_flag=True,
    says=Sentence("Though it lies under or above another's, or can be taken for something else"),
)
def add(face: Face, name: str, owner: str | None, confirmed: bool) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.add_domain(mailward.office, face.actor, name, owner, confirmed=confirmed))


@command(
    "prove",
    Sentence("Show the record that proves control of a customer's domain, and look for it"),
    under=domain,
    results=True,
)
@click.argument("name")
@option("--vouch", is_flag=True, says=Sentence("Take it as proven, by your word"))
def prove(face: Face, name: str, vouch: bool) -> int:
    mailward = face.open()
    if vouch:
        return carry_out(face, mailward, control.vouch(mailward.office, face.actor, name))
    shown = control.show_control(mailward.office, face.actor, name)
    if not shown.is_proven:
        mailward.carry_out(control.request_control(mailward.office, face.actor, name).run_id, face.progress())
        shown = control.show_control(mailward.office, face.actor, name)
    face.answer(shown, lambda out: _show_control(out, shown))
    return FINE if shown.is_proven else NOT_WELL


def _show_control(out: Console, shown: Control) -> None:
    if shown.is_proven:
        out.print(tell(Sentence("Control of {domain} is shown.", domain=shown.domain)))
        return
    out.print(tell(shown.what))
    out.print(tell(Sentence("Publish this record at all name servers of the domain:")))
    out.print(f'{shown.record_name}. 3600 IN TXT "{shown.record_value}"', soft_wrap=True)
    out.print(tell(Sentence("Or delegate the domain to {server}.", server=shown.name_server)))


@command("list", Sentence("Show the domains and the certificates chosen for them"), under=domain, results=True)
@option("--customer", "owner", metavar="NAME", says=Sentence("Only this customer's"))
def show(face: Face, owner: str | None) -> None:
    rows = actions.list_domains(face.open().office, face.actor, owner).rows
    headings = (Sentence("domain"), Sentence("customer"), Sentence("webmail"), Sentence("mail"), Sentence("mailboxes"))
    lines = [(row.name, row.customer, row.webmail or "–", row.mail or "–", str(row.mailboxes)) for row in rows]
    face.answer(rows, lambda out: show_table(out, headings, lines, Sentence("There is no domain yet.")))


@command("remove", Sentence("Take no more mail for a domain, and remove its mailboxes"), under=domain, results=True)
@click.argument("name")
@yes
def remove(face: Face, name: str, yes: bool) -> int:
    mailward = face.open()
    face.be_sure(Sentence("Remove {domain} and its mailboxes? What they hold stays on disk.", domain=name), yes)
    return carry_out(face, mailward, actions.remove_domain(mailward.office, face.actor, name))


@command("add", Sentence("Add a customer"), under=customer, results=True)
@click.argument("name")
def add_customer(face: Face, name: str) -> None:
    row = actions.add_customer(face.open().office, face.actor, name)
    face.answer(row, lambda out: out.print(row.name))


@command("list", Sentence("Show the customers"), under=customer, results=True)
def list_customers(face: Face) -> None:
    rows = actions.list_customers(face.open().office, face.actor).rows
    headings = (Sentence("customer"), Sentence("domains"))
    lines = [(row.name, str(row.domains)) for row in rows]
    face.answer(rows, lambda out: show_table(out, headings, lines, Sentence("There is no customer yet.")))
