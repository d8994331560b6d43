"""Macros of SPF (RFC 7208 section 7): their syntax, and what they become for one message. No DNS is asked: the one macro
that needs it, ``%{p}``, asks whoever expands."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

LONGEST_EXPANSION = 65535  # characters; more can't be a name nor a text that anybody reads
LONGEST_NAME = 253
_EXPAND = re.compile(r"%(?:\{([slodipvhcrt])(\d*)(r?)([-.+,/_=]*)\}|([%_-]))", re.IGNORECASE | re.ASCII)
_LITERAL = re.compile(r"[\x21-\x24\x26-\x7e]*")
_EXPLANATION_LITERAL = re.compile(r"[\x20-\x24\x26-\x7e]*")
_END = re.compile(r"\.(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])\.?", re.IGNORECASE | re.ASCII)
_PLAIN = {"%": "%", "_": " ", "-": "%20"}
ONLY_EXPLAINS = frozenset("crt")  # section 7.2: only in an explanation


@dataclass(frozen=True)
class Macro:
    """``%{d2r-}``: which letter, how many of the right-most parts (0: all), reversed or not, split at which characters."""

    letter: str
    parts: int
    reverse: bool
    delimiters: str
    escaped: bool  # an upper-case letter: the value is escaped as in a URL


@dataclass(frozen=True)
class MacroString:
    """Text with macros in it, read: literal text and macros in their order."""

    pieces: tuple[str | Macro, ...]
    ends_in_macro: bool = False

    @property
    def letters(self) -> frozenset[str]:
        """Which macros it holds; of text without any: none."""
        return frozenset(piece.letter for piece in self.pieces if isinstance(piece, Macro))


class MacroError(ValueError):
    """Text that is no macro-string, with the part that isn't."""


def read(text: str, *, explanation: bool = False) -> MacroString:
    """A macro-string (section 7.1); with ``explanation`` an explain-string, in which spaces and all letters may be.

    Raises MacroError."""
    literal = _EXPLANATION_LITERAL if explanation else _LITERAL
    pieces: list[str | Macro] = []
    at, in_macro = 0, False
    while at < len(text):
        plain = literal.match(text, at)
        if plain is not None and plain.end() > at:
            pieces.append(plain.group())
            at, in_macro = plain.end(), False
            continue
        found = _EXPAND.match(text, at)
        if found is None:
            raise MacroError(ascii(text[at : at + 20])[1:-1])
        pieces.append(_piece(found, explanation))
        at, in_macro = found.end(), True
    return MacroString(tuple(pieces), in_macro)


def read_domain(text: str) -> MacroString:
    """A domain-spec (section 12): it ends in a macro or in a label that can be a top-level domain. Raises MacroError."""
    domain = read(text)
    if domain.ends_in_macro:
        return domain
    last = str(domain.pieces[-1]) if domain.pieces else ""
    dot = last.rstrip(".").rfind(".")
    if dot < 0 or not _END.fullmatch(last, dot):
        raise MacroError(ascii(text[-64:])[1:-1])
    return domain


def expanded(text: MacroString, value: Callable[[str], str]) -> str:
    """The text with each macro's value, which ``value`` gives for a lower-case letter. At most LONGEST_EXPANSION
    characters: what is longer is cut."""
    done, length = [], 0
    for piece in text.pieces:
        done.append(piece if isinstance(piece, str) else _transformed(piece, value(piece.letter)))
        length += len(done[-1])
        if length > LONGEST_EXPANSION:
            return "".join(done)[:LONGEST_EXPANSION]
    return "".join(done)


def as_name(text: str) -> str:
    """An expanded domain-spec as a domain name: without the last dot, and shortened from the left to 253 characters
    (section 7.3). Nothing says that it is a valid one."""
    name = text.removesuffix(".")
    while len(name) > LONGEST_NAME:
        _, dot, name = name.partition(".")
        if not dot:
            return ""
    return name


def _piece(found: re.Match[str], explanation: bool) -> str | Macro:
    letter, parts, reverse, delimiters, plain = found.groups()
    if plain:
        return _PLAIN[plain]
    count = int(parts.lstrip("0")[:9] or "0")
    if (parts and not count) or (letter.lower() in ONLY_EXPLAINS and not explanation):
        raise MacroError(found.group()[:40])
    return Macro(letter.lower(), count, bool(reverse), delimiters or ".", letter.isupper())


def _transformed(macro: Macro, value: str) -> str:
    if macro.reverse or macro.parts or macro.delimiters != ".":
        parts = re.split(f"[{re.escape(macro.delimiters)}]", value)
        if macro.reverse:
            parts.reverse()
        value = ".".join(parts[-macro.parts :])
    return quote(value, safe="~") if macro.escaped else value
