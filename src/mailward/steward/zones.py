"""The zones of hosted domains on this host's own DNS: a file once, then dynamic updates only."""

from mailward.daemons import knot
from mailward.daemons.zone import zone_file
from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence
from mailward.standards import client_srv
from mailward.steward.host import Host

PATIENCE = 10.0  # seconds for Knot to load a new member
TTL = 300


def publish(host: Host, domain: str) -> None:
    """Serve the domain's zone. One that is there already is left as it is: it may hold records of its owner's."""
    path = knot.zone_path(host.layout, domain)
    if not host.files.exists(path):
        text = zone_file(domain, host.settings.addresses, host.settings, mail_host=host.settings.hostname)
        host.files.write(path, text.encode(), mode=0o640, owner="knot", group="knot")
    if not _is_served(host, domain):
        member = knot.membership(domain)
        host.dns.add(member.zone, member.name, member.rdtype, member.value, member.ttl)
        _wait(host, domain)


def point_clients(host: Host, domain: str, mail_host: str) -> None:
    """Let the SRV records (RFC 6186) name this host for the domain's clients. Elsewhere-hosted domains are left alone."""
    if not _is_served(host, domain):
        return
    for record in client_srv.records(host.settings, domain, mail_host, f"autodiscover.{domain}"):
        host.dns.replace(domain, record.name, "SRV", [record.value], TTL)


def take_away(host: Host, domain: str) -> None:
    """Serve the zone no more."""
    if _is_served(host, domain):
        member = knot.membership(domain)
        host.dns.remove(member.zone, member.name, member.rdtype, member.value)
    host.files.remove(knot.zone_path(host.layout, domain))


def _is_served(host: Host, domain: str) -> bool:
    answer = host.processes.run(knot.knotc(host.layout, "zone-read", domain, "@", "SOA"), timeout=20)
    return answer.code == 0


def _wait(host: Host, domain: str) -> None:
    end = host.clock.monotonic() + PATIENCE
    while not _is_served(host, domain):
        if host.clock.monotonic() >= end:
            said = Sentence("Knot doesn't serve the zone of {domain}", domain=domain)
            raise NotPossible(said, Sentence("See: mailward logs knot"), code="zone-not-served")
        host.clock.sleep(0.05)
