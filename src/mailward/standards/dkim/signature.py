"""The DKIM-Signature header field (RFC 6376 section 3.5): what it says, and how it is written.

Only what can be right is let through: a signature that doesn't cover From, names another domain in i= than in d=, or
has run out before it was made, is refused here. Times are seconds since 1970.
"""

import base64
import re
from dataclasses import dataclass
from enum import StrEnum

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.dkim.canonical import Canonicalization
from mailward.standards.dkim.tags import decoded, parse, words, wrong

MOST_NAMES = 256  # in h=
_REQUIRED = ("v", "a", "b", "bh", "d", "h", "s")
_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}))*")
_FIELD_NAME = re.compile(r"[\x21-\x39\x3c-\x7e]+")
_DIGITS = re.compile(r"[0-9]{1,76}")


class Algorithm(StrEnum):
    """As in ``a=``. SHA-1 is read, so that it can be refused by name (RFC 8301)."""

    RSA_SHA256 = "rsa-sha256"
    ED25519_SHA256 = "ed25519-sha256"
    RSA_SHA1 = "rsa-sha1"

    @property
    def kind(self) -> str:
        """The ``k=`` of a key that it needs."""
        return self.value.partition("-")[0]


@dataclass(frozen=True)
class Signature:
    """``headers`` are lower case, in the order of h=. ``identity`` is i= as written; "" when there is none."""

    algorithm: Algorithm
    domain: str
    selector: str
    headers: tuple[str, ...]
    body_hash: bytes
    value: bytes = b""
    header_way: Canonicalization = Canonicalization.RELAXED
    body_way: Canonicalization = Canonicalization.RELAXED
    identity: str = ""
    length: int | None = None
    signed_at: int | None = None
    expires: int | None = None

    @property
    def key_name(self) -> str:
        """Where its key is published."""
        return f"{self.selector}._domainkey.{self.domain}"

    @classmethod
    def parse(cls, text: str) -> "Signature":
        """What stands behind ``DKIM-Signature:``, folded or not. Raises BadInput (dkim-…)."""
        tags = parse(text, "signature")
        missing = next((name for name in _REQUIRED if name not in tags), None)
        if missing is not None:
            raise _wrong(Sentence("{name}= is missing.", name=missing))
        if tags["v"] != "1":
            raise _wrong(Sentence("Its version is not 1."), "dkim-version")
        methods = words(tags.get("q", "dns/txt"))
        if "dns/txt" not in methods:
            raise _wrong(Sentence("Its key is not in DNS."))
        header_way, body_way = _ways(tags.get("c", "simple/simple"))
        domain, selector = _name(tags["d"], "d"), _name(tags["s"], "s")
        if len(domain) + len(selector) + len("._domainkey.") > 253:
            raise _wrong(Sentence("The name of its key is too long."))
        found = cls(
            _algorithm(tags["a"]),
            domain,
            selector,
            _headers(tags["h"]),
            decoded(tags["bh"], "bh", "signature"),
            decoded(tags["b"], "b", "signature"),
            header_way,
            body_way,
            _identity(tags.get("i", ""), domain),
            _number(tags, "l"),
            _number(tags, "t"),
            _number(tags, "x"),
        )
        if found.expires is not None and found.signed_at is not None and found.expires <= found.signed_at:
            raise _wrong(Sentence("It ran out before it was made."))
        return found

    def format(self) -> str:
        """The tag list on one line, ``b=`` at its end."""
        tags = [
            ("v", "1"),
            ("a", self.algorithm.value),
            ("c", f"{self.header_way.value}/{self.body_way.value}"),
            ("d", self.domain),
            ("s", self.selector),
            *([("i", self.identity)] if self.identity else []),
            *((name, str(number)) for name, number in self._numbers() if number is not None),
            ("h", ":".join(self.headers)),
            ("bh", base64.b64encode(self.body_hash).decode()),
            ("b", base64.b64encode(self.value).decode()),
        ]
        return "; ".join(f"{name}={value}" for name, value in tags)

    def _numbers(self) -> tuple[tuple[str, int | None], ...]:
        return ("t", self.signed_at), ("x", self.expires), ("l", self.length)


def without_value(raw: bytes) -> bytes:
    """The field's value with nothing behind ``b=``, white space included: as it is hashed (RFC 6376 section 3.7)."""
    pieces = raw.split(b";")
    for place, piece in enumerate(pieces):
        name, equals, _ = piece.partition(b"=")
        if equals and name.strip(b" \t\r\n") == b"b":
            pieces[place] = name + equals
    return b";".join(pieces)


def _ways(text: str) -> tuple[Canonicalization, Canonicalization]:
    header, _, body = text.partition("/")
    try:
        return Canonicalization(header.lower()), Canonicalization((body or "simple").lower())
    except ValueError:
        raise _wrong(Sentence("Its canonicalization is unknown: {ways}.", ways=ascii(text[:40]))) from None


def _algorithm(text: str) -> Algorithm:
    try:
        return Algorithm(text.lower())
    except ValueError:
        what = Sentence("Its algorithm is unknown: {algorithm}.", algorithm=ascii(text[:40]))
        raise _wrong(what, "dkim-algorithm") from None


def _name(text: str, tag: str) -> str:
    if len(text) > 253 or not _DOMAIN.fullmatch(text):
        raise _wrong(Sentence("What stands after {name}= is no domain name.", name=tag))
    return text.lower()


def _headers(text: str) -> tuple[str, ...]:
    names = tuple(name.lower() for name in words(text))
    if len(names) > MOST_NAMES or not all(_FIELD_NAME.fullmatch(name) for name in names):
        raise _wrong(Sentence("What stands after {name}= is no list of header fields.", name="h"))
    if "from" not in names:
        raise _wrong(Sentence("It doesn't cover the sender (From)."), "dkim-from-unsigned")
    return names


def _identity(text: str, domain: str) -> str:
    if text:
        _, at, host = text.lower().rpartition("@")
        if not at or (host != domain and not host.endswith("." + domain)):
            raise _wrong(Sentence("It speaks for another domain (i=) than its key's (d=)."))
    return text


def _number(tags: dict[str, str], name: str) -> int | None:
    if name not in tags:
        return None
    if not _DIGITS.fullmatch(tags[name]):
        raise _wrong(Sentence("What stands after {name}= is no number.", name=name))
    return int(tags[name])


def _wrong(what: Sentence, code: str = "dkim-form") -> BadInput:
    return wrong(what, "signature", code)
