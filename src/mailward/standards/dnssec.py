"""DNSSEC explained: from a trust anchor down to a zone, each link looked at, and where it broke (RFC 4033 to 4035, 6840).

``explain`` asks a Resolver for DS, DNSKEY and SOA with their signatures (``DnsAnswer.signatures``: a resolver that was told
not to check, so that a broken chain can be seen), and has dnspython do the cryptography. It is for telling people: whether
an answer may be relied on is the validating resolver's word. That a zone is *not* signed isn't proven: no NSEC is read.
Bounded: at most ``MOST_ZONES`` zones, ``MOST_KEYS`` keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS

from mailward.model.errors import BadInput
from mailward.model.outside import DnsAnswer, Resolver
from mailward.model.sentence import Sentence

ROOT_ANCHORS = {
    "": (
        "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
        "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
    )
}
"""IANA's (https://data.iana.org/root-anchors/root-anchors.xml), by zone; "" is the root."""

MOST_ZONES = 12
MOST_ANCHORS = 1000
MOST_KEYS = 20
MOST_LABELS = 40
LONGEST_RECORD = 8_000
DIGESTS = {1: "SHA1", 2: "SHA256", 4: "SHA384"}
_PATIENCE = 3600  # TTL of the sets that are put together here; it is signed, and dnspython takes the signature's


class Security(StrEnum):
    """RFC 4033 section 5."""

    SECURE = "secure"
    INSECURE = "insecure"  # a zone on the way down has no DS at its parent: it isn't signed, or nobody can see that it is
    BOGUS = "bogus"  # something is signed, and the signature or the key doesn't fit: validating resolvers give no answer
    UNKNOWN = "unknown"  # DNS gave no answer


@dataclass(frozen=True)
class Link:
    """One zone of the chain, and what was found there."""

    zone: str  # "" is the root
    security: Security
    said: Sentence
    answers: tuple[DnsAnswer, ...] = ()


@dataclass(frozen=True)
class Chain:
    """The chain down to ``zone``. The last link is the zone's own, or the one where it broke."""

    zone: str
    links: tuple[Link, ...]

    @property
    def security(self) -> Security:
        return self.links[-1].security

    @property
    def broke_at(self) -> str | None:
        """The zone where it stops to be secure; None: it is secure to the end."""
        return None if self.security is Security.SECURE else self.links[-1].zone

    @property
    def answers(self) -> tuple[DnsAnswer, ...]:
        return tuple(answer for link in self.links for answer in link.answers)


def explain(zone: str, resolver: Resolver, now: datetime, anchors: Mapping[str, Sequence[str]] = ROOT_ANCHORS) -> Chain:
    """The chain from the nearest trust anchor down to ``zone``, link by link. It never raises for what DNS says."""
    zone = zone.rstrip(".").lower()
    labels = zone.split(".") if zone else []
    if not _is_name(zone):
        return Chain(
            zone[:255], (Link(zone[:255], Security.UNKNOWN, Sentence("{zone} is no name", zone=ascii(zone[:255]))),)
        )
    above = [".".join(labels[at:]) for at in range(len(labels) + 1)][: MOST_LABELS + 1]
    start = next((name for name in above if name in anchors), None)
    if start is None or len(labels) > MOST_LABELS:
        return Chain(zone, (Link(zone, Security.UNKNOWN, Sentence("there is no trust anchor above {zone}", zone=zone)),))
    names = list(reversed(above[: above.index(start) + 1]))  # from the anchor down, the zone last
    walk = _Walk(resolver, now)
    links = [walk.apex(start, tuple(anchors[start]), is_target=start == zone)]
    for name in names[1:]:
        if links[-1].security is not Security.SECURE or len(links) >= MOST_ZONES:
            break
        links += walk.child(links[-1].zone, name, is_target=name == zone)
    return Chain(zone, tuple(links))


@dataclass
class _Walk:
    """The way down. ``keys``: those of the zone above, once they are trusted."""

    resolver: Resolver
    now: datetime
    keys: dns.rrset.RRset | None = None

    def apex(self, zone: str, trusted: tuple[str, ...], *, is_target: bool, seen: tuple[DnsAnswer, ...] = ()) -> Link:
        """The zone's own keys, held against the DS records (or the anchor) that vouch for them."""
        answer = self.resolver.query(zone or ".", "DNSKEY")
        answers = (*seen, answer)
        if _silent(answer):
            return Link(zone, Security.UNKNOWN, _no_answer(answer), answers)
        if not answer.records:
            said = Sentence("the zone above vouches for keys of {zone}, and it has none", zone=_shown(zone))
            return Link(zone, Security.BOGUS, said, answers)
        keys = _rrset(zone, "DNSKEY", answer.records[:MOST_KEYS])
        entry = _vouched_for(zone, keys, trusted)
        if entry is None:
            said = Sentence("none of the keys of {zone} is one that the zone above vouches for (DS)", zone=_shown(zone))
            return Link(zone, Security.BOGUS, said, answers)
        trouble = self._trouble(zone, keys, answer, entry)
        if trouble is not None:
            return Link(zone, Security.BOGUS, trouble, answers)
        self.keys = keys
        if not is_target:
            return Link(zone, Security.SECURE, Sentence("the keys of {zone} are vouched for", zone=_shown(zone)), answers)
        return self._target(zone, keys, answers)

    def _target(self, zone: str, keys: dns.rrset.RRset | None, answers: tuple[DnsAnswer, ...]) -> Link:
        """The zone asked about: its data must be signed with its keys, too."""
        soa = self.resolver.query(zone or ".", "SOA")
        answers = (*answers, soa)
        if _silent(soa):
            return Link(zone, Security.UNKNOWN, _no_answer(soa), answers)
        trouble = self._trouble(zone, _rrset(zone, "SOA", soa.records), soa, keys)
        if trouble is not None:
            return Link(zone, Security.BOGUS, trouble, answers)
        said = Sentence("{zone} is signed, and every signature up to the trust anchor fits", zone=_shown(zone))
        return Link(zone, Security.SECURE, said, answers)

    def child(self, parent: str, name: str, *, is_target: bool) -> list[Link]:
        """What the zone above says of this name: a signed zone, an unsigned one, or no zone of its own ([])."""
        answer = self.resolver.query(name, "DS")
        if _silent(answer):
            return [Link(name, Security.UNKNOWN, _no_answer(answer), (answer,))]
        if not answer.records:
            return self._unsigned(parent, name, answer, is_target=is_target)
        trouble = self._trouble(name, _rrset(name, "DS", answer.records[:MOST_KEYS]), answer, self.keys, parent)
        if trouble is not None:
            return [Link(name, Security.BOGUS, trouble, (answer,))]
        return [self.apex(name, answer.records[:MOST_KEYS], is_target=is_target, seen=(answer,))]

    def _unsigned(self, parent: str, name: str, answer: DnsAnswer, *, is_target: bool) -> list[Link]:
        cut = self.resolver.query(name, "SOA")
        answers = (answer, cut)
        if _silent(cut):
            return [Link(name, Security.UNKNOWN, _no_answer(cut), answers)]
        if cut.records:
            said = Sentence("{parent} has no DS record for {zone}", parent=_shown(parent), zone=name)
            return [Link(name, Security.INSECURE, said, answers)]
        if is_target:  # a name inside the zone above: as secure as that
            said = Sentence("{name} lies in the signed zone {zone}", name=name, zone=_shown(parent))
            return [Link(parent, Security.SECURE, said, answers)]
        return []

    def _trouble(
        self,
        name: str,
        records: dns.rrset.RRset | None,
        answer: DnsAnswer,
        keys: dns.rrset.RRset | None,
        signer: str | None = None,
    ) -> Sentence | None:
        """Why the set's signatures don't hold; None: one of them does."""
        signatures = _rrset(name, "RRSIG", answer.signatures[:MOST_KEYS])
        about = {"what": answer.rdtype, "zone": _shown(name)}
        if records is None or keys is None:
            return Sentence("the {what} records of {zone} can't be read", **about)
        if signatures is None:
            return Sentence("the {what} records of {zone} are not signed", **about)
        ends = [signature.expiration for signature in signatures]
        begins = [signature.inception for signature in signatures]
        now = self.now.timestamp()
        if max(ends) < now:
            return Sentence("the signature over the {what} records of {zone} has expired", **about)
        if min(begins) > now:
            return Sentence("the signature over the {what} records of {zone} is not valid yet", **about)
        try:
            dns.dnssec.validate(records, signatures, {_name(signer if signer is not None else name): keys}, None, now)
        except (dns.exception.DNSException, ValueError, ArithmeticError, KeyError):
            return Sentence("the signature over the {what} records of {zone} doesn't fit the keys", **about)
        return None


def anchors_of(text: str) -> dict[str, tuple[str, ...]]:
    """The DS records of a file of trust anchors (``zone. IN DS …``), by zone; other lines are passed over."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines()[:MOST_ANCHORS]:
        zone, _, value = line.partition(" IN DS ")
        if value and not zone.startswith(";"):
            name = zone.split()[0].rstrip(".").lower() if zone.split() else ""
            found[name] = (*found.get(name, ()), value.strip())
    return found


def ds_of(zone: str, dnskey: str, digest: int = 2) -> str:
    """The DS record (presentation format) that the zone above needs for this DNSKEY. Raises BadInput
    (``dnskey-unreadable``)."""
    rrset = _rrset(zone.rstrip(".").lower(), "DNSKEY", (dnskey,))
    if rrset is None or digest not in DIGESTS:
        raise BadInput(
            "dnskey",
            Sentence("This is not a DNSKEY record."),
            Sentence("It has three numbers and a key in Base64: 257 3 13 …"),
            code="dnskey-unreadable",
        )
    (key,) = rrset
    assert isinstance(key, DNSKEY)
    return dns.dnssec.make_ds(rrset.name, key, DIGESTS[digest], validating=True).to_text()


def entry_keys(records: Sequence[str]) -> tuple[str, ...]:
    """Those DNSKEY records that a DS is made for: with the secure entry point flag, not revoked (RFC 4034 section 2.1.1,
    RFC 5011)."""
    found = []
    for text in records[:MOST_KEYS]:
        flags = text.split(" ", 1)[0]
        if flags.isdigit() and int(flags) & 0x0181 == 0x0101:
            found.append(text)
    return tuple(found)


def _vouched_for(zone: str, keys: dns.rrset.RRset | None, trusted: Sequence[str]) -> dns.rrset.RRset | None:
    """The keys of the set that a DS record names; None when there is none."""
    wanted = _rrset(zone, "DS", trusted)
    if keys is None or wanted is None:
        return None
    named: list[DNSKEY] = []
    for key in keys:
        for ds in wanted:
            assert isinstance(key, DNSKEY)
            assert isinstance(ds, DS)
            if ds.digest_type in DIGESTS and dns.dnssec.key_id(key) == ds.key_tag and _same(zone, key, ds):
                named.append(key)
    return dns.rrset.from_rdata_list(_name(zone), _PATIENCE, named) if named else None


def _same(zone: str, key: DNSKEY, ds: DS) -> bool:
    try:
        made = dns.dnssec.make_ds(_name(zone), key, DIGESTS[ds.digest_type], validating=True)
    except (dns.exception.DNSException, ValueError):
        return False
    return bool(made.digest == ds.digest and made.algorithm == ds.algorithm)


def _rrset(name: str, rdtype: str, texts: Sequence[str]) -> dns.rrset.RRset | None:
    """The set; records that can't be read are left out. None when nothing is left."""
    kind = dns.rdatatype.from_text(rdtype)
    found = []
    for text in texts:
        if len(text) > LONGEST_RECORD:
            continue
        try:
            found.append(dns.rdata.from_text(dns.rdataclass.IN, kind, text, origin=dns.name.root, relativize=False))
        except (dns.exception.DNSException, ValueError, UnicodeError):
            continue
    return dns.rrset.from_rdata_list(_name(name), _PATIENCE, found) if found else None


def _is_name(name: str) -> bool:
    try:
        return bool(_name(name))
    except (dns.exception.DNSException, ValueError, UnicodeError):
        return False


def _name(name: str) -> dns.name.Name:
    return dns.name.from_text(name or ".")


def _silent(answer: DnsAnswer) -> bool:
    return answer.rcode not in ("NOERROR", "NXDOMAIN")


def _no_answer(answer: DnsAnswer) -> Sentence:
    return Sentence(
        "DNS gave no answer about {what} of {zone} ({rcode})",
        what=answer.rdtype,
        zone=_shown(answer.name),
        rcode=answer.rcode,
    )


def _shown(zone: str) -> str:
    return zone.rstrip(".") or "."
