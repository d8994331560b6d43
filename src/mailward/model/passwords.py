"""How good a password is: five levels, and what keeps one from a higher level."""

from dataclasses import dataclass
from enum import StrEnum

from mailward.model.sentence import Sentence


class PasswordLevel(StrEnum):
    """From bad to good. Never rename one: mailward.toml and the API use these words."""

    VERY_WEAK = "very-weak"
    WEAK = "weak"
    MEDIUM = "medium"
    STRONG = "strong"
    VERY_STRONG = "very-strong"

    @property
    def rank(self) -> int:
        return list(PasswordLevel).index(self)


SPOKEN_LEVELS: dict[PasswordLevel, Sentence] = {
    PasswordLevel.VERY_WEAK: Sentence("very weak"),
    PasswordLevel.WEAK: Sentence("weak"),
    PasswordLevel.MEDIUM: Sentence("medium"),
    PasswordLevel.STRONG: Sentence("strong"),
    PasswordLevel.VERY_STRONG: Sentence("very strong"),
}


@dataclass(frozen=True)
class Judgement:
    """``missing`` says what to do, one sentence each, to reach the level that was demanded; nothing: it is reached."""

    level: PasswordLevel
    missing: tuple[Sentence, ...]

    @property
    def is_enough(self) -> bool:
        return not self.missing
