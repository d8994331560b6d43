"""Of whom TLS is demanded: a domain's own mail, in and out (its DNS administrator's choice), and mail with other domains
(the provider's). What is demanded and can't be had makes mail wait, with the reason; it never goes in clear (the aim of RFC
8689).
"""

from dataclasses import dataclass

from django.db import transaction

from mailward.actions import permission
from mailward.actions.office import Asked, Office
from mailward.actions.paging import page
from mailward.actions.rows import Listed
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_domain
from mailward.store import records
from mailward.store.models import Domain, DomainDns, TlsDestination

LEVELS: dict[str, Sentence] = {
    "encrypt": Sentence("encrypted, whoever it is (DANE and MTA-STS count where they are published)"),
    "verify": Sentence("a certificate of a known authority for the mail server's name"),
    "secure": Sentence("a certificate of a known authority for the domain itself"),
    "dane-only": Sentence("a certificate that DNS vouches for (DANE)"),
}
"""What another domain's servers must prove, in Postfix' words."""


@dataclass(frozen=True)
class TlsDomainRow:
    """``tls_in``: mail for the domain is taken by TLS alone; ``tls_out``: mail from it leaves by TLS alone."""

    domain: str
    tls_in: bool
    tls_out: bool


@dataclass(frozen=True)
class TlsPartnerRow:
    """Another domain, to and from which mail goes by TLS alone. ``demands`` is one of LEVELS."""

    name: str
    demands: str


def show_tls(office: Office, actor: Actor, name: str) -> TlsDomainRow:
    return _row(permission.domain_for(actor, Act.DNS_READ, name))


@transaction.atomic
def set_tls(office: Office, actor: Actor, name: str, *, tls_in: bool | None = None, tls_out: bool | None = None) -> Asked:
    """What isn't named stays as it is."""
    domain = permission.domain_for(actor, Act.DNS_CHANGE, name)
    wishes, _ = DomainDns.objects.get_or_create(domain=domain)
    wishes.tls_in = wishes.tls_in if tls_in is None else tls_in
    wishes.tls_out = wishes.tls_out if tls_out is None else tls_out
    wishes.save(update_fields=["tls_in", "tls_out"])
    now = office.clock.now()
    detail = {"tls_in": wishes.tls_in, "tls_out": wishes.tls_out}
    records.tell(actor, "tls.changed", domain.name, now, domain=domain.name, customer=domain.customer.name, **detail)
    request = {"domains": [domain.name], "addresses": []}
    return Asked(records.ask(RunKind.DIRECTORY, domain.name, request, actor, now, domain=domain.name).pk)


def list_tls_partners(
    office: Office, actor: Actor, *, search: str = "", offset: int = 0, limit: int | None = None
) -> Listed[TlsPartnerRow]:
    """The other domains of whom TLS is demanded, sorted by name."""
    permission.require(actor, Act.DNS_READ, HOST)
    rows, total = page(TlsDestination.objects.filter(name__icontains=search).order_by("name"), offset, limit)
    return Listed(tuple(TlsPartnerRow(row.name, row.level) for row in rows), total)


@transaction.atomic
def demand_tls(office: Office, actor: Actor, name: str, level: str = "encrypt") -> Asked:
    """Mail to this domain, and from it, goes by TLS alone from now on."""
    permission.require(actor, Act.DNS_CHANGE, HOST)
    clean = parse_domain(name, "domain")
    if level not in LEVELS:
        said = Sentence("{level} is nothing that can be demanded", level=level)
        raise BadInput("level", said, Sentence("Choose one of: {names}.", names=", ".join(LEVELS)), code="bad-level")
    if Domain.objects.filter(name=clean).exists():
        said = Sentence("{domain} is held here: what it demands is its own choice", domain=clean)
        raise BadInput("domain", said, Sentence("Use: mailward tls domain {domain}", domain=clean), code="already-held")
    TlsDestination.objects.update_or_create(name=clean, defaults={"level": level})
    return _asked(office, actor, "tls.demanded", clean, level=level)


@transaction.atomic
def demand_no_tls(office: Office, actor: Actor, name: str) -> Asked:
    """Mail with this domain goes as it does with any other."""
    permission.require(actor, Act.DNS_CHANGE, HOST)
    clean = parse_domain(name, "domain")
    if not TlsDestination.objects.filter(name=clean).delete()[0]:
        said = Sentence("TLS is not demanded of {domain}", domain=clean)
        raise BadInput("domain", said, Sentence("See: mailward tls list"), code="unknown")
    return _asked(office, actor, "tls.demanded-no-more", clean)


def _row(domain: Domain) -> TlsDomainRow:
    wishes = DomainDns.objects.filter(domain=domain).first() or DomainDns()
    return TlsDomainRow(domain.name, wishes.tls_in, wishes.tls_out)


def _asked(office: Office, actor: Actor, what: str, name: str, **detail: str) -> Asked:
    now = office.clock.now()
    records.tell(actor, what, name, now, **detail)
    request = {"domains": [], "addresses": [], "destinations": [name]}
    return Asked(records.ask(RunKind.DIRECTORY, name, request, actor, now).pk)
