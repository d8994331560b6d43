"""DNS of the domains: what it is to say, where it lives, what is declared about it, and publishing it."""

import sys

import click
from rich.console import Console

from mailward.actions import dns as actions
from mailward.actions import dns_cures, dns_policy
from mailward.actions.dns_policy import DnsPolicyRow, DnsPolicyWish
from mailward.cli.asked import carry_out
from mailward.cli.command import command, group, option
from mailward.cli.face import Face
from mailward.cli.language import printable, tell
from mailward.cli.show import show_table
from mailward.model.dns import SPOKEN_HOMES, DmarcPolicy, HomeKind, MtaStsMode
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

dns = group("dns")
HOMES = click.Choice([one.value for one in HomeKind])
MODES = click.Choice([one.value for one in MtaStsMode if one is not MtaStsMode.NONE])


@command("show", Sentence("Show the records to publish, and how far DNS says them"), under=dns, results=True)
@click.argument("domain")
@option("--zone-file", is_flag=True, says=Sentence("Only the records, as a zone file has them"))
def show(face: Face, domain: str, zone_file: bool) -> None:
    row = actions.show_dns(face.open().office, face.actor, domain)
    if zone_file and not face.json:
        click.echo(row.zone_text, nl=False)
        return
    face.answer(row, lambda out: _show(out, row))


def _show(out: Console, row: actions.DnsRow) -> None:
    out.print(tell(Sentence("Zone {zone}, {home}", zone=row.zone, home=SPOKEN_HOMES[row.home])))
    headings = (Sentence("name"), Sentence("type"), Sentence("value"), Sentence("seen everywhere"))
    lines = [(one.name, one.rdtype, one.value, "✓" if one.seen_at else "–") for one in row.records]
    show_table(out, headings, lines, Sentence("Nothing is to be published."))
    for ds in row.ds:
        out.print(tell(Sentence("The zone above must say: {record}", record=f"{row.zone}. IN DS {ds}")), soft_wrap=True)
    for conflict in row.conflicts:
        said = Sentence("{name} has {rdtype} records that Mailward didn't make", name=conflict.name, rdtype=conflict.rdtype)
        out.print(f"✗ {tell(said)}: {printable(', '.join(conflict.there))}", soft_wrap=True)
    for missing in row.missing:
        out.print(tell(Sentence("Not seen yet: {what}", what=missing)), soft_wrap=True)


@command("publish", Sentence("Publish what DNS must say, and wait until it says it"), under=dns, results=True)
@click.argument("domain")
@option(
    "--overwrite",
    multiple=True,
    metavar="NAME/TYPE",
    says=Sentence("Replace these records, though Mailward didn't make them (repeatable)"),
)
def publish(face: Face, domain: str, overwrite: tuple[str, ...]) -> int:
    mailward = face.open()
    named = [_set(one) for one in overwrite]
    return carry_out(face, mailward, actions.publish_dns(mailward.office, face.actor, domain, named))


@command("cure", Sentence("Publish the record that cures what the last check found"), under=dns, results=True)
@click.argument("domain")
@click.argument("mechanism")
@click.argument("subject", required=False, default="")
def cure(face: Face, domain: str, mechanism: str, subject: str) -> int:
    mailward = face.open()
    return carry_out(face, mailward, dns_cures.cure_dns(mailward.office, face.actor, domain, mechanism, subject))


@command("home", Sentence("Choose where a domain's zone lives and how it is changed"), under=dns, results=True)
@click.argument("domain")
@click.argument("home", type=HOMES)
@option("--zone", metavar="ZONE", says=Sentence("The zone, where it is one above the domain"))
@option("--provider", default="", metavar="NAME", says=Sentence("rfc2136, powerdns, or a provider of dns-lexicon"))
@option("--option", "options", multiple=True, metavar="NAME=VALUE", says=Sentence("url, server, key … (repeatable)"))
@option("--secret", is_flag=True, says=Sentence("Read the API's token or the key's secret from standard input"))
def home(
    face: Face, domain: str, home: str, zone: str | None, provider: str, options: tuple[str, ...], secret: bool
) -> int:
    mailward = face.open()
    told = dict(_pair(one) for one in options)
    given = sys.stdin.readline().strip() if secret else None
    asked = actions.set_dns_home(
        mailward.office, face.actor, domain, HomeKind(home), zone=zone, provider=provider, options=told, secret=given
    )
    return carry_out(face, mailward, asked)


@command("set", Sentence("Show or declare what a domain's DNS is to say of it"), under=dns, results=True)
@click.argument("domain")
@option("--spf", multiple=True, metavar="TERM", says=Sentence("What SPF needs beside the template (repeatable)"))
@option("--no-spf", is_flag=True, says=Sentence("Nothing is needed beside the template"))
@option("--dmarc", type=click.Choice([one.value for one in DmarcPolicy]), says=Sentence("What becomes of forged mail"))
@option("--dmarc-testing/--no-dmarc-testing", default=None, says=Sentence("Ask receivers to act one step milder (t=y)"))
@option("--mta-sts", type=MODES, says=Sentence("Whether senders must encrypt: by way of testing to enforce"))
@option("--tls-rpt/--no-tls-rpt", default=None, says=Sentence("Ask for reports about failed encryption"))
@option("--caa", multiple=True, metavar="NAME", says=Sentence("An authority that may issue, such as letsencrypt.org"))
@option("--no-caa", is_flag=True, says=Sentence("Publish no CAA record"))
def set_policy(
    face: Face, domain: str, spf: tuple[str, ...], no_spf: bool, dmarc: str | None, dmarc_testing: bool | None,
    mta_sts: str | None, tls_rpt: bool | None, caa: tuple[str, ...], no_caa: bool,
) -> int:  # fmt: skip
    mailward = face.open()
    wish = DnsPolicyWish(
        spf_terms=spf if spf or no_spf else None,
        dmarc=DmarcPolicy(dmarc) if dmarc else None,
        dmarc_testing=dmarc_testing,
        mta_sts=MtaStsMode(mta_sts) if mta_sts else None,
        tls_rpt=tls_rpt,
        caa=caa if caa or no_caa else None,
    )
    if wish != DnsPolicyWish():
        return carry_out(face, mailward, dns_policy.set_dns_policy(mailward.office, face.actor, domain, wish))
    row = dns_policy.show_dns_policy(mailward.office, face.actor, domain)
    face.answer(row, lambda out: _show_policy(out, row))
    return 0


def _show_policy(out: Console, row: DnsPolicyRow) -> None:
    lines = [
        ("SPF", " ".join(row.spf_terms) or "–"),
        ("DMARC", f"{row.dmarc.value}{' t=y' if row.dmarc_testing else ''}"),
        ("MTA-STS", row.mta_sts.value),
        ("TLS-RPT", "✓" if row.tls_rpt else "–"),
        ("CAA", " ".join(row.caa) or "–"),
    ]
    show_table(out, (Sentence("what"), Sentence("declared")), lines, Sentence("Nothing is declared."))


def _set(text: str) -> tuple[str, str]:
    name, slash, rdtype = text.rpartition("/")
    if not slash or not name or not rdtype:
        raise BadInput("overwrite", Sentence("write it as NAME/TYPE, for example a.test/MX"), code="bad-set")
    return name, rdtype


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise BadInput("options", Sentence("write each option as NAME=VALUE"), code="bad-option")
    return name, value
