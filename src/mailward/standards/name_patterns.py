"""Patterns of names that a provider doesn't host, or hosts all the same: one a line.

=================  ===========================================================================================
``paypal``         a word: a part of the name between dots and hyphens is it (my-paypal.example, paypal.example)
``*paypal*``       within a part between dots: ``*`` is any letters (getpaypalnow.example)
``login-*``        the same: parts that begin so
``gov.example``    with a dot: this name and everything below it
=================  ===========================================================================================

A name is compared as it is and by its skeleton (standards/skeletons.py), so that paypa1 and раураl are found, too. Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.hostname import display_name, parse_host_name
from mailward.standards.skeletons import skeleton

LONGEST = 120
MOST_STARS = 4
_FORM = re.compile(r"[\w*-]+")
_CUTS = re.compile(r"[.-]")


@dataclass(frozen=True)
class NamePattern:
    """One line of a list. ``text``: in lower case, as people write it."""

    text: str
    reason: str = ""

    @property
    def is_domain(self) -> bool:
        return "." in self.text

    def matches(self, name: str) -> bool:
        """``name`` is an A-label name, without the ending under which names are sold for words and stars."""
        return self._matches(display_name(name)) or self._looks(skeleton(name))

    def _matches(self, shown: str) -> bool:
        if self.is_domain:
            return shown == self.text or shown.endswith(f".{self.text}")
        if "*" in self.text:
            return any(self._glob.fullmatch(part) for part in shown.split("."))
        return self.text in _CUTS.split(shown)

    def _looks(self, seen: str) -> bool:
        if self.is_domain:
            return False  # what resembles it is a look-alike, not it
        if "*" in self.text:
            return any(self._glob_of_skeleton.fullmatch(part) for part in seen.split("."))
        return len(self.text) > 3 and self._skeleton in _CUTS.split(seen)  # ing isn't lng

    @cached_property
    def _glob(self) -> re.Pattern[str]:
        return re.compile(".*".join(re.escape(part) for part in self.text.split("*")))

    @cached_property
    def _glob_of_skeleton(self) -> re.Pattern[str]:
        return re.compile(".*".join(re.escape(skeleton(part)) for part in self.text.split("*")))

    @cached_property
    def _skeleton(self) -> str:
        return skeleton(self.text)


def parse_pattern(text: str, reason: str = "", field: str = "pattern") -> NamePattern:
    """A pattern as people type it. Raises BadInput (``bad-pattern``, or what names are refused with)."""
    clean = text.strip().lower()
    if "." in clean.strip(".") and "*" not in clean:
        return NamePattern(display_name(parse_host_name(clean, field)), _reason(reason))
    letters = clean.replace("*", "")
    if len(clean) > LONGEST or not _FORM.fullmatch(clean) or clean.count("*") > MOST_STARS or len(letters) < 2:
        said = Sentence("this is no pattern of names")
        remedy = Sentence("Write a word, letters with *, or a whole domain: paypal, *paypal*, login-*, bank.example.")
        raise BadInput(field, said, remedy, code="bad-pattern")
    return NamePattern(re.sub(r"\*+", "*", clean), _reason(reason))


def _reason(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:200]


def parse_list(text: str) -> tuple[NamePattern, ...]:
    """A list as it is shipped: a pattern a line, ``#`` begins a remark, and ``# word: …`` heads those below it: the word is
    their reason."""
    found, heading = [], ""
    for line in text.splitlines():
        pattern, _, remark = (part.strip() for part in line.partition("#"))
        if pattern:
            found.append(parse_pattern(pattern, heading))
        elif (word := remark.partition(":")[0]).isalpha() and ":" in remark:
            heading = word
    return tuple(found)


def first_match(name: str, body: str, patterns: Iterable[NamePattern]) -> NamePattern | None:
    """The first pattern that matches ``name``. ``body`` is what is left of the name without the ending under which names
    are sold ("shop" of "shop.co.uk"), where words and stars are looked for."""
    return next((one for one in patterns if one.matches(name if one.is_domain else body)), None)
