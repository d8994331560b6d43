"""An SPF record, read (RFC 7208 sections 4.6, 5, 6 and 12). One syntax error anywhere makes the whole record wrong."""

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

from mailward.model.sentence import Sentence
from mailward.standards.spf.macros import MacroError, MacroString, read, read_domain

VERSION = "v=spf1"
ASKING = frozenset({"include", "a", "mx", "ptr", "exists"})  # with redirect=: what counts as a lookup (section 4.6.4)
LONGEST_RECORD = 65535  # bytes that a TXT record can hold
KEPT = 1024  # a record of up to so many characters is kept as read: most senders come again
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)", re.DOTALL)
_DIRECTIVE = re.compile(r"([-+?~]?)([A-Za-z0-9]+)(.*)", re.DOTALL)
_PREFIXES = re.compile(r"(.*?)(?:/(\d+))?(?://(\d+))?", re.DOTALL)
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_FOUR = re.compile(rf"([-+?~]?)ip4:{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(?:/(.*))?", re.DOTALL | re.IGNORECASE | re.ASCII)
_IS_SPF = re.compile(r"v=spf1(?= |\Z)", re.IGNORECASE | re.ASCII)
_NO_IPV4 = Sentence("it is no IPv4 address")
_NO_IPV6 = Sentence("it is no IPv6 address")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Block(NamedTuple):
    """Addresses that begin alike, as numbers: those that are ``value`` when ``shift`` bits are dropped at their end."""

    version: int  # 4 or 6
    value: int
    shift: int


class SpfError(ValueError):
    """A record that is no SPF record. ``term`` is what is wrong in it ("" for the whole), ``reason`` why."""

    def __init__(self, term: str, reason: Sentence) -> None:
        super().__init__(f"{term}: {reason}" if term else str(reason))
        self.term = term
        self.reason = reason


class Qualifier(StrEnum):
    """What a matching mechanism means; the value is the result's name."""

    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"


QUALIFIERS = {
    "+": Qualifier.PASS,
    "-": Qualifier.FAIL,
    "~": Qualifier.SOFTFAIL,
    "?": Qualifier.NEUTRAL,
    "": Qualifier.PASS,
}


@dataclass(frozen=True)
class Directive:
    """A mechanism with its qualifier. ``domain_spec`` None: the domain that is being checked."""

    text: str  # as written
    qualifier: Qualifier
    mechanism: str  # lower case: all, include, a, mx, ptr, ip4, ip6 or exists
    domain_spec: str | None = None
    block: Block | None = None  # of ip4 and ip6
    prefix4: int = 32  # of a and mx
    prefix6: int = 128
    target: MacroString | None = field(default=None, compare=False, repr=False)

    @property
    def network(self) -> Network | None:
        """The addresses of ip4 and ip6."""
        if self.block is None:
            return None
        version, value, shift = self.block
        kind = ipaddress.IPv4Network if version == 4 else ipaddress.IPv6Network
        return kind((value << shift, (32 if version == 4 else 128) - shift))


@dataclass(frozen=True)
class Modifier:
    """``name=value``; redirect and exp mean something, others are read over."""

    text: str
    name: str  # lower case
    value: str
    target: MacroString = field(compare=False, repr=False)


@dataclass(frozen=True)
class SpfRecord:
    """The terms in their order. ``str`` gives the record to publish."""

    terms: tuple[Directive | Modifier, ...]

    @cached_property
    def directives(self) -> tuple[Directive, ...]:
        return tuple(term for term in self.terms if isinstance(term, Directive))

    @cached_property
    def all(self) -> Directive | None:
        """The ``all`` that ends the record; what follows it is never looked at."""
        return next((one for one in self.directives if one.mechanism == "all"), None)

    @cached_property
    def redirect(self) -> Modifier | None:
        """None also when the record has an ``all``, since it is ignored then (section 6.1)."""
        return None if self.all is not None else self._modifier("redirect")

    @cached_property
    def exp(self) -> Modifier | None:
        return self._modifier("exp")

    def _modifier(self, name: str) -> Modifier | None:
        return next((term for term in self.terms if isinstance(term, Modifier) and term.name == name), None)

    def __str__(self) -> str:
        return " ".join((VERSION, *(term.text for term in self.terms)))


def is_spf(text: str) -> bool:
    """Whether a TXT record is meant as SPF (section 4.5), right or wrong."""
    return _IS_SPF.match(text) is not None


def parse(text: str) -> SpfRecord:
    """Read a record as it is published (strings put together). Raises SpfError with the first term that is wrong."""
    return _kept(text) if len(text) <= KEPT else _parsed(text)


def _parsed(text: str) -> SpfRecord:
    if not is_spf(text):
        raise SpfError("", Sentence("it does not begin with v=spf1"))
    if len(text) > LONGEST_RECORD:
        raise SpfError("", Sentence("it is longer than a TXT record can be"))
    if not text.isascii():
        raise SpfError(
            next(word for word in text.split(" ") if not word.isascii()), Sentence("only ASCII characters are allowed")
        )
    terms = tuple(_term(word) for word in text[len(VERSION) :].split(" ") if word)
    for name in ("redirect", "exp"):
        twice = [term for term in terms if isinstance(term, Modifier) and term.name == name]
        if len(twice) > 1:
            raise SpfError(twice[1].text, Sentence("{name}= may be there only once", name=name))
    return SpfRecord(terms)


_kept = lru_cache(maxsize=1024)(_parsed)


def parse_term(text: str) -> Directive | Modifier:
    """Read one term. Raises SpfError."""
    if not text or " " in text or not text.isascii():
        raise SpfError(text, Sentence("it is no term"))
    return _term(text)


def _term(word: str) -> Directive | Modifier:
    four = _FOUR.fullmatch(word)
    if four is not None:  # as most terms are: much faster than the long way
        sign, a, b, c, d, length = four.groups()
        shift = 32 - _length(word, length, 32)
        block = Block(4, (int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)) >> shift, shift)
        return Directive(word, QUALIFIERS[sign], "ip4", block=block)
    modifier = _MODIFIER.fullmatch(word)
    try:
        return _modifier(word, *modifier.groups()) if modifier else _directive(word)
    except MacroError as error:
        raise SpfError(word, Sentence("it holds what is no domain name and no macro: {part}", part=error)) from error


def _modifier(word: str, name: str, value: str) -> Modifier:
    known = name.lower() in ("redirect", "exp")
    return Modifier(word, name.lower(), value, read_domain(value) if known else read(value))


def _directive(word: str) -> Directive:
    found = _DIRECTIVE.fullmatch(word)
    if found is None:
        raise SpfError(word, Sentence("it is no mechanism and no modifier"))
    sign, name, rest = found.groups()
    mechanism = name.lower()
    if mechanism == "all":
        if rest:
            raise SpfError(word, Sentence("nothing may follow all"))
        return Directive(word, QUALIFIERS[sign], mechanism)
    if mechanism in ("ip4", "ip6"):
        return Directive(word, QUALIFIERS[sign], mechanism, block=_block(word, mechanism, rest))
    if mechanism not in ASKING:
        raise SpfError(word, Sentence("there is no such mechanism"))
    return _asking(word, QUALIFIERS[sign], mechanism, rest)


def _asking(word: str, qualifier: Qualifier, mechanism: str, rest: str) -> Directive:
    prefix4, prefix6 = 32, 128
    if mechanism in ("a", "mx"):
        split = _PREFIXES.fullmatch(rest)
        rest, four, six = split.groups() if split else (rest, None, None)
        prefix4, prefix6 = _length(word, four, 32), _length(word, six, 128)
    if not rest:
        if mechanism in ("include", "exists"):
            raise SpfError(word, Sentence("it needs a domain after a colon"))
        return Directive(word, qualifier, mechanism, None, None, prefix4, prefix6)
    if not rest.startswith(":"):
        raise SpfError(word, Sentence("there is no such mechanism"))
    return Directive(word, qualifier, mechanism, rest[1:], None, prefix4, prefix6, read_domain(rest[1:]))


def _length(word: str, text: str | None, most: int) -> int:
    if text is None:
        return most
    if not _LENGTH.fullmatch(text) or int(text) > most:
        raise SpfError(word, Sentence("a prefix length is a number from 0 to {most}", most=most))
    return int(text)


def _block(word: str, mechanism: str, rest: str) -> Block:
    if not rest.startswith(":"):
        raise SpfError(word, Sentence("it needs an address after a colon"))
    address, slash, length = rest[1:].partition("/")
    if mechanism == "ip4" or "%" in address:  # _term knows all IPv4 addresses
        raise SpfError(word, _NO_IPV4 if mechanism == "ip4" else _NO_IPV6)
    try:
        value = int(ipaddress.IPv6Address(address))
    except ipaddress.AddressValueError as error:
        raise SpfError(word, _NO_IPV6) from error
    shift = 128 - _length(word, length if slash else None, 128)
    return Block(6, value >> shift, shift)
