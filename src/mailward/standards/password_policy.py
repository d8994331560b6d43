"""How good a password is, by what it would cost to guess it (NIST SP 800-63B sections 5.1.1.2 and A; zxcvbn, Wheeler,
USENIX Security 2016) and by what it is made of. Knows no list and opens no file: whether a password was breached is asked
of ``is_breached``. Never keeps, prints or repeats a password.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from zxcvbn import zxcvbn

from mailward.model.passwords import Judgement, PasswordLevel
from mailward.model.sentence import Sentence

LONGEST = 256  # characters
LOOKED_AT = 40
"""Characters that zxcvbn sees. Its time grows with the square of the length and more: 40 of the worst take half a second,
72 take over one. What stands behind them makes a password no worse."""


@dataclass(frozen=True)
class Demand:
    """What a level asks for. ``guesses``: how many an attacker needs at least, by zxcvbn's estimate."""

    characters: int
    kinds: int  # of upper case, lower case, digits, special characters
    score: int  # zxcvbn's, 0 to 4
    guesses: float


DEMANDS: dict[PasswordLevel, Demand] = {
    PasswordLevel.VERY_WEAK: Demand(1, 0, 0, 0),
    PasswordLevel.WEAK: Demand(8, 1, 1, 1e4),
    PasswordLevel.MEDIUM: Demand(10, 2, 2, 1e7),
    PasswordLevel.STRONG: Demand(12, 3, 3, 1e9),
    PasswordLevel.VERY_STRONG: Demand(16, 4, 4, 1e12),
}

_KINDS: tuple[tuple[Callable[[str], bool], Sentence], ...] = (
    (str.isupper, Sentence("Add an upper-case letter (A to Z).")),
    (str.islower, Sentence("Add a lower-case letter (a to z).")),
    (str.isdigit, Sentence("Add a digit (0 to 9).")),
    (lambda one: not one.isalnum(), Sentence("Add a special character, such as - or !.")),
)


def judge(
    password: str,
    demanded: PasswordLevel = PasswordLevel.VERY_STRONG,
    *,
    known: Iterable[str] = (),
    is_breached: Callable[[str], bool] = lambda _password: False,
) -> Judgement:
    """The level of ``password``, and what to do to reach ``demanded``.

    ``known`` is what anybody can guess of its owner: the address, names, the host's name.
    """
    if not password:
        return Judgement(PasswordLevel.VERY_WEAK, (Sentence("Type a password."),))
    if len(password) > LONGEST:
        said = Sentence("Use at most {most} characters.", most=LONGEST)
        return Judgement(PasswordLevel.VERY_WEAK, (said,))
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in password):
        said = Sentence("Leave out line breaks, tabs and other control characters: mail programs can't send them.")
        return Judgement(PasswordLevel.VERY_WEAK, (said,))
    if is_breached(password):
        said = Sentence(
            "Choose another one, here and wherever you use this: it stands in a list of passwords that thieves have."
        )
        return Judgement(PasswordLevel.VERY_WEAK, (said,))
    guessed = zxcvbn(password[:LOOKED_AT], user_inputs=list(_words(known)))
    score, guesses = int(guessed["score"]), float(guessed["guesses"])
    there = [any(map(is_kind, password)) for is_kind, _ in _KINDS]
    level = max(
        (one for one, demand in DEMANDS.items() if _meets(demand, len(password), sum(there), score, guesses)),
        key=lambda one: one.rank,
    )
    if level.rank >= demanded.rank:
        return Judgement(level, ())
    return Judgement(level, _missing(DEMANDS[demanded], password, there, score, guesses, known))


def _meets(demand: Demand, characters: int, kinds: int, score: int, guesses: float) -> bool:
    return characters >= demand.characters and kinds >= demand.kinds and score >= demand.score and guesses >= demand.guesses


def _missing(
    demand: Demand, password: str, there: list[bool], score: int, guesses: float, known: Iterable[str]
) -> tuple[Sentence, ...]:
    found: list[Sentence] = []
    if len(password) < demand.characters:
        found.append(Sentence("Use at least {least} characters.", least=demand.characters))
    if sum(there) < demand.kinds:
        found += [say for (_, say), is_there in zip(_KINDS, there, strict=True) if not is_there]
    if score < demand.score or guesses < demand.guesses:
        lower = password.lower()
        if any(word in lower for word in _words(known) if len(word) > 2):
            found.append(
                Sentence("Leave out your address, your name and the names of this server: they are guessed first.")
            )
        else:
            found.append(
                Sentence("Make it harder to guess: no word with a number behind it, no date, no row of keys, no repeats.")
            )
    return tuple(found)


def _words(known: Iterable[str]) -> list[str]:
    """Each of ``known``, and the parts that it is made of."""
    found: dict[str, None] = {}
    for text in known:
        whole = text.lower()[:254]
        separated = "".join(one if one.isalnum() else " " for one in whole)
        for word in (whole, *whole.split("@"), *separated.split()):
            if word:
                found[word] = None
    return list(found)[:60]
