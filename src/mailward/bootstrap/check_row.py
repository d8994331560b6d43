"""One line of ``doctor``."""

from dataclasses import dataclass

from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict


@dataclass(frozen=True)
class CheckRow:
    name: str
    verdict: Verdict
    reason: Sentence
    remedy: Sentence = NOTHING
