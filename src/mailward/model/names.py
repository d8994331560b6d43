"""Who may hold which name, in words: proofs of control, and how one name resembles another."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailward.model.sentence import NOTHING, Sentence

CHALLENGE = "_mailward-challenge"
"""The label below a domain whose TXT record proves control of it."""


class ProofBy(StrEnum):
    """How control of a domain was shown."""

    PROVIDER = "provider"  # the provider took it in, or vouched for it
    PARENT = "parent"  # it lies under a domain that the same customer has proven
    TXT = "txt"
    DELEGATED = "delegated"  # its parent zone names this host as its name server


class LikenessKind(StrEnum):
    """How a name resembles another. Words that rows and the API use."""

    HOMOGRAPH = "homograph"  # looks the same: paypa1, раураl
    HYPHEN = "hyphen"  # the same letters, cut otherwise: pay-pal, pay.pal
    TYPO = "typo"  # one letter more, less, other, or two exchanged
    WORD = "word"  # with a word beside it: login-paypal
    ENDING = "ending"  # under another ending: paypal.example


SPOKEN_LIKENESS = {
    LikenessKind.HOMOGRAPH: Sentence("looks the same"),
    LikenessKind.HYPHEN: Sentence("the same letters, cut otherwise"),
    LikenessKind.TYPO: Sentence("one slip of a finger away"),
    LikenessKind.WORD: Sentence("the same name with a word beside it"),
    LikenessKind.ENDING: Sentence("the same name under another ending"),
}


@dataclass(frozen=True)
class LookAlike:
    """``name`` can be taken for ``of``."""

    name: str
    of: str
    kind: LikenessKind


@dataclass(frozen=True)
class Said:
    """What one name server said at a look for a proof."""

    server: str
    rcode: str
    records: tuple[str, ...]


@dataclass(frozen=True)
class Control:
    """How the proof of control of a domain stands. ``record``: the TXT record to publish, with its name."""

    domain: str
    how: ProofBy | None  # None: not proven
    record_name: str
    record_value: str
    name_server: str  # what the parent zone may name instead
    asked_at: datetime | None = None
    proven_at: datetime | None = None
    looked_at: datetime | None = None
    look_at: datetime | None = None
    what: Sentence = NOTHING
    seen: tuple[Said, ...] = ()

    @property
    def is_proven(self) -> bool:
        return self.how is not None
