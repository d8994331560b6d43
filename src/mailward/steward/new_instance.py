"""The settings of a new instance: the demo that anybody can try, or production. Pure."""

from mailward.model.dns_settings import DEMO_DNSBL, DnsSettings
from mailward.model.doors import Door
from mailward.model.settings import DNS_PORT, EVERY_ADDRESS, CaSettings, DemoSettings, InternalPorts, SecondFactor, Settings

DEMO_HOSTNAME = "mx.mailward.localhost"
DEMO_BASE_PORT = 2000
DEMO_ROOTS = "tls/demo-roots.pem"
# Passwords pass through these ports on loopback. Below 1024 only root can listen, so that no other user of the host can
# take one while its daemon is away. IANA gives 841 to 846 to nobody.
PRIVILEGED_INTERNAL = 840


def demo(base_port: int = DEMO_BASE_PORT, *, ipv6: bool) -> Settings:
    """High ports on loopback, names under .localhost (RFC 6761), Pebble as CA, Knot as DNS, no mail to the world."""
    pebble = base_port + 400
    return Settings(
        hostname=DEMO_HOSTNAME,
        ports={door: base_port + door.kind.demo_offset for door in Door if door.kind.always_open},
        http_port=base_port + 6080,
        dns_port=base_port + 53,
        internal=_internal(base_port + 800),
        addresses=("127.0.0.1", "::1") if ipv6 else ("127.0.0.1",),
        cas=(CaSettings("pebble", f"https://localhost:{pebble}/dir", trust="secrets/pebble-certificate.pem"),),
        outbound=False,
        second_factor=SecondFactor.OPTIONAL,  # a stranger gets in with one password
        trust=DEMO_ROOTS,
        demo=DemoSettings(pebble_port=pebble, pebble_management_port=pebble + 1),
        dns=DnsSettings(dnsbls=(DEMO_DNSBL,)),
    )


def production(
    hostname: str,
    addresses: tuple[str, ...],
    ca: CaSettings,
    contact: str | None,
    base_port: int | None = None,
    trust: str | None = None,
) -> Settings:
    """The standard ports (or, with ``base_port``, high ones) on the host's addresses, and a real CA.

    ``trust`` is a PEM file of roots beside which nothing is trusted; None: the system's.
    """
    ports = {
        door: base_port + door.kind.demo_offset if base_port is not None else door.kind.standard_port
        for door in Door
        if door.kind.always_open
    }
    return Settings(
        hostname=hostname,
        ports=ports,
        http_port=80 if base_port is None else base_port + 6080,
        dns_port=53 if base_port is None else base_port + 53,
        internal=_internal(
            PRIVILEGED_INTERNAL if base_port is None else base_port + 800,
            standard=base_port is None and not EVERY_ADDRESS.intersection(addresses),
        ),
        addresses=addresses,
        cas=(ca,),
        contact=contact,
        trust=trust or "system",
    )


def _internal(first: int, *, standard: bool = False) -> InternalPorts:
    return InternalPorts(
        imap_proxied=first + 1,
        pop3_proxied=first + 2,
        imap_local=first + 3,
        sieve_local=first + 4,
        smtp_local=first + 5,
        resolver=DNS_PORT if standard else first + 6,
    )
