"""DANE: TLSA records and what they say about a served chain (RFC 6698, RFC 7671; for SMTP RFC 7672).

Records in presentation format (``3 1 1 <hex>``) are read, written and held against the certificates that a server sends.
What SMTP clients use is narrower than what DNS may hold: usages 0 and 1 count as unusable (RFC 7672 section 3.1.3), and of
several hashes of one kind only the strongest is looked at (RFC 7671 section 9). A usage 2 record has to be found in what is
served (RFC 7671 section 5.2.1). Nothing is asked of DNS, nothing is dialled.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256, sha512

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.x509 import dns_names, signs, spki_sha256

PKIX_TA, PKIX_EE, DANE_TA, DANE_EE = range(4)
CERTIFICATE, PUBLIC_KEY = range(2)
FULL, SHA_256, SHA_512 = range(3)

MOST_RECORDS = 50  # of one name: a DNS message of 64 KiB holds more, no honest server has them
LONGEST_DATA = 16_384  # bytes: a whole certificate
MOST_CERTIFICATES = 20
_LENGTHS = {SHA_256: 32, SHA_512: 64}
_TLSA = re.compile(r"\s*([0-9]{1,3})\s+([0-9]{1,3})\s+([0-9]{1,3})\s+([0-9A-Fa-f\s]+)")


@dataclass(frozen=True, order=True)
class Tlsa:
    """One TLSA record: certificate usage, selector, matching type, and the data (RFC 6698 section 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching} {self.data.hex()}"


class Match(StrEnum):
    """What a TLSA set says of a served chain."""

    MATCHES = "matches"
    DIFFERS = "differs"  # none of the usable records belongs to what is served: DANE clients don't deliver
    UNUSABLE = "unusable"  # no record that SMTP clients use: they encrypt, and can't tell with whom
    NONE = "none"  # there is no record


def parse(text: str) -> Tlsa:
    """A record in presentation format. Raises BadInput (``tlsa-unreadable``) for what is none.

    >>> str(parse("3 1 1 " + "AB" * 32))[:10]
    '3 1 1 abab'
    """
    found = _TLSA.fullmatch(text) if len(text) <= 3 * LONGEST_DATA else None
    if found is None:
        raise _unreadable()
    numbers = [int(part) for part in found.groups()[:3]]
    digits = "".join(found[4].split())
    if max(numbers) > 255 or len(digits) % 2 or not digits or len(digits) > 2 * LONGEST_DATA:
        raise _unreadable()
    return Tlsa(numbers[0], numbers[1], numbers[2], bytes.fromhex(digits))


def parse_all(records: Sequence[str]) -> tuple[tuple[Tlsa, ...], tuple[str, ...]]:
    """The records that can be read, and the text of those that can't. At most ``MOST_RECORDS`` are looked at."""
    read: list[Tlsa] = []
    broken: list[str] = []
    for text in records[:MOST_RECORDS]:
        try:
            read.append(parse(text))
        except BadInput:
            broken.append(text)
    return tuple(dict.fromkeys(read)), tuple(broken)


def is_usable(record: Tlsa) -> bool:
    """Whether an SMTP client looks at it: usage 2 or 3, known selector and matching type, a digest of its right length
    (RFC 7672 sections 3.1 and 3.1.3, RFC 7671 section 4.1)."""
    if record.usage not in (DANE_TA, DANE_EE) or record.selector not in (CERTIFICATE, PUBLIC_KEY):
        return False
    if record.matching == FULL:
        return bool(record.data)
    return _LENGTHS.get(record.matching) == len(record.data)


def strongest(records: Sequence[Tlsa]) -> tuple[Tlsa, ...]:
    """What is left when of each usage and selector only the strongest digest counts (RFC 7671 section 9); whole
    certificates and keys always count."""
    best: dict[tuple[int, int], int] = {}
    for record in records:
        key = record.usage, record.selector
        best[key] = max(best.get(key, FULL), record.matching)
    return tuple(one for one in records if one.matching in (FULL, best[one.usage, one.selector]))


def judge(records: Sequence[Tlsa], chain: Sequence[bytes], *, names: Sequence[str], now: datetime) -> Match:
    """What an SMTP client would say to this chain (DER, leaf first).

    ``names``: those that a certificate may have when a CA of the server's own is named (usage 2): the mail host and the
    domain (RFC 7672 section 3.2.2). For usage 3 neither names nor dates count (section 3.1.1).
    """
    if not records:
        return Match.NONE
    usable = strongest([record for record in records if is_usable(record)])
    if not usable:
        return Match.UNUSABLE
    certificates = read_chain(chain)
    matching = (matches(record, certificates, names=names, now=now) for record in usable)
    return Match.MATCHES if any(matching) else Match.DIFFERS


def matches(record: Tlsa, chain: Sequence[x509.Certificate], *, names: Sequence[str], now: datetime) -> bool:
    """Whether one record vouches for the chain (leaf first). Usages 0 and 1 are held against the chain as 2 and 3 are;
    that a public CA must have issued it, too, isn't looked at here."""
    if record.usage in (PKIX_EE, DANE_EE):
        return bool(chain) and associated(record, chain[0])
    return record.usage in (PKIX_TA, DANE_TA) and _leads_to(record, chain, now) and _covers(chain[0], names)


def _leads_to(record: Tlsa, chain: Sequence[x509.Certificate], now: datetime) -> bool:
    """Whether an issuer of the leaf is the record's, with every certificate until there signed by the next, and valid."""
    for at, certificate in enumerate(chain):
        if at and not signs(certificate, chain[at - 1]):
            return False
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return False
        if at and associated(record, certificate):
            return True
    return False


def associated(record: Tlsa, certificate: x509.Certificate) -> bool:
    """Whether the record's data are this certificate's, or its key's (RFC 6698 section 2.1)."""
    try:
        if record.selector == PUBLIC_KEY:
            selected = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        elif record.selector == CERTIFICATE:
            selected = certificate.public_bytes(Encoding.DER)
        else:
            return False
    except (ValueError, UnsupportedAlgorithm):
        return False
    return _digest(record.matching, selected) == record.data


def _digest(matching: int, selected: bytes) -> bytes | None:
    match matching:
        case 0:
            return selected
        case 1:
            return sha256(selected).digest()
        case 2:
            return sha512(selected).digest()
    return None


def of_key(spki_sha256: str) -> str:
    """The record ``3 1 1`` for a public key's SHA-256 in hex (RFC 7671 section 5.1): what Mailward publishes."""
    return str(Tlsa(DANE_EE, PUBLIC_KEY, SHA_256, bytes.fromhex(spki_sha256)))


def key_of(der: bytes) -> str:
    """SHA-256 (hex) of the public key of a DER certificate; "" when it can't be read."""
    found = read_chain((der,))
    return spki_sha256(found[0]) if found else ""


def owner(host: str, port: int = 25) -> str:
    """Where the records of a mail host are looked for (RFC 6698 section 3)."""
    return f"_{port}._tcp.{host}"


def read_chain(chain: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """The certificates up to the first that can't be read."""
    found: list[x509.Certificate] = []
    for der in chain[:MOST_CERTIFICATES]:
        try:
            found.append(x509.load_der_x509_certificate(der))
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
            break
    return tuple(found)


def _covers(leaf: x509.Certificate, names: Sequence[str]) -> bool:
    try:
        held = dns_names(leaf)
    except ValueError:
        return False
    wanted = {name.lower().rstrip(".") for name in names}
    return any(name in held or f"*.{name.partition('.')[2]}" in held for name in wanted)


def _unreadable() -> BadInput:
    return BadInput(
        "tlsa",
        Sentence("This is not a TLSA record."),
        Sentence("It has three numbers and hexadecimal digits: 3 1 1 …"),
        code="tlsa-unreadable",
    )
