"""Verdicts. Unknown is never green: only a real look that found things right gives PASS."""

from enum import StrEnum

from mailward.model.sentence import Sentence


class Verdict(StrEnum):
    """What a look at the world found. The order of severity is FAIL, UNKNOWN, WARN, PASS, NOT_APPLICABLE."""

    PASS = "pass"  # noqa: S105 - the verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"

    @property
    def severity(self) -> int:
        """0 (not applicable) to 4 (fail), for sorting the worst first."""
        return _SEVERITY[self]


SPOKEN = {
    Verdict.PASS: Sentence("safe"),
    Verdict.WARN: Sentence("with a warning"),
    Verdict.FAIL: Sentence("not safe"),
    Verdict.UNKNOWN: Sentence("unknown"),
    Verdict.NOT_APPLICABLE: Sentence("not applicable"),
}
"""The verdicts as people say them."""

_SEVERITY = {Verdict.FAIL: 4, Verdict.UNKNOWN: 3, Verdict.WARN: 2, Verdict.PASS: 1, Verdict.NOT_APPLICABLE: 0}


def worst(verdicts: "list[Verdict] | tuple[Verdict, ...]") -> Verdict:
    """The most severe of ``verdicts``; of none at all: UNKNOWN, since nobody looked."""
    return max(verdicts, key=lambda verdict: verdict.severity, default=Verdict.UNKNOWN)
