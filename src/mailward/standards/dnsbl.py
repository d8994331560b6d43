"""Block lists in DNS (RFC 5782): what to ask a list, how it proves that it works, and what its answers mean. Pure.

An answer counts only when it can be one: codes lie in 127.0.0.0/8; anything else comes from a resolver that answers
everything, and some codes say that the list refused to answer (Spamhaus' 127.255.255.x, the 127.0.0.1 of others). Such an
answer is neither "listed" nor "not listed". Of a list that fails its own test points nothing is believed.
"""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

from mailward.model.outside import DnsAnswer
from mailward.model.sentence import NOTHING, Sentence

_CODES = ipaddress.IPv4Network("127.0.0.0/8")
_ERRORS = ipaddress.IPv4Network("127.255.255.0/24")
_LOOPBACK = ipaddress.IPv4Address("127.0.0.1")


class ListingState(StrEnum):
    """Whether a list has it."""

    LISTED = "listed"
    NOT_LISTED = "not_listed"
    UNKNOWN = "unknown"


class ListKind(StrEnum):
    """What a list is asked about; its test points differ (RFC 5782 section 5)."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    DOMAIN = "domain"


@dataclass(frozen=True)
class Listing:
    """What one answer means. ``codes``: the addresses the list answered with; ``reason``: why it is unknown."""

    state: ListingState
    codes: tuple[str, ...] = ()
    reason: Sentence = NOTHING


@dataclass(frozen=True)
class ProofPoints:
    """Names that prove that a list works: ``listed`` must be on it, ``not_listed`` must not."""

    listed: str
    not_listed: str


_POINTS = {
    ListKind.IPV4: ("127.0.0.2", "127.0.0.1"),
    ListKind.IPV6: ("::ffff:7f00:2", "::ffff:7f00:1"),
    ListKind.DOMAIN: ("test", "invalid"),
}

_REFUSALS = {
    "127.255.255.252": Sentence("the list says that its name is spelt wrong"),
    "127.255.255.254": Sentence("the list doesn't answer questions that come through a public resolver"),
    "127.255.255.255": Sentence("the list says that it is asked too often from here"),
}


def kind_of(address: str) -> ListKind:
    """Raises ValueError for what is no address."""
    return ListKind.IPV4 if ipaddress.ip_address(address).version == 4 else ListKind.IPV6


def address_name(address: str, zone: str) -> str:
    """What to ask about an address: its bytes (IPv4) or nibbles (IPv6) in reverse, before the list's zone (sections 2.1
    and 2.4). Raises ValueError.

    >>> address_name("192.0.2.99", "bl.example.com")
    '99.2.0.192.bl.example.com'
    """
    reverse = ipaddress.ip_address(address).reverse_pointer
    return f"{reverse.removesuffix('.in-addr.arpa').removesuffix('.ip6.arpa')}.{zone.strip('.').lower()}"


def domain_name(domain: str, zone: str) -> str:
    """What to ask about a domain (section 3)."""
    return f"{domain.strip('.').lower()}.{zone.strip('.').lower()}"


def points_of(zone: str, kind: ListKind) -> ProofPoints:
    """The names to ask of a list of this kind before it is believed."""
    name = domain_name if kind is ListKind.DOMAIN else address_name
    listed, not_listed = _POINTS[kind]
    return ProofPoints(name(listed, zone), name(not_listed, zone))


def meaning(answer: DnsAnswer) -> Listing:
    """What a list's answer to a question for A records means."""
    if answer.rcode not in ("NOERROR", "NXDOMAIN"):
        return _unknown(Sentence("no usable answer from the list ({rcode})", rcode=answer.rcode))
    if answer.rcode == "NXDOMAIN" or not answer.records:  # a name with other records than A is not on the list either
        return Listing(ListingState.NOT_LISTED)
    try:
        codes = [ipaddress.IPv4Address(record) for record in answer.records]
    except ValueError:
        return _unknown(_STRANGE, answer.records)
    if any(code not in _CODES for code in codes):
        return _unknown(_STRANGE, answer.records)
    refused = [code for code in codes if code in _ERRORS or code == _LOOPBACK]
    if refused:
        said = _REFUSALS.get(str(refused[0]), Sentence("the list refused to answer ({code})", code=refused[0]))
        return _unknown(said, answer.records)
    return Listing(ListingState.LISTED, answer.records)


_STRANGE = Sentence("the answer is none that a block list gives; the resolver seems to answer for names that don't exist")


def believed(answer: DnsAnswer, listed: DnsAnswer, not_listed: DnsAnswer) -> Listing:
    """What an answer means, in the light of the list's own test points (their answers)."""
    trouble = trouble_of(listed, not_listed)
    return meaning(answer) if trouble is None else _unknown(trouble, answer.records)


def trouble_of(listed: DnsAnswer, not_listed: DnsAnswer) -> Sentence | None:
    """Why a list can't be believed, by its answers to its test points (section 5); None when it works."""
    must, must_not = meaning(listed), meaning(not_listed)
    if must.state is ListingState.UNKNOWN:
        return must.reason
    if must_not.state is ListingState.UNKNOWN:
        return must_not.reason
    if must.state is ListingState.NOT_LISTED:
        return Sentence("the list doesn't know its own test entry: it is closed, or not reached from here")
    if not_listed.records:
        return Sentence("the list says yes to everything: it is closed, or out of order")
    return None


def _unknown(reason: Sentence, codes: tuple[str, ...] = ()) -> Listing:
    return Listing(ListingState.UNKNOWN, codes[:20], reason)
