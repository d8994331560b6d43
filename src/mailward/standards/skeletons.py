"""What a name looks like, as plain letters: two names with one skeleton can be taken for each other.

After UTS #39 section 4 (Unicode's confusables, as the package confusable_homoglyphs has them), made coarser for names in
an address line: accents go, letters that differ by a stroke are one (ł, l), digits are the letters they imitate, and pairs
that run together (rn, vv, cl) are the letter they look like. Pure; never decides whether a name is allowed.
"""

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from mailward.standards.hostname import display_name

_LETTERS = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l"})
_FLAT = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", ".": "", "-": ""})
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
MOST_CHARACTERS = 253


class _Confusables(Protocol):
    confusables_data: Mapping[str, list[Mapping[str, Any]]]


def skeleton(name: str) -> str:
    """The skeleton of a name or label, with its dots. Takes A-labels and U-labels; never raises, whatever it is given."""
    return _merged(_ascii(name).translate(_LETTERS))


def flat(name: str, *, pairs: bool = True) -> str:
    """The same without dots and hyphens. ``pairs`` False: rn stays rn."""
    told = _ascii(name).translate(_FLAT)
    return _merged(told) if pairs else told


def _merged(text: str) -> str:
    for pair, letter in _PAIRS:
        text = text.replace(pair, letter)
    return text


def _ascii(name: str) -> str:
    text = name[:MOST_CHARACTERS].lower()
    shown = display_name(text) if "xn--" in text else text
    return shown if shown.isascii() else _plain(shown)


def _plain(text: str) -> str:
    parts = []
    for char in unicodedata.normalize("NFKD", text.replace("ß", "ss")):  # as IDNA 2003 had it: it was the same name once
        if char.isascii():
            parts.append(char)
        elif unicodedata.category(char) not in ("Mn", "Cf"):
            parts.append(_letter(char))
    return "".join(parts).lower()


@cache
def _letter(char: str) -> str:
    """The ASCII letters that this one is mistaken for; itself when there are none."""
    return _prototypes().get(char) or _by_its_name(char) or char


def _by_its_name(char: str) -> str:
    """Latin letters with a stroke, hook or tail say in their name which letter they come from."""
    words = unicodedata.name(char, "").split()
    if words[:1] != ["LATIN"]:
        return ""
    if words[1:4] == ["LETTER", "SMALL", "CAPITAL"] and len(words) > 4 and len(words[4]) == 1:
        return words[4].lower()
    if words[1:3] == ["SMALL", "LETTER"] and len(words) > 3 and len(words[3]) == 1:
        return words[3].lower()
    return _ODD.get(char, "")


_ODD = {
    "ı": "i",
    "ȷ": "j",
    "ə": "e",
    "ɩ": "i",
    "ɑ": "a",
    "ʒ": "3",
    "ƨ": "s",
    "ƿ": "p",
    "ŋ": "n",
    "ĸ": "k",
    "þ": "p",
    "ð": "d",
}


@cache
def _prototypes() -> Mapping[str, str]:
    """Unicode's confusables that can be taken for lower-case ASCII letters or digits: single characters -> letters."""
    data = cast(_Confusables, import_module("confusable_homoglyphs.confusables")).confusables_data
    found: dict[str, str] = {}
    for char, others in data.items():
        if len(char) != 1 or char.isascii():
            continue
        near = [_without_marks(other["c"]) for other in others]
        letters = sorted(one for one in near if one.isascii() and one.isalnum())
        if letters:
            found[char] = letters[-1].lower()  # lower-case letters sort after digits and capitals
    return found


def _without_marks(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if unicodedata.category(char) != "Mn")
