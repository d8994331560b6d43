"""A message as DKIM sees it: its header fields, in order, and its body (RFC 5322 section 2.1). Nothing is decoded.

The header ends at the first empty line, or where a line is no header field: what follows that is body, as mail servers see
it. Bounded in size and number of fields.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.dkim.canonical import Canonicalization, Field, canonical_field

MOST_HEADER_BYTES = 1 << 20
MOST_FIELDS = 2000
_END = re.compile(rb"\n\r?\n")
_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]+[ \t]*):")


@dataclass(frozen=True)
class Split:
    """``body`` is as it was handed in."""

    fields: tuple[Field, ...]
    body: bytes


def split(message: bytes) -> Split:
    """Raises BadInput (message-too-large)."""
    fields: list[list[bytes]] = []
    found = _END.search(message, 0, MOST_HEADER_BYTES)
    if found is None and len(message) > MOST_HEADER_BYTES:
        raise _too_large()
    at = 0
    for line in (message if found is None else message[: found.start()]).split(b"\n"):
        whole = line.removesuffix(b"\r")
        if not whole:
            return _split(fields, message[at + len(line) + 1 :])  # a message without any header
        if whole[:1] in (b" ", b"\t") and fields:
            fields[-1].append(whole)
        elif _NAME.match(whole):
            fields.append([whole])
        else:
            return _split(fields, message[at:])
        at += len(line) + 1
        if len(fields) > MOST_FIELDS:
            raise _too_large()
    return _split(fields, b"" if found is None else message[found.end() :])


def _split(fields: list[list[bytes]], body: bytes) -> Split:
    return Split(tuple(_field(b"\r\n".join(lines)) for lines in fields), body)


def _field(raw: bytes) -> Field:
    name, _, value = raw.partition(b":")
    return Field(name, value)


def _too_large() -> BadInput:
    return BadInput("message", Sentence("The header of this message is too large."), code="message-too-large")


class Header:
    """The header fields of one message, to be hashed for several signatures: each is made canonical once."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self.fields = tuple(fields)
        self._places: dict[bytes, list[int]] = defaultdict(list)
        for place, field in enumerate(self.fields):
            self._places[field.name.rstrip(b" \t").lower()].append(place)
        self._canonical: dict[tuple[int, Canonicalization], bytes] = {}

    def count(self, name: str) -> int:
        """How many fields have this (lower-case) name."""
        return len(self._places.get(name.encode(), ()))

    def named(self, name: str) -> list[Field]:
        """The fields of this (lower-case) name, from the top."""
        return [self.fields[place] for place in self._places.get(name.encode(), ())]

    def chosen(self, names: Sequence[str], way: Canonicalization) -> bytes:
        """The fields that ``h=`` names, canonical, in its order. Several of one name are taken from the bottom up; a name
        that stands there more often than in the header stands for nothing (RFC 6376 section 5.4.2)."""
        taken: dict[bytes, int] = defaultdict(int)
        parts = []
        for name in names:
            key = name.encode("utf-8", "surrogatepass")
            places = self._places.get(key, ())
            taken[key] += 1
            if taken[key] <= len(places):
                parts.append(self._one(places[-taken[key]], way))
        return b"".join(parts)

    def _one(self, place: int, way: Canonicalization) -> bytes:
        key = (place, way)
        found = self._canonical.get(key)
        if found is None:
            found = self._canonical[key] = canonical_field(self.fields[place], way)
        return found
