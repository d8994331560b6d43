"""What an SPF check comes to (RFC 7208 section 2.6), and how it came to that."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class SpfResult(StrEnum):
    """The seven results of RFC 7208 section 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class SpfStep(NamedTuple):
    """One line of a trace: whose record, which of its terms, and what came of it."""

    domain: str
    term: str
    outcome: str  # match, no match, or why it could not be said


@dataclass(frozen=True)
class SpfCheck:
    """The answer to "may this address send for this domain?"."""

    result: SpfResult
    term: str | None = None  # that decided, in the record of the domain itself (or the one it redirects to)
    explanation: str | None = None  # the domain's own words for a fail; by a stranger, so not to be believed
    record: str | None = None  # of the domain that was asked for
    lookups: int = 0  # terms that ask DNS; at most 10
    void_lookups: int = 0  # questions that had no answer; at most 2
    trace: tuple[SpfStep, ...] = ()
    problem: str | None = None  # why it is none, temperror or permerror
