"""Rows <-> values of DNS: what domains wish, where zones live, what was published last, and what DNS is expected to say."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from django.db import transaction

from mailward.audit.seen import Expected, Here
from mailward.model.dns import (
    DkimAlgorithm,
    DkimSelector,
    DkimState,
    DmarcPolicy,
    DnsWish,
    HomeKind,
    MtaStsMode,
    Record,
    TlsaHash,
    TlsaState,
)
from mailward.model.doors import Door
from mailward.model.settings import Settings
from mailward.publishing import wanted
from mailward.publishing.wanted import HostFacts
from mailward.store.models import DkimKey, Domain, DomainDns, PublishedRecord, ServerChoice, TlsaKey, Version, Zone

CA_ISSUERS: Mapping[str, tuple[str, ...]] = {
    "letsencrypt": ("letsencrypt.org",),
    "letsencrypt-staging": ("letsencrypt.org",),
}
"""The names by which CAs that can be named are let in (RFC 8659 section 4.2). Another CA's is not known here."""


@dataclass(frozen=True)
class Home:
    """Where a zone lives, as declared. The secret stays sealed. ``provider``: "rfc2136", "powerdns" or lexicon's word."""

    zone: str
    kind: HomeKind
    provider: str = ""
    options: tuple[tuple[str, str], ...] = ()
    sealed_secret: bytes = b""

    def __repr__(self) -> str:
        return f"Home({self.zone}, {self.kind}, {self.provider})"


@dataclass(frozen=True)
class Published:
    """One set as Mailward put it into DNS last."""

    name: str
    rdtype: str
    values: tuple[str, ...]
    seen_at: datetime | None = None


class Zones:
    """Every zone that is known, read once: those that were declared, and one for each other domain that is held."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._declared = {row.name: _home(row) for row in Zone.objects.all()}
        self._held = set(Domain.objects.values_list("name", flat=True))

    def of(self, name: str) -> Home:
        """The zone that a name's records go into: the nearest that is declared or held. A name of the server's that lies
        in none is somebody else's to publish, but in a demo."""
        labels = name.split(".")
        for at in range(len(labels)):
            zone = ".".join(labels[at:])
            if zone in self._declared:
                return self._declared[zone]
            if zone in self._held:
                return Home(zone, HomeKind.HERE)
        kind = HomeKind.HERE if self._settings.demo is not None else HomeKind.BY_HAND
        return Home(name.partition(".")[2] or name, kind)

    def home(self, zone: str) -> Home:
        """How this very zone is changed."""
        found = self.of(zone)
        return found if found.zone == zone else Home(zone, self.server.kind if zone == self.server.zone else HomeKind.HERE)

    @property
    def server(self) -> Home:
        """The zone of the server's own name."""
        return self.of(self._settings.hostname)

    def all(self) -> tuple[str, ...]:
        """The zones that hold something of ours, in their order."""
        return tuple(sorted({self.of(name).zone for name in self._held} | {self.server.zone, *self._declared}))

    def below(self, zone: str) -> tuple[str, ...]:
        """The zones that live here and for which this one is the nearest above: it must delegate to them."""
        return self._children.get(zone, ())

    def above(self, zone: str) -> str | None:
        """The nearest zone above that is known here."""
        labels = zone.split(".")
        parents = (".".join(labels[at:]) for at in range(1, len(labels)))
        return next((name for name in parents if name in self._known), None)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset((*self._declared, *self._held, self.server.zone))

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name in self.all():
            above = self.above(name)
            if above is not None and self.home(name).kind is HomeKind.HERE:
                found[above] = (*found.get(above, ()), name)
        return found

    def domains(self, zone: str) -> tuple[str, ...]:
        """The hosted domains whose records lie in the zone."""
        below = [name for name in self._held if wanted.lies_in(name, zone)]
        return tuple(sorted(name for name in below if self.of(name).zone == zone))


def wish(domain: str, zones: Zones) -> DnsWish:
    """What a domain declared, with the defaults of one that declared nothing."""
    return wishes([domain], zones)[domain]


def wishes(domains: Collection[str], zones: Zones) -> dict[str, DnsWish]:
    """The same for many, in a few questions to the store."""
    rows = {row.domain.name: row for row in DomainDns.objects.filter(domain__name__in=domains).select_related("domain")}
    own = set(
        Domain.objects.filter(name__in=domains).exclude(mail_lineage=None).values_list("name", flat=True)
    )  # fmt: skip
    keys: dict[str, list[DkimSelector]] = {}
    for key in DkimKey.objects.filter(domain__name__in=domains).exclude(state=DkimState.GONE).select_related("domain"):
        keys.setdefault(key.domain.name, []).append(selector(key))
    return {name: _wish(name, rows.get(name), keys.get(name, []), zones.of(name), name in own) for name in domains}


def _wish(domain: str, row: DomainDns | None, keys: Iterable[DkimSelector], home: Home, own: bool) -> DnsWish:
    row = row or DomainDns()
    return DnsWish(
        domain=domain,
        zone=home.zone,
        home=home.kind,
        spf_terms=tuple(row.spf_terms),
        dmarc=DmarcPolicy(row.dmarc),
        dmarc_testing=row.dmarc_testing,
        mta_sts=MtaStsMode(row.mta_sts),
        mta_sts_id=row.mta_sts_id,
        tls_rpt=row.tls_rpt,
        caa=tuple(row.caa),
        dkim=tuple(sorted(keys, key=lambda key: (key.made_at, key.selector))),
        own_certificate=own,
    )


def selector(row: DkimKey) -> DkimSelector:
    """The row as a value."""
    return DkimSelector(
        row.domain.name, row.selector, DkimAlgorithm(row.algorithm), DkimState(row.state), row.record, row.made_at,
        row.changed_at,
    )  # fmt: skip


def facts(settings: Settings) -> HostFacts:
    """What is true of the host, with the TLSA sets as they are meant."""
    rows = TlsaKey.objects.exclude(state=TlsaState.GONE).order_by("name", "made_at", "sha256")
    return HostFacts(settings, tuple(TlsaHash(row.name, row.sha256, TlsaState(row.state), row.changed_at) for row in rows))


def zone_records(zone: str, zones: Zones, host: HostFacts) -> tuple[Record, ...]:
    """Everything that one zone must hold for its domains and, if it lies there, for the server's own name."""
    found: list[Record] = []
    for one in wishes(zones.domains(zone), zones).values():
        found += wanted.records(one, host)
    if zones.server.zone == zone:
        found += wanted.server_records(host)
    return tuple(sorted(set(wanted.within(found, zone))))


def expected(settings: Settings, domains: Collection[str]) -> dict[str, Expected]:
    """What these domains ("server": the host itself) ought to look like, for the rules of the board."""
    zones, host, here = Zones(settings), facts(settings), here_of(settings)
    own = wanted.server_records(host)
    named = [name for name in domains if name != "server"]
    found = {name: Expected(one, wanted.records(one, host), here) for name, one in wishes(named, zones).items()}
    if "server" in domains:
        home = zones.server
        found["server"] = Expected(DnsWish(settings.hostname, home.zone, home.kind), own, here)
    return found


def here_of(settings: Settings) -> Here:
    """What is true of this host, with which DNS must agree."""
    return Here(
        hostname=settings.hostname,
        addresses=settings.world_addresses,
        smtp_port=settings.ports.get(Door.SMTP, 25),
        https_port=settings.ports.get(Door.HTTPS, 443),
        dnsbls=settings.dns.dnsbls,
        ca_issuers=tuple(dict.fromkeys(name for ca in settings.cas for name in CA_ISSUERS.get(ca.name, ()))),
        tlsa=served_keys(),
        tlsa_set=tuple(one.sha256 for one in facts(settings).tlsa),
    )


def served_keys() -> tuple[str, ...]:
    """SHA-256 (hex) of the public keys that port 25 serves under the server's own name: the server-wide certificate's."""
    choice = ServerChoice.objects.select_related("mail_lineage").first()
    lineage = choice.mail_lineage if choice else None
    version = Version.objects.filter(lineage=lineage, number=lineage.current or 0).first() if lineage else None
    if version is None:
        return ()
    chains = [bytes(chain) for chain in (version.chain_pem, version.companion_chain_pem) if chain]
    return tuple(spki_sha256(chain) for chain in chains)


def spki_sha256(chain_pem: bytes) -> str:
    """The hash that TLSA ``3 1 1`` holds of a chain's first certificate."""
    key = load_pem_x509_certificate(chain_pem).public_key()
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def published(zone: str) -> tuple[Published, ...]:
    """What Mailward put into a zone last."""
    rows = PublishedRecord.objects.filter(zone=zone).order_by("name", "rdtype")
    return tuple(Published(row.name, row.rdtype, tuple(row.values), row.seen_at) for row in rows)


def has_published(domain: str, records: Iterable[Record]) -> bool:
    """Whether each of these is among what was published last and was seen at all authoritative servers."""
    rows = {(row.name, row.rdtype): row for row in PublishedRecord.objects.filter(name__endswith=domain)}
    found = (rows.get((one.name, one.rdtype)) for one in records)
    return all(
        row is not None and row.seen_at is not None and one.value in row.values
        for row, one in zip(found, records, strict=True)
    )


def remember_all(zone: str, sets: Iterable[tuple[str, str, Collection[str], int]], now: datetime) -> None:
    """The same as ``remember`` for many sets (name, type, values, TTL), of which most are known already."""
    known = {(one.name, one.rdtype): sorted(one.values) for one in published(zone)}
    fresh = [one for one in sets if sorted(one[2]) != known.get((one[0], one[1]), [])]
    added = [one for one in fresh if (one[0], one[1]) not in known and one[2]]
    with transaction.atomic():
        PublishedRecord.objects.bulk_create(
            [
                PublishedRecord(zone=zone, name=name, rdtype=rdtype, values=sorted(held), ttl=ttl, published_at=now)
                for name, rdtype, held, ttl in added
            ],
            ignore_conflicts=True,
        )
        for name, rdtype, held, ttl in fresh:
            if (name, rdtype) in known:
                remember(zone, name, rdtype, held, ttl, now)


@transaction.atomic
def remember(zone: str, name: str, rdtype: str, values: Collection[str], ttl: int, now: datetime) -> None:
    """This set is Mailward's from now on; no values: it is nobody's any more. ``seen_at`` stays when nothing changed."""
    rows = PublishedRecord.objects.filter(zone=zone, name=name, rdtype=rdtype)
    if not values:
        rows.delete()
        return
    row = rows.first()
    if row is not None and sorted(row.values) == sorted(values):
        return
    PublishedRecord.objects.update_or_create(
        zone=zone, name=name, rdtype=rdtype,
        defaults={"values": sorted(values), "ttl": ttl, "published_at": now, "seen_at": None},
    )  # fmt: skip


def saw(zone: str, sets: Collection[tuple[str, str]], now: datetime) -> None:
    """All authoritative servers show these sets."""
    rows = PublishedRecord.objects.filter(zone=zone, seen_at=None)
    found = [row.pk for row in rows if (row.name, row.rdtype) in sets]
    if found:
        PublishedRecord.objects.filter(pk__in=found).update(seen_at=now)


def forget_zone(zone: str) -> None:
    """A zone that is held no more: what was published there is nobody's."""
    PublishedRecord.objects.filter(zone=zone).delete()


def _home(row: Zone) -> Home:
    options = tuple(sorted((str(key), str(value)) for key, value in row.options.items()))
    return Home(row.name, HomeKind(row.home), row.provider, options, bytes(row.sealed_secret))
