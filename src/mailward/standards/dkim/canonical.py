"""The two ways of DKIM to see a message so that harmless changes on its way don't count (RFC 6376 section 3.4).

``simple`` takes it as it is, ``relaxed`` ignores the case of field names and how much white space there is. Lines end in
CRLF; a bare line feed is taken for one, since files have them. ``Body`` takes a body piece by piece and keeps none of it.
"""

import re
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

_BLANKS = re.compile(rb"[ \t]+")
_CRLF = b"\r\n"


class Canonicalization(StrEnum):
    """How the header, or the body, is seen. As in ``c=``."""

    SIMPLE = "simple"
    RELAXED = "relaxed"


class Field(NamedTuple):
    """One header field as it stands in the message: ``name`` before the colon, ``value`` after it, without the last CRLF.
    Folded lines have CRLF between them."""

    name: bytes
    value: bytes


def canonical_field(field: Field, way: Canonicalization) -> bytes:
    """The field as it is signed, with its CRLF."""
    if way is Canonicalization.SIMPLE:
        return field.name + b":" + field.value + _CRLF
    value = field.value
    if b"\r" in value:
        value = value.replace(_CRLF, b"")
    if b"\t" in value or b"  " in value:
        value = _BLANKS.sub(b" ", value)
    return field.name.rstrip(b" \t").lower() + b":" + value.strip(b" \t") + _CRLF


def canonical_body(body: bytes, way: Canonicalization) -> bytes:
    """The whole body as it is signed."""
    taken = Body(way)
    return taken.feed(body) + taken.end()


class Body:
    """A body that comes in pieces, each in the time that its own length takes, whatever came before.

    Lines feeds and blanks at the end of a piece are counted or held back until it is known whether anything follows.
    """

    def __init__(self, way: Canonicalization) -> None:
        self._relaxed = way is Canonicalization.RELAXED
        self._held = b""  # at most one blank and one CR
        self._lines = 0  # line ends that nothing has followed yet
        self._began = False  # whether anything but line ends was seen

    def feed(self, piece: bytes) -> bytes:
        """What is certain now."""
        data = self._held + piece
        self._held = b""
        if data.endswith(b"\r"):
            self._held, data = b"\r", data[:-1]
        if b"\r" in data:
            data = data.replace(_CRLF, b"\n")
        if self._relaxed:
            data = _relaxed(data)
            if data.endswith(b" "):
                self._held, data = b" " + self._held, data[:-1]
        text = data.rstrip(b"\n")
        if not text:
            self._lines += len(data)
            return b""
        before = _CRLF * self._lines
        self._lines = len(data) - len(text)
        self._began = True
        return before + text.replace(b"\n", _CRLF)

    def end(self) -> bytes:
        """What is left when nothing follows (RFC 6376 sections 3.4.3 and 3.4.4)."""
        rest = self._held.removeprefix(b" ") if self._relaxed and self._held == b" " else self._held
        if rest:
            return _CRLF * self._lines + rest + _CRLF
        return _CRLF if self._began or not self._relaxed else b""


def _relaxed(data: bytes) -> bytes:
    if b"\t" in data or b"  " in data:
        data = _BLANKS.sub(b" ", data)
    return data.replace(b" \n", b"\n") if b" \n" in data else data


class BodyHash:
    """SHA-256 of a body that comes in pieces, at most ``limit`` octets of it (``l=``)."""

    def __init__(self, way: Canonicalization, limit: int | None = None) -> None:
        self._body = Body(way)
        self._hash = sha256()
        self._limit = limit
        self.octets = 0  # of the canonical body; those behind the limit are counted, too

    def update(self, piece: bytes) -> None:
        self._add(self._body.feed(piece))

    def digest(self) -> bytes:
        """Once, when the body has ended."""
        self._add(self._body.end())
        return self._hash.digest()

    def _add(self, certain: bytes) -> None:
        if self._limit is None:
            self._hash.update(certain)
        elif self.octets < self._limit:
            self._hash.update(certain[: self._limit - self.octets])
        self.octets += len(certain)
