"""Signing a message (RFC 6376 section 5). The field that is made goes on top of the message; nothing else is changed.

The fields that say who writes what to whom are named once more than they are there, so that nobody can add another one
behind the signature's back (RFC 6376 section 8.15).
"""

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.dkim.canonical import BodyHash, Canonicalization, Field, canonical_field
from mailward.standards.dkim.keys import PrivateKey
from mailward.standards.dkim.message import Header, split
from mailward.standards.dkim.signature import Algorithm, Signature

FIELD = "DKIM-Signature"
CLOSED = ("from", "to", "cc", "subject", "date", "reply-to", "sender", "message-id", "in-reply-to", "references")
"""Signed whether they are there or not: none can be added."""
CLOSED_IF_THERE = ("mime-version", "content-type", "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post")
"""Signed, and closed, when they are there."""
ALSO = (
    "content-id",
    "content-description",
    "resent-date",
    "resent-from",
    "resent-sender",
    "resent-to",
    "resent-cc",
    "resent-message-id",
    "list-id",
    "list-help",
    "list-subscribe",
    "list-post",
    "list-owner",
    "list-archive",
    "auto-submitted",
    "autocrypt",
    "openpgp",
)
"""Signed when they are there (RFC 6376 section 5.4.1)."""
_NEVER = frozenset(("return-path", "received", "comments", "keywords", "bcc", "resent-bcc", "dkim-signature"))
_LINE = 76


def sign(
    message: bytes,
    *,
    domain: str,
    selector: str,
    key: PrivateKey,
    now: datetime,
    headers: Sequence[str] | None = None,
    expires: datetime | None = None,
    identity: str = "",
    ways: tuple[Canonicalization, Canonicalization] = (Canonicalization.RELAXED, Canonicalization.RELAXED),
) -> bytes:
    """The DKIM-Signature field, with CRLF at each line's end, to be put before ``message``.

    ``headers`` are the names for h=, as often as they are to be signed; None: what ``covered`` says. Raises BadInput
    (dkim-from-missing, dkim-from-unsigned, dkim-form, message-too-large).
    """
    parts = split(message)
    body = BodyHash(ways[1])
    body.update(parts.body)
    wanted = Signature(
        algorithm_of(key),
        domain,
        selector,
        tuple(name.lower() for name in headers) if headers is not None else (),
        body.digest(),
        header_way=ways[0],
        body_way=ways[1],
        identity=identity,
        signed_at=int(now.timestamp()),
        expires=None if expires is None else int(expires.timestamp()),
    )
    return FIELD.encode() + b":" + signed(Header(parts.fields), wanted, key) + b"\r\n"


def signed(header: Header, wanted: Signature, key: PrivateKey) -> bytes:
    """The value of the field, beginning with a blank and folded, for a header whose body was hashed already.

    ``wanted.headers`` () stands for what ``covered`` says. Raises BadInput as ``sign``.
    """
    if not header.count("from"):
        raise BadInput("message", Sentence("The message names no sender (From)."), code="dkim-from-missing")
    names = wanted.headers or covered(header)
    if any(name in _NEVER for name in names):
        raise BadInput("headers", Sentence("One of these header fields must not be signed."), code="dkim-headers")
    text = _written(replace(wanted, headers=names, value=b""))
    Signature.parse(text)  # what others would refuse is not made
    unsigned = text.encode("ascii")
    last = canonical_field(Field(FIELD.encode(), unsigned), wanted.header_way)
    value = _value(key, header.chosen(names, wanted.header_way) + last.removesuffix(b"\r\n"))
    encoded = base64.b64encode(value)
    return unsigned + b"\r\n\t".join(encoded[at : at + _LINE - 4] for at in range(0, len(encoded), _LINE - 4))


def covered(header: Header) -> tuple[str, ...]:
    """The names for h=: those that are closed once more often than they are there."""
    names: list[str] = []
    for name in CLOSED:
        names += [name] * (header.count(name) + 1)
    for name in CLOSED_IF_THERE:
        names += [name] * (header.count(name) + 1) if header.count(name) else []
    for name in ALSO:
        names += [name] * header.count(name)
    return tuple(names)


def algorithm_of(key: PrivateKey) -> Algorithm:
    return Algorithm.ED25519_SHA256 if isinstance(key, ed25519.Ed25519PrivateKey) else Algorithm.RSA_SHA256


def _value(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(sha256(data).digest())  # RFC 8463 section 3: the hash is what is signed
    return key.sign(data, PKCS1v15(), SHA256())


def _written(wanted: Signature) -> str:
    """The tag list, folded, up to and with ``b=``. White space is put only where it may be (RFC 6376 section 3.2)."""
    lines = [f"{FIELD}:"]
    for tag in wanted.format().removesuffix(" b=").split("; "):
        words = tag.split(":") if tag.startswith("h=") else [tag]
        pieces = [f"{word}:" for word in words[:-1]] + [words[-1].rstrip(";") + ";"]
        for number, piece in enumerate(pieces):
            blank = " " if number == 0 else ""
            if len(lines[-1]) + len(blank) + len(piece) > _LINE:
                lines.append("\t")
                blank = ""
            lines[-1] += blank + piece
    return "\r\n".join([*lines, "\tb="]).removeprefix(f"{FIELD}:")
