"""Which real place a zone's declared home is: our own Knot, another primary, PowerDNS, or what dns-lexicon knows."""

from collections.abc import Sequence

from mailward.daemons.secrets import TSIG_NAME, steward_tsig
from mailward.host.dns_update import Rfc2136
from mailward.host.resolver import DnsResolver
from mailward.host.zone_lexicon import LexiconHome
from mailward.host.zone_powerdns import PowerDnsHome
from mailward.host.zone_rfc2136 import Rfc2136Home
from mailward.model.dns import HomeKind
from mailward.model.errors import NotPossible
from mailward.model.layout import Layout
from mailward.model.outside import Resolver
from mailward.model.sentence import Sentence
from mailward.model.settings import Settings
from mailward.model.zones import ZoneHome
from mailward.store.dns import Home

OF_FILES = frozenset({"localzone"})
"""What lexicon knows that is no provider: it writes files, whose names would be the store's to say, and we are root."""


def place(home: Home, secret: bytes, settings: Settings, layout: Layout) -> ZoneHome:
    """Where this zone is changed. Raises NotPossible for one that people change by hand."""
    if home.kind is HomeKind.HERE:
        server = f"127.0.0.1:{settings.dns_port}"
        return Rfc2136Home(server, Rfc2136(server, TSIG_NAME, steward_tsig(layout)))
    options = dict(home.options)
    if home.kind is HomeKind.PROVIDER and home.provider == "rfc2136":
        server = options.get("server", "")
        algorithm = options.get("algorithm", "hmac-sha256")
        return Rfc2136Home(server, Rfc2136(server, options.get("key", ""), secret, algorithm=algorithm))
    if home.kind is HomeKind.PROVIDER and home.provider == "powerdns":
        return PowerDnsHome(options.get("url", ""), secret.decode())
    if home.kind is HomeKind.PROVIDER and home.provider.isalnum() and home.provider.lower() not in OF_FILES:
        if any(value.startswith(("/", "~", "file:")) for value in options.values()):
            said = Sentence("An option of the zone {zone} names a file of this host, and it is not opened", zone=home.zone)
            raise NotPossible(said, code="no-home")
        name = options.pop("secret", "auth_token")  # lexicon's word for the secret, which differs from place to place
        return LexiconHome(home.provider, {**options, name: secret.decode()})
    raise NotPossible(Sentence("The zone {zone} is changed by hand", zone=home.zone), code="no-home")


def own(settings: Settings) -> Sequence[Resolver]:
    """This instance's Knot."""
    return [DnsResolver((f"127.0.0.1:{settings.dns_port}",), timeout=2.0)]


def secondaries(settings: Settings) -> Sequence[Resolver]:
    """Each of those that copy our zones."""
    return [DnsResolver((one.address,), timeout=3.0) for one in settings.dns.secondaries]
