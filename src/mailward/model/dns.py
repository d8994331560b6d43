"""DNS as Mailward knows it: records, where a zone lives, what a domain wishes to publish, and the keys behind it.

Names are A-labels in lower case without a trailing dot. Values are in presentation format (RFC 1035 section 5.1), except
TXT values of ``Record``, which are the plain text: whoever publishes them cuts and quotes (``standards/txt.py``).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailward.model.sentence import Sentence

SPF_TEMPLATE = "v=spf1 +a +mx include:_spf.{host} ~all"
"""What a domain's SPF is made from, unless mailward.toml says otherwise; ``{host}`` is the server's own name."""


@dataclass(frozen=True, order=True)
class Record:
    """One record to publish, or that was seen."""

    name: str
    rdtype: str  # "TXT", "MX", "TLSA", …
    value: str
    ttl: int = 3600


class HomeKind(StrEnum):
    """Where a zone lives: who can change it."""

    HERE = "here"  # this instance's own Knot
    PROVIDER = "provider"  # somebody's name servers, by their API or by dynamic updates
    BY_HAND = "by-hand"  # people publish what they are shown; Mailward watches


SPOKEN_HOMES = {
    HomeKind.HERE: Sentence("on this server"),
    HomeKind.PROVIDER: Sentence("at a provider with an API"),
    HomeKind.BY_HAND: Sentence("elsewhere, changed by hand"),
}


class DmarcPolicy(StrEnum):
    """RFC 9989: what receivers are asked to do with mail that isn't authenticated. In the order of strictness."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class MtaStsMode(StrEnum):
    """RFC 8461 section 5. OFF: nothing is published (``none`` is published for a while on the way out)."""

    OFF = "off"
    NONE = "none"
    TESTING = "testing"
    ENFORCE = "enforce"


class DkimAlgorithm(StrEnum):
    RSA2048 = "rsa2048"
    ED25519 = "ed25519"


class DkimState(StrEnum):
    """The life of a selector, in its order; see ``publishing/dkim_rotation.py``."""

    MADE = "made"  # a key; DNS doesn't show it everywhere yet
    PUBLISHED = "published"  # seen at all authoritative servers; not signing yet
    SIGNING = "signing"
    RETIRING = "retiring"  # signs no more; still published while mail it signed is under way
    GONE = "gone"  # taken out of DNS; the private key is destroyed


@dataclass(frozen=True)
class DkimSelector:
    """A domain's key as the store knows it. The private key stays sealed."""

    domain: str
    selector: str
    algorithm: DkimAlgorithm
    state: DkimState
    record: str  # the text of its TXT record
    made_at: datetime
    changed_at: datetime  # when it came into this state


class TlsaState(StrEnum):
    """The life of a hash in a TLSA set, in its order; see ``publishing/tlsa_rollover.py``."""

    NEXT = "next"  # its key is made; DNS doesn't show it everywhere yet
    VISIBLE = "visible"  # seen at all authoritative servers for longer than the TTL: its key may be deployed
    CURRENT = "current"  # its key is served
    RETIRING = "retiring"  # its key is served no more; caches may still ask for it
    GONE = "gone"


@dataclass(frozen=True)
class TlsaHash:
    """SHA-256 of a SubjectPublicKeyInfo (TLSA ``3 1 1``, RFC 7671 section 5.1) that belongs to a door's name."""

    name: str  # of the door: the MX host's name
    sha256: str  # hex
    state: TlsaState
    changed_at: datetime
    seen_at: datetime | None = None  # since when all authoritative servers show it
    with_first: bool = False  # published with the name's first set: no cache holds one without it


@dataclass(frozen=True)
class DnsWish:
    """What a domain declared about its DNS, complete: what ``publishing/wanted.py`` makes its records from."""

    domain: str
    zone: str  # the zone that the records go into: the domain itself, or one above it
    home: HomeKind
    spf_terms: tuple[str, ...] = ()  # what this domain needs beside the template: "include:_spf.example.com"
    dmarc: DmarcPolicy = DmarcPolicy.QUARANTINE
    dmarc_testing: bool = False  # t=y
    mta_sts: MtaStsMode = MtaStsMode.OFF
    mta_sts_id: str = ""
    tls_rpt: bool = True
    caa: tuple[str, ...] = ()  # issuers' domain names; empty: no CAA is published
    dkim: tuple[DkimSelector, ...] = ()
    own_certificate: bool = False  # mail.<domain> has one of its own: mail programs are sent there
