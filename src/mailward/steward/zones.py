"""The zones that live on this host's own Knot: a file once, then dynamic updates only; what each must hold, delegations and
DS records of the zones below it among it (RFC 7344: the parent here follows the CDS that Knot publishes)."""

from collections.abc import Iterable

from mailward.daemons import knot
from mailward.daemons.zone import TTL, zone_file
from mailward.model.dns import HomeKind, Record
from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence
from mailward.publishing import wanted
from mailward.steward import demo_zones
from mailward.steward.host import Host
from mailward.store import dns
from mailward.store.dns import Zones

PATIENCE = 10.0  # seconds for Knot to load a new member


def publish(host: Host, domain: str) -> None:
    """Serve the domain's zone, where it lives here. One that is there already is left as it is: runs change it."""
    zones = Zones(host.settings)
    home = zones.of(domain)
    if home.kind is HomeKind.HERE and home.zone == domain:
        serve(host, [domain], zones)


def serve(host: Host, names: Iterable[str], zones: Zones) -> None:
    """Serve these zones. Knot is told of all before the first is waited for."""
    new = [zone for zone in names if not _is_served(host, zone)]
    for zone in new:
        path = knot.zone_path(host.layout, zone)
        if not host.files.exists(path):
            text = zone_file(zone, whole(host, zone, zones), servers(host))
            host.files.write(path, text.encode(), mode=0o640, owner="knot", group="knot")
        member = knot.membership(zone)
        host.dns.add(member.zone, member.name, member.rdtype, member.value, member.ttl)
    for zone in new:
        _wait(host, zone)


def whole(host: Host, zone: str, zones: Zones) -> tuple[Record, ...]:
    """Everything that the zone must hold; for one that lives here its name servers and the zones below it, too."""
    facts = dns.facts(host.settings)
    found = set(dns.zone_records(zone, zones, facts))
    if zones.home(zone).kind is HomeKind.HERE:
        found |= {Record(zone, "NS", f"{name}.", TTL) for name in servers(host)}
        for child in zones.below(zone):
            found |= set(_delegation(host, child))
        if host.settings.demo is not None:
            found |= set(demo_zones.records(zone, host.settings))
    return tuple(sorted(wanted.checked(wanted.within(found, zone))))


def servers(host: Host) -> tuple[str, ...]:
    """The names of the name servers of every zone here, the primary first."""
    return (host.settings.hostname, *(one.name for one in host.settings.dns.secondaries))


def ds(host: Host, zone: str) -> tuple[str, ...]:
    """What the parent must say of a signed zone that lives here: what Knot publishes as CDS (RFC 7344 section 3.1)."""
    found = [record for one in host.own_dns() for record in one.query(zone, "CDS").records]
    return tuple(sorted({" ".join(record.split()) for record in found if not record.startswith("0 0 0")}))


def point_clients(host: Host, domain: str, mail_host: str) -> None:
    """Let the SRV records (RFC 6186) name this host for the domain's clients. Elsewhere-hosted domains are left alone."""
    zones = Zones(host.settings)
    zone = zones.of(domain)
    if zone.kind is not HomeKind.HERE or not _is_served(host, zone.zone):
        return
    for record in wanted.client_records(host.settings, domain, mail_host):
        host.dns.replace(zone.zone, record.name, record.rdtype, [record.value], record.ttl)


def take_away(host: Host, domain: str) -> None:
    """Serve the zone no more."""
    if _is_served(host, domain):
        member = knot.membership(domain)
        host.dns.remove(member.zone, member.name, member.rdtype, member.value)
    host.files.remove(knot.zone_path(host.layout, domain))
    if Zones(host.settings).home(domain).kind is HomeKind.HERE:  # elsewhere a run takes out what is Mailward's
        dns.forget_zone(domain)


def _delegation(host: Host, child: str) -> list[Record]:
    found = [Record(child, "NS", f"{name}.", TTL) for name in servers(host)]
    found += [Record(child, "DS", one, TTL) for one in ds(host, child)]
    if wanted.lies_in(host.settings.hostname, child):  # glue: the server's name lies in what it serves
        facts = dns.facts(host.settings)
        found += [one for one in wanted.server_records(facts) if one.name == facts.hostname and one.rdtype in ("A", "AAAA")]
    return found


def _is_served(host: Host, domain: str) -> bool:
    answer = host.processes.run(knot.knotc(host.layout, "zone-read", domain, "@", "SOA"), timeout=20)
    return answer.code == 0


def _wait(host: Host, domain: str) -> None:
    end = host.clock.monotonic() + PATIENCE
    while not _is_served(host, domain):
        if host.clock.monotonic() >= end:
            said = Sentence("Knot doesn't serve the zone of {domain}", domain=domain)
            raise NotPossible(said, Sentence("See: mailward logs knot"), code="zone-not-served")
        host.clock.sleep(0.02)
