"""DNS of a domain ("server": of the host itself): what is to be published, where, and how far it is seen.

Letting a zone live at somebody's API is the provider's choice: the steward, who is root, speaks to the given address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from mailward.actions import permission
from mailward.actions.office import Asked, Office
from mailward.model.dns import HomeKind, Record
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act
from mailward.model.runs import RunKind, RunState
from mailward.model.sentence import Sentence
from mailward.publishing import wanted
from mailward.publishing.difference import Conflict
from mailward.standards import zone_text
from mailward.standards.hostname import parse_domain
from mailward.store import dns, records, values, zone_secret
from mailward.store.dns import Home, Zones
from mailward.store.models import Domain, Run, Zone

MOST_OPTIONS, LONGEST_OPTION = 20, 500


@dataclass(frozen=True)
class DnsRecordRow:
    """A record to publish. ``value`` as a zone file writes it; ``seen_at``: when all servers showed it (null: not yet)."""

    name: str
    rdtype: str
    value: str
    ttl: int
    seen_at: datetime | None


@dataclass(frozen=True)
class DnsConflictRow:
    """Somebody's records where Mailward's should be: ``mailward dns publish --overwrite`` replaces them."""

    name: str
    rdtype: str
    there: tuple[str, ...]
    wanted: tuple[str, ...]


@dataclass(frozen=True)
class DnsRow:
    """What a domain's DNS is to say, and how far it does. ``ds``: what the parent must say of a zone that lives here."""

    domain: str
    zone: str
    home: HomeKind
    provider: str
    records: tuple[DnsRecordRow, ...]
    zone_text: str
    ds: tuple[str, ...]
    conflicts: tuple[DnsConflictRow, ...]
    missing: tuple[str, ...]  # "192.0.2.53:53 a.test MX"
    state: RunState | None  # of the zone's last run


def show_dns(office: Office, actor: Actor, scope: str) -> DnsRow:
    """The records to publish, one by one and as a zone file, with what the last run met."""
    domain = permission.scope_for(actor, Act.DNS_READ, scope)
    zones, facts = Zones(office.settings), dns.facts(office.settings)
    if domain is None:
        home, found = zones.server, wanted.server_records(facts)
    else:
        home, found = zones.of(domain.name), wanted.records(dns.wish(domain.name, zones), facts)
    name = SERVER if domain is None else domain.name
    seen = {(one.name, one.rdtype): one for one in dns.published(home.zone)}
    last = Run.objects.filter(kind=RunKind.DNS, subject=home.zone).first()
    told = (last.answer if last is not None else None) or {}
    own = {one.name for one in found}
    conflicts = (values.thaw(Conflict, one) for one in told.get("conflicts", ()))
    missing = (f"{one['server']} {one['name']} {one['rdtype']}" for one in told.get("missing", ()) if one["name"] in own)
    return DnsRow(
        domain=name,
        zone=home.zone,
        home=home.kind,
        provider=home.provider,
        records=tuple(_record(one, seen.get((one.name, one.rdtype))) for one in found),
        zone_text="".join(f"{zone_text.line(one)}\n" for one in found),
        ds=tuple(told.get("ds", ())) if home.zone == name or domain is None else (),
        conflicts=tuple(DnsConflictRow(c.name, c.rdtype, c.there, c.wanted) for c in conflicts if c.name in own),
        missing=tuple(missing),
        state=RunState(last.state) if last is not None else None,
    )


@transaction.atomic
def publish_dns(office: Office, actor: Actor, scope: str, overwrite: Sequence[tuple[str, str]] = ()) -> Asked:
    """Publish now. ``overwrite``: sets (name, type) of others' that may be replaced; they were shown as conflicts."""
    domain = permission.scope_for(actor, Act.DNS_CHANGE, scope)
    named = [(name.lower().rstrip("."), rdtype.upper()) for name, rdtype in overwrite]
    within = office.settings.hostname if domain is None else domain.name
    for name, _ in named:
        if not wanted.lies_in(name, within) and not name.endswith(f".{within}"):
            said = Sentence("{name} doesn't lie in {domain}", name=name, domain=within)
            raise BadInput("overwrite", said, code="not-in-domain")
    return ask_for_run(actor, office, domain, "dns.publishing-asked", named)


@transaction.atomic
def set_dns_home(
    office: Office,
    actor: Actor,
    scope: str,
    home: HomeKind,
    *,
    zone: str | None = None,
    provider: str = "",
    options: dict[str, str] | None = None,
    secret: str | None = None,
) -> Asked:
    """Where the zone lives. ``zone`` None: one of the domain's own. ``secret``: kept sealed, and never shown."""
    domain = permission.scope_for(actor, Act.DNS_CHANGE, scope)
    name = office.settings.hostname if domain is None else domain.name
    above = parse_domain(zone, "zone") if zone else (Zones(office.settings).server.zone if domain is None else name)
    if not wanted.lies_in(name, above):
        raise BadInput("zone", Sentence("{name} doesn't lie in {domain}", name=name, domain=above), code="not-in-domain")
    if home is HomeKind.PROVIDER or above != name:
        permission.require(actor, Act.DNS_CHANGE, HOST)
    kept = _options(options or {})
    if home is HomeKind.PROVIDER and (not provider or not provider.isascii() or not provider.isalnum()):
        said = Sentence("it is not clear who the provider is")
        raise BadInput(
            "provider", said, Sentence("Known are rfc2136, powerdns, and what dns-lexicon knows."), code="unknown"
        )
    row, _ = Zone.objects.get_or_create(name=above)
    if row.sealed_secret and not secret and home is HomeKind.PROVIDER and (row.provider, row.options) != (provider, kept):
        said = Sentence("the secret that is kept was given for another place")
        raise BadInput("secret", said, Sentence("Give the secret for this one, too."), code="secret-of-another")
    row.home, row.changed_at = home.value, office.clock.now()
    row.provider, row.options = (provider, kept) if home is HomeKind.PROVIDER else ("", {})
    if home is not HomeKind.PROVIDER:
        row.sealed_secret = b""
    elif secret:
        row.sealed_secret = office.seal.seal(zone_secret.bound(above, provider, kept, secret))
    row.save()
    return ask_for_run(actor, office, domain, "dns.home-chosen", zone=above, home=home.value, provider=row.provider)


def ask_for_run(
    actor: Actor,
    office: Office,
    domain: Domain | None,
    what: str,
    overwrite: Sequence[tuple[str, str]] = (),
    *,
    into: Home | None = None,
    **detail: Any,
) -> Asked:
    """Write down ``what`` somebody did, and have the zone published (``into`` None: the domain's, or the server's). Call it
    inside the transaction of the change."""
    now, zones = office.clock.now(), Zones(office.settings)
    home: Home = into or (zones.server if domain is None else zones.of(domain.name))
    name, customer = (domain.name, domain.customer.name) if domain is not None else ("", "")
    shown = [" ".join(one) for one in overwrite]
    records.tell(actor, what, name or SERVER, now, domain=name, customer=customer, **detail, overwrite=shown)
    request = {"overwrite": [list(one) for one in overwrite]} if overwrite else {}
    return Asked(records.ask(RunKind.DNS, home.zone, request, actor, now, domain=name).pk)


def _record(one: Record, seen: dns.Published | None) -> DnsRecordRow:
    shown = seen.seen_at if seen is not None and zone_text.normal(one.rdtype, one.value) in seen.values else None
    return DnsRecordRow(one.name, one.rdtype, zone_text.presented(one.rdtype, one.value), one.ttl, shown)


def _options(given: dict[str, str]) -> dict[str, str]:
    fits = len(given) <= MOST_OPTIONS and all(
        key.isascii() and key.isidentifier() and value.isprintable() and len(value) <= LONGEST_OPTION
        for key, value in given.items()
    )
    if not fits:
        raise BadInput("options", Sentence("write each option as NAME=VALUE"), code="bad-option")
    return dict(given)
