"""What a domain declares about its DNS: who else sends for it, what becomes of forged mail, reports, issuers, MTA-STS."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from mailward.actions import dns, permission
from mailward.actions.office import Asked, Office
from mailward.model.dns import DmarcPolicy, MtaStsMode
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.publishing.wanted import ends_spf
from mailward.standards.hostname import parse_domain
from mailward.standards.spf.evaluation import MOST_LOOKUPS
from mailward.standards.spf.record import ASKING, Directive, SpfError, parse
from mailward.store.models import Domain, DomainDns

MOST_TERMS, MOST_ISSUERS = 20, 10


@dataclass(frozen=True)
class DnsPolicyRow:
    """A domain's wishes. ``spf_terms``: what is needed beside the provider's template. ``caa``: issuers' names."""

    domain: str
    spf_terms: tuple[str, ...]
    dmarc: DmarcPolicy
    dmarc_testing: bool
    mta_sts: MtaStsMode
    tls_rpt: bool
    caa: tuple[str, ...]


@dataclass(frozen=True)
class DnsPolicyWish:
    """What is to be changed; None stays as it is."""

    spf_terms: Sequence[str] | None = None
    dmarc: DmarcPolicy | None = None
    dmarc_testing: bool | None = None
    mta_sts: MtaStsMode | None = None
    tls_rpt: bool | None = None
    caa: Sequence[str] | None = None


def show_dns_policy(office: Office, actor: Actor, name: str) -> DnsPolicyRow:
    domain = permission.domain_for(actor, Act.DNS_READ, name)
    row = DomainDns.objects.filter(domain=domain).first() or DomainDns()
    return DnsPolicyRow(
        domain.name, tuple(row.spf_terms), DmarcPolicy(row.dmarc), row.dmarc_testing, MtaStsMode(row.mta_sts), row.tls_rpt,
        tuple(row.caa),
    )  # fmt: skip


@transaction.atomic
def set_dns_policy(office: Office, actor: Actor, name: str, wish: DnsPolicyWish) -> Asked:
    """Declare it, and have it published."""
    domain = permission.domain_for(actor, Act.DNS_CHANGE, name)
    changes: dict[str, Any] = {}
    if wish.spf_terms is not None:
        changes["spf_terms"] = _terms(office, wish.spf_terms)
    if wish.dmarc is not None:
        changes["dmarc"] = DmarcPolicy(wish.dmarc).value
    if wish.mta_sts is not None:
        if wish.mta_sts is MtaStsMode.NONE:
            raise BadInput("mta_sts", Sentence("off is what ends it, by way of none"), code="bad-mode")
        changes["mta_sts"] = _mta_sts(domain, MtaStsMode(wish.mta_sts)).value
    if wish.dmarc_testing is not None:
        changes["dmarc_testing"] = wish.dmarc_testing
    if wish.tls_rpt is not None:
        changes["tls_rpt"] = wish.tls_rpt
    if wish.caa is not None:
        changes["caa"] = _issuers(wish.caa)
    if not changes:
        raise BadInput("domain", Sentence("nothing was named that should change"), code="nothing-named")
    keep(domain, **changes)
    return dns.ask_for_run(actor, office, domain, "dns.policy-changed", **changes)


def _mta_sts(domain: Domain, wish: MtaStsMode) -> MtaStsMode:
    """A policy that is served goes by way of none, its record and its address staying meanwhile (RFC 8461 section 8.3)."""
    is_served = DomainDns.objects.filter(domain=domain).exclude(mta_sts_id="").exists()
    return MtaStsMode.NONE if wish is MtaStsMode.OFF and is_served else wish


def keep(domain: Domain, **changes: Any) -> None:
    """Write the domain's wishes down; what isn't named stays."""
    row, _ = DomainDns.objects.get_or_create(domain=domain)
    for field, value in changes.items():
        setattr(row, field, value)
    row.save(update_fields=list(changes))


def _terms(office: Office, terms: Sequence[str]) -> list[str]:
    """Terms for the record. Whole networks of others, copied in place of include, are somebody's to keep up to date: nobody
    does, so flattening is refused by the limit on terms."""
    clean = list(dict.fromkeys(term.strip() for term in terms if term.strip()))
    if len(clean) > MOST_TERMS:
        said = Sentence("at most {most} terms can be added to SPF", most=MOST_TERMS)
        raise BadInput(
            "spf_terms", said, Sentence("Use include: for others' servers instead of their addresses."), code="spf"
        )
    for term in clean:
        if ends_spf(term) or not term.isascii() or "=" in term:
            raise BadInput("spf_terms", Sentence("{term} can't be added to SPF", term=term), code="spf")
    try:
        whole = parse(" ".join((*office.settings.spf_template.split(), *clean)))
    except SpfError as trouble:
        said = Sentence("{term} can't be added to SPF", term=trouble.term or trouble.reason)
        raise BadInput("spf_terms", said, code="spf") from None
    asks = sum(isinstance(term, Directive) and term.mechanism in ASKING for term in whole.terms)
    if asks > MOST_LOOKUPS:
        said = Sentence("the record would ask DNS {count} times; receivers allow {most}", count=asks, most=MOST_LOOKUPS)
        raise BadInput("spf_terms", said, Sentence("Leave out what no longer sends for the domain."), code="spf-lookups")
    return clean


def _issuers(names: Sequence[str]) -> list[str]:
    if len(names) > MOST_ISSUERS:
        raise BadInput("caa", Sentence("at most {most} issuers can be named", most=MOST_ISSUERS), code="too-many")
    return list(dict.fromkeys(parse_domain(name, "caa") for name in names))
