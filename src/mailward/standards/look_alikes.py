"""Names that can be taken for each other: found among many thousands in about a millisecond.

``Guarded`` is made once of the names to protect, which it keeps by their skeletons. A question looks up the skeleton of the
name it is asked about and everything that one slip of a finger makes of it, so that it costs as much among ten as among ten
thousand names. Names of numbers in a row (shop1, shop2) are no slips. Pure; which names are guarded, and what follows, is
decided elsewhere. Two changed letters at once are not found: everything resembles something then.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from mailward.model.names import LikenessKind, LookAlike
from mailward.standards.hostname import display_name
from mailward.standards.skeletons import flat, skeleton

Registered = Callable[[str], str]  # the registered domain of a name (certificates.suffixes.Suffixes.registered)

SHORTEST = 6  # letters: in shorter names, one letter more or less is another word
SHORTEST_OF_FEW = 4  # for the few names that are guarded closely
ANY = "*"  # the ending of what is looked for under every ending
_BAIT = """
account accounts app auth bank billing bonus client cloud customer help info invoice kyc login logon mail mobile my
online pay payment portal pwd refund reset safe secure security service shop signin sso support team track tracking
update verify wallet web webmail www konto kunden klant klanten inloggen anmelden sicherheit beveiliging compte
connexion securite facture rechnung factuur paket pakket colis
"""
BAIT = frozenset(_BAIT.split())
"""Words that phishers put beside a name."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_NUMBER = re.compile(r"[0-9]+(?=[.-]|$)")


def looks_like(name: str, others: "Guarded") -> LookAlike | None:
    """The guarded name that ``name`` can be taken for, if any."""
    return others.find(name)


class Guarded:
    """``names`` are A-labels. ``closely``: also with bait words beside them, under other endings, and shorter ones."""

    def __init__(self, names: Iterable[str], registered: Registered, *, closely: bool = False) -> None:
        self._registered = registered
        self._closely = closely
        self._shortest = SHORTEST_OF_FEW if closely else SHORTEST
        self._kept: dict[tuple[str, str], str] = {}  # (skeleton without dots and hyphens, ending) -> the name
        self._names: set[str] = set()
        for name in names:
            self._add(name)

    def find(self, name: str) -> LookAlike | None:
        """None for the guarded names themselves and what lies below or above them."""
        if name in self._names:
            return None
        for candidate in dict.fromkeys((name, self._registered(name))):
            label, ending = self._split(candidate)
            found = self._same(label, ending) or self._slip(label, ending) or self._dressed(label, ending)
            if found is not None and not _is_family(name, found[0]):
                return LookAlike(name, *found)
        return None

    def _add(self, name: str) -> None:
        forms, ending = forms_of(name, self._registered)
        self._names.add(name)
        for form in forms:
            self._kept.setdefault((form, ending), name)
            if self._closely:
                self._kept.setdefault((form, ANY), name)

    def _split(self, name: str) -> tuple[str, str]:
        return _split(name, self._registered)

    def _same(self, label: str, ending: str) -> tuple[str, LikenessKind] | None:
        for form in (*_forms(label), flat(label).removeprefix("www")):
            of = self._kept.get((form, ending))
            if of is not None and not self._is_other_word(label, self._split(of)[0]):
                alike = skeleton(label) == skeleton(self._split(of)[0])
                return of, LikenessKind.HOMOGRAPH if alike else LikenessKind.HYPHEN
            of = self._kept.get((form, ANY))
            if of is not None:
                return of, LikenessKind.ENDING
        return None

    def _is_other_word(self, label: str, other: str) -> bool:
        """Short words of plain letters that differ in an i and an l are two words: mail and mall."""
        one, two = label.replace("-", ""), other.replace("-", "")
        return len(one) < self._shortest and one != two and (one + two).isascii() and (one + two).isalpha()

    def _slip(self, label: str, ending: str) -> tuple[str, LikenessKind] | None:
        for form in _forms(label):
            for near in _slips(form):
                of = self._kept.get((near, ending))
                if of is None:
                    continue
                other = self._split(of)[0]
                if len(near) >= self._shortest and not self._is_number(label, other):
                    return of, LikenessKind.TYPO
        return None

    def _is_number(self, label: str, other: str) -> bool:
        """Whether the two differ in the numbers at the ends of their parts alone: shop7 and shop8, shop and shop2."""
        return not self._closely and _NUMBER.sub("", label) == _NUMBER.sub("", other)

    def _dressed(self, label: str, ending: str) -> tuple[str, LikenessKind] | None:
        if not self._closely:
            return None
        for rest in _without_bait(display_name(label)):
            of = self._kept.get((flat(rest), ending)) or self._kept.get((flat(rest), ANY))
            if of is not None and len(rest) >= self._shortest:
                return of, LikenessKind.WORD
        return None


def forms_of(name: str, registered: Registered) -> tuple[tuple[str, ...], str]:
    """What a guarded name is kept by, and its ending. The last form is that of examplecom.com."""
    label, ending = _split(name, registered)
    return (*_forms(label), flat(f"{label}{ending}")), ending


def forms_near(name: str, registered: Registered) -> tuple[frozenset[str], str]:
    """Every form under which a guarded name may be kept that ``name`` can be taken for, and their ending: for a store that
    keeps the forms of many thousands. What it finds is handed to ``Guarded``, which decides."""
    near: set[str] = set()
    ending = ""
    for candidate in (name, registered(name)):
        label, ending = _split(candidate, registered)
        near.add(flat(label).removeprefix("www"))
        for form in _forms(label):
            near.add(form)
            near.update(_slips(form))
    return frozenset(near), ending


def _split(name: str, registered: Registered) -> tuple[str, str]:
    """What is below the ending (with its dots), and the ending: ("shop.example", "co.uk")."""
    ending = registered(name).partition(".")[2]
    return name.removesuffix(f".{ending}"), ending


def _forms(label: str) -> tuple[str, ...]:
    """The skeleton without dots and hyphens, and the one in which pairs that run together are left alone."""
    return tuple(dict.fromkeys((flat(label), flat(label, pairs=False))))


def _slips(text: str) -> Iterator[str]:
    """Everything that one letter less, other or more, or two neighbours exchanged, make of it."""
    for at in range(len(text) + 1):
        before, after = text[:at], text[at:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        for letter in _LETTERS:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]


def _without_bait(label: str) -> Iterator[str]:
    """What is left when the words of bait are taken off its ends: "paypal" of "login-paypal" and "paypalsecure"."""
    parts = label.replace(".", "-").split("-")
    kept = [part for part in parts if part not in BAIT]
    if kept and len(kept) < len(parts):
        yield "".join(kept)
    joined = "".join(parts)
    for word in BAIT:
        if joined.startswith(word):
            yield joined.removeprefix(word)
        if joined.endswith(word):
            yield joined.removesuffix(word)


def _is_family(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
