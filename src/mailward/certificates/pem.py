"""Cutting text into PEM blocks (RFC 7468), and reading the certificates and the private key out of them.

Tolerant where people paste (text around the blocks, CRLF, any order), strict in size and number. Never writes, never
logs, and no error text comes from the parsers underneath (it could repeat what was handed in).
"""

import re
from base64 import b64decode
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mailward.certificates import refusals
from mailward.certificates.der import costly

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_KEYS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
_REQUESTS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")

BROKEN = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the parser raises for a certificate that it can't make sense of."""


@dataclass(frozen=True)
class Block:
    """One PEM block with its lines ("-----BEGIN …" to "-----END …"). May hold a key: never shown."""

    label: str
    text: bytes

    def __repr__(self) -> str:
        return f"Block({self.label})"


@dataclass(frozen=True)
class Material:
    """What was handed in, read but not yet judged."""

    certificates: tuple[x509.Certificate, ...]
    keys: tuple[PrivateKeyTypes, ...]

    def __repr__(self) -> str:
        return f"Material({len(self.certificates)} certificates)"


def looks_like_pem(data: bytes) -> bool:
    return _BEGIN.search(data) is not None


def blocks(data: bytes, field: str) -> tuple[Block, ...]:
    """The blocks of ``data`` in their order. Raises BadInput: too-big, truncated."""
    if len(data) > refusals.MAX_BYTES:
        raise refusals.too_big(field)
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found: list[Block] = []
    position = 0
    while (begin := _BEGIN.search(data, position)) is not None:
        label = begin[1].decode("ascii")
        end = b"-----END " + begin[1] + b"-----"
        stop = data.find(end, begin.end())
        following = _BEGIN.search(data, begin.end())
        if stop < 0 or (following is not None and following.start() < stop):
            raise refusals.truncated(field, label)
        position = stop + len(end)
        found.append(Block(label, data[begin.start() : position] + b"\n"))
    return tuple(found)


def read_pem(data: bytes, password: str | None, field: str) -> Material:
    """Certificates and key (or two keys, of a pair) of a PEM text. Raises BadInput; one without either: empty Material."""
    found = blocks(data, field)
    certificates = [block for block in found if block.label in _CERTIFICATES]
    keys = [block for block in found if block.label in _KEYS]
    if len(certificates) > refusals.MAX_CERTIFICATES:
        raise refusals.too_many(field)
    keys = list(dict.fromkeys(keys))
    if len(keys) > refusals.MAX_KEYS:
        raise refusals.several_keys(field)
    if not certificates and not keys and any(block.label in _REQUESTS for block in found):
        raise refusals.no_certificate(field, has_request=True)
    read = tuple(_certificate(block, number, field) for number, block in enumerate(certificates, 1))
    return Material(read, tuple(_key(key, password, field) for key in keys))


def _certificate(block: Block, number: int, field: str) -> x509.Certificate:
    text = re.sub(rb"-----(BEGIN|END) [A-Z0-9 ]+-----", rb"-----\1 CERTIFICATE-----", block.text)
    try:
        certificate = x509.load_pem_x509_certificate(text)
        # Broken extensions and broken public keys show only when they are asked for.
        _ = certificate.extensions, certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except BROKEN as trouble:
        raise refusals.certificate_unreadable(field, number) from trouble
    return certificate


def _key(block: Block, password: str | None, field: str) -> PrivateKeyTypes:
    encrypted = block.label == "ENCRYPTED PRIVATE KEY" or b"Proc-Type: 4,ENCRYPTED" in block.text
    if encrypted and not password:
        raise refusals.password_needed(field)
    if block.label == "ENCRYPTED PRIVATE KEY" and costly(_inner(block)):
        raise refusals.too_costly(field)
    try:
        return load_pem_private_key(block.text, password.encode() if encrypted and password else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # "from None": the parser's own words are about secret bytes.
        raise (refusals.password_wrong(field) if encrypted else refusals.key_unreadable(field)) from None


def _inner(block: Block) -> bytes:
    try:
        return b64decode(b"".join(block.text.splitlines()[1:-1]))
    except ValueError:
        return b""
