"""The settings of an instance: ``mailward.toml`` as frozen values. The demo and production differ in this file alone."""

from dataclasses import dataclass, field
from enum import StrEnum

from mailward.model.dns_settings import DnsSettings
from mailward.model.doors import Door
from mailward.model.passwords import PasswordLevel

RESOLVER_ADDRESS = "127.0.53.53"  # loopback, and neither Knot's nor (127.0.0.53) systemd-resolved's
DNS_PORT = 53
EVERY_ADDRESS = frozenset(("0.0.0.0", "::"))  # noqa: S104 - compared with; a door on them leaves no address for others
OWN_TOP_LEVEL = "mailward"  # no such domain exists; the name server's catalog of zones lies in it, and no customer's may


KNOWN_CAS = {
    "letsencrypt": "https://acme-v02.api.letsencrypt.org/directory",
    "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
"""ACME CAs that can be named without their address."""


class KeyType(StrEnum):
    """Private keys that Mailward makes. ECDSA P-256 unless somebody asks for RSA; BOTH is one certificate of each kind."""

    P256 = "p256"
    RSA2048 = "rsa2048"
    RSA3072 = "rsa3072"
    BOTH = "both"  # P-256, and RSA 2048 for clients that know nothing else


class SecondFactor(StrEnum):
    """Who must prove with a second thing that it is them (a one-time code or a passkey) before they see the panel."""

    BY_ROLE = "by-role"  # model.rights.MUST_HAVE_SECOND_FACTOR
    OPTIONAL = "optional"  # nobody; whoever has set one up is asked for it
    EVERYBODY = "everybody"


class TlsProfile(StrEnum):
    """Mozilla's recommendations for servers (guidelines 5.7): what a door still speaks with clients.

    MODERN is TLS 1.3 alone. Port 25 stays INTERMEDIATE: other servers that know no better would send in clear text.
    """

    INTERMEDIATE = "intermediate"
    MODERN = "modern"


@dataclass(frozen=True)
class InternalPorts:
    """Loopback-only ports between the daemons (never reachable from outside)."""

    imap_proxied: int  # Dovecot behind nginx: PROXY protocol, cleartext inside
    pop3_proxied: int
    imap_local: int  # Roundcube -> Dovecot
    sieve_local: int
    smtp_local: int  # Roundcube -> Postfix
    knot_control: int = 0  # unused; Knot is controlled by its socket
    resolver: int = 0  # the validating resolver's; 53 is taken at an address of its own (Settings.resolver_address)


@dataclass(frozen=True)
class CaSettings:
    """One ACME CA. ``name`` is what people type; ``trust`` is a PEM file for its own HTTPS (None: the system's)."""

    name: str
    directory: str
    trust: str | None = None
    contact: str | None = None
    eab_kid: str | None = None
    eab_hmac_file: str | None = None  # a file, so that the key is never in mailward.toml
    profile: str | None = None


@dataclass(frozen=True)
class DemoSettings:
    """Present only in a demo: the CA and DNS that a stranger can't have, from Debian's packages."""

    pebble_port: int
    pebble_management_port: int
    certificate_seconds: int = 90 * 86400


@dataclass(frozen=True)
class Settings:
    """Everything ``mailward.toml`` says. Host names are A-labels without a trailing dot; ports are TCP ports."""

    hostname: str
    ports: dict[Door, int]  # every open door, and no other
    http_port: int
    dns_port: int
    internal: InternalPorts
    addresses: tuple[str, ...]  # what the doors listen on, IPv4 and IPv6
    cas: tuple[CaSettings, ...]  # the first is used first, the next ones when it fails
    contact: str | None = None
    outbound: bool = True  # False: mail for other hosts is refused (the demo never sends to the world)
    key_type: KeyType = KeyType.P256
    rsa: bool = False  # the doors look for an RSA companion beside every certificate (docs/decisions/two-keys.md)
    second_factor: SecondFactor = SecondFactor.BY_ROLE
    tls_profile: TlsProfile = TlsProfile.INTERMEDIATE
    trust: str = "system"  # what verify trusts: "system", or a PEM file
    nameservers: tuple[str, ...] = ()  # "address:port" that verify and client ask; empty: the instance's own resolver
    password_level: PasswordLevel = PasswordLevel.VERY_STRONG  # what people's and mailboxes' passwords must reach
    breached_passwords: str | None = None  # a file of Have I Been Pwned, "ordered by hash"
    store: str | None = None  # postgresql://…, without a password; None: SQLite in the instance
    demo: DemoSettings | None = None
    dns: DnsSettings = DnsSettings()  # noqa: RUF009 - frozen
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def is_modern(self) -> bool:
        """Whether doors for people speak TLS 1.3 alone."""
        return self.tls_profile is TlsProfile.MODERN

    @property
    def resolver_address(self) -> str:
        """Where the instance's own validating resolver listens. Only port 53 can be named in a resolv.conf."""
        return RESOLVER_ADDRESS if self.internal.resolver == DNS_PORT else "127.0.0.1"

    @property
    def own_resolver(self) -> str:
        """The same with its port, as ``nameservers`` are written."""
        return f"{self.resolver_address}:{self.internal.resolver}"

    @property
    def asked(self) -> tuple[str, ...]:
        """The name servers that the host itself asks."""
        return self.nameservers or (self.own_resolver,)

    @property
    def world_addresses(self) -> tuple[str, ...]:
        """What the world reaches the host by."""
        return self.dns.public_addresses or tuple(one for one in self.addresses if one not in EVERY_ADDRESS)

    @property
    def reports_address(self) -> str:
        """Where other servers send their reports."""
        return self.dns.reports or f"reports@{self.hostname}"

    @property
    def spf_template(self) -> str:
        """The provider's SPF record, with the server's name in it."""
        return self.dns.spf.format(host=self.hostname)

    def is_open(self, door: Door) -> bool:
        return door in self.ports
