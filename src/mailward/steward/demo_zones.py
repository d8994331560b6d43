"""The world that a demo has no access to, from its own Knot: the parent ``localhost.``, reverse zones with the addresses'
PTR records, and a block list with the test points of RFC 5782 section 5. Everything is signed; the demo's resolver trusts
the keys in its anchors file."""

from ipaddress import ip_address

from mailward.daemons import unbound
from mailward.model.dns import Record
from mailward.model.dns_settings import DEMO_DNSBL
from mailward.model.settings import Settings
from mailward.publishing import wanted
from mailward.steward.host import Host
from mailward.store.models import Zone

PARENT = "localhost"
REVERSE_4 = "127.in-addr.arpa"
REVERSE_6 = ip_address("::1").reverse_pointer
LISTED = {
    4: (f"2.0.0.127.{DEMO_DNSBL}", "127.0.0.2"),
    6: (f"{'.'.join(reversed(ip_address('::ffff:7f00:2').exploded.replace(':', '')))}.{DEMO_DNSBL}", "127.0.0.2"),
}
"""The entries that every block list must have (RFC 5782 section 5), by which one sees that it works."""


def names(settings: Settings) -> tuple[str, ...]:
    """The demo's own zones, those above before those below."""
    found = [PARENT, DEMO_DNSBL]
    found += [REVERSE_4] if any(ip_address(one).version == 4 for one in settings.world_addresses) else []
    found += [REVERSE_6] if "::1" in settings.world_addresses else []
    return tuple(found)


def declare(settings: Settings) -> None:
    """The rows by which these zones are known."""
    for name in names(settings):
        Zone.objects.get_or_create(name=name, defaults={"home": "here"})


def records(zone: str, settings: Settings) -> tuple[Record, ...]:
    """What a zone of the demo's holds beside what every zone holds."""
    if zone == DEMO_DNSBL:
        found = [Record(name, "A", value, wanted.TTL) for name, value in LISTED.values()]
        return (*found, *(Record(one.name, "TXT", "a test point: RFC 5782 section 5", wanted.TTL) for one in found))
    if zone in (REVERSE_4, REVERSE_6):
        pointers = [wanted.reverse(address, settings.hostname) for address in settings.world_addresses]
        return wanted.within(pointers, zone)
    return ()


def trust(host: Host, anchors: dict[str, tuple[str, ...]]) -> None:
    """Let the demo's resolver trust these zones' keys (DS by zone). Only what differs is written, and read anew."""
    path = unbound.demo_anchors(host.layout)
    lines = [f"{zone}. IN DS {value}" for zone, values in sorted(anchors.items()) for value in values]
    content = "".join(f"{line}\n" for line in lines).encode()
    if host.files.exists(path) and host.files.read(path) == content:
        return
    host.files.write(path, content, mode=0o644)
    host.processes.run(unbound.control(host.layout, "reload"), timeout=20)
