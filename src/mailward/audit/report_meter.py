"""Whether it is safe to ask receivers for more (DMARC none, quarantine, reject), from what they reported. Pure.

RFC 9989 sections 5.1.5 to 5.1.7: look at the reports, put right what is ours, then go on. Mail that didn't pass is of
three kinds: from this host (ours, always wrong), from a source that comes back or that is authenticated under another name
(most likely a service somebody uses), and from one that was seen in passing (most likely forged: what DMARC is for). Each
reporter counts for itself, too, so that none can hide in the numbers of another what it saw.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from mailward.model.dns import DmarcPolicy
from mailward.model.sentence import Sentence

DAYS = 30  # what is looked at
FEWEST_DAYS = 7  # covered by proven reports
FEWEST_MESSAGES = 20
COMES_BACK = 3  # days on which a source was seen
TOLERATED = 0.01  # of the mail that counts
TOLERATED_BY_ONE, ENOUGH_FOR_ONE = 0.05, 20  # as one reporter saw it, of that many messages

STEPS = (DmarcPolicy.NONE, DmarcPolicy.QUARANTINE, DmarcPolicy.REJECT)


class Go(StrEnum):
    """Whether to ask for more."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "not-enough-data"
    DONE = "done"


class SourceKind(StrEnum):
    """What a source most likely is."""

    OURS = "ours"
    ALIGNED = "aligned"  # elsewhere, and its mail passes
    RETURNING = "returning"
    PASSING = "passing"


SPOKEN_SOURCES = {
    SourceKind.OURS: Sentence("this server"),
    SourceKind.ALIGNED: Sentence("elsewhere, and passes"),
    SourceKind.RETURNING: Sentence("comes back, and doesn't pass"),
    SourceKind.PASSING: Sentence("seen in passing"),
}
_ANSWERS = {
    Go.YES: Sentence("It is safe to go on from “{policy}” to “{following}”."),
    Go.NO: Sentence("It is not safe yet to go on from “{policy}” to “{following}”."),
    Go.UNKNOWN: Sentence("There is not enough data to go on from “{policy}” to “{following}”."),
    Go.DONE: Sentence("The policy is “{policy}”, the strictest there is."),
}
_AT_THE_END = Sentence("The policy is “{policy}”, the strictest there is, and not all is well.")


@dataclass(frozen=True)
class Counted:
    """Messages with the same outcome, of one source, as one reporter saw them on one day."""

    source: str
    reporter: str
    day: date
    aligned: bool
    count: int
    passed_as: str = ""  # not aligned, but authenticated under this name


@dataclass(frozen=True)
class SourceTotal:
    """One source in all reports, by its network address."""

    address: str
    kind: SourceKind
    aligned: int
    failing: int
    days: int
    passed_as: str


@dataclass(frozen=True)
class Meter:
    """``following`` None: there is nothing stricter. Shares are None where there was no mail."""

    go: Go
    policy: DmarcPolicy
    following: DmarcPolicy | None
    reason: Sentence
    days: int
    messages: int
    aligned_share: float | None
    ours_failing: int
    returning_failing: int
    passing_failing: int

    @property
    def headline(self) -> Sentence:
        """The answer as people say it."""
        if self.following is None:
            said = _AT_THE_END if self.go is Go.NO else _ANSWERS[Go.DONE]
            return said.having(policy=self.policy.value)
        return _ANSWERS[self.go].having(policy=self.policy.value, following=self.following.value)


@dataclass
class _Tally:
    aligned: int = 0
    failing: int = 0
    days: set[date] = field(default_factory=set)
    passed_as: str = ""


def sources(counted: Iterable[Counted], own: Collection[str]) -> tuple[SourceTotal, ...]:
    """Every source, those with the most mail that didn't pass first."""
    tallies: dict[str, _Tally] = {}
    for one in counted:
        tally = tallies.setdefault(one.source, _Tally())
        tally.days.add(one.day)
        if one.aligned:
            tally.aligned += one.count
        else:
            tally.failing += one.count
            tally.passed_as = tally.passed_as or one.passed_as
    found = [
        SourceTotal(source, _kind(source, tally, own), tally.aligned, tally.failing, len(tally.days), tally.passed_as)
        for source, tally in tallies.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.failing, -one.aligned, one.address)))


def meter(counted: Collection[Counted], own: Collection[str], policy: DmarcPolicy, unproven: int = 0) -> Meter:
    """The answer, with its reason. ``counted``: of proven reports alone; ``unproven``: how many others came."""
    found = sources(counted, own)
    failing = {kind: sum(one.failing for one in found if one.kind is kind) for kind in SourceKind}
    failing[SourceKind.RETURNING] += failing.pop(SourceKind.ALIGNED)
    messages = sum(one.aligned + one.failing for one in found)
    days = len({one.day for one in counted})
    following = STEPS[STEPS.index(policy) + 1] if policy is not STEPS[-1] else None
    answer, reason = _answer(counted, found, failing, days, messages, following, unproven)
    passed = sum(one.aligned for one in found)
    return Meter(
        answer, policy, following, reason, days, messages, passed / messages if messages else None,
        failing[SourceKind.OURS], failing[SourceKind.RETURNING], failing[SourceKind.PASSING],
    )  # fmt: skip


def _kind(source: str, tally: _Tally, own: Collection[str]) -> SourceKind:
    if source in own:
        return SourceKind.OURS
    if tally.aligned >= tally.failing:
        return SourceKind.ALIGNED
    if len(tally.days) >= COMES_BACK or tally.passed_as:
        return SourceKind.RETURNING
    return SourceKind.PASSING


def _answer(
    counted: Collection[Counted],
    found: tuple[SourceTotal, ...],
    failing: dict[SourceKind, int],
    days: int,
    messages: int,
    following: DmarcPolicy | None,
    unproven: int,
) -> tuple[Go, Sentence]:
    passed = sum(one.aligned for one in found)
    if failing[SourceKind.OURS] > TOLERATED * (passed + failing[SourceKind.OURS]):
        return Go.NO, Sentence(
            "{count} messages that this server sent did not pass: they would be refused. Put its SPF or DKIM right first.",
            count=failing[SourceKind.OURS],
        )
    if failing[SourceKind.RETURNING] > TOLERATED * (passed + failing[SourceKind.RETURNING]):
        return Go.NO, _services(found, failing[SourceKind.RETURNING])
    if (reporter := _dissenter(counted, found)) is not None:
        return Go.NO, Sentence(
            "{reporter} saw mail from sources that come back and don't pass. Find out who they are first.",
            reporter=reporter,
        )
    if days < FEWEST_DAYS or messages < FEWEST_MESSAGES:
        return Go.UNKNOWN, _too_little(days, messages, unproven)
    if following is None:
        return Go.DONE, Sentence("Forged mail is refused already; there is nothing stricter.")
    return Go.YES, Sentence(
        "In {days} days of reports, the mail that is known to be yours passed. {count} messages that nobody vouches for "
        "would be stopped.",
        days=days,
        count=failing[SourceKind.PASSING],
    )


def _services(found: tuple[SourceTotal, ...], count: int) -> Sentence:
    returning = [one for one in found if one.failing and one.kind in (SourceKind.RETURNING, SourceKind.ALIGNED)]
    names = dict.fromkeys(f"{one.address} ({one.passed_as})" if one.passed_as else one.address for one in returning)
    return Sentence(
        "{count} messages came from sources that look like services that send for you, and did not pass: {sources}. If "
        "they are yours, let them sign with this domain; if not, stricter is right all the same.",
        count=count,
        sources=", ".join(list(names)[:5]),
    )


def _dissenter(counted: Collection[Counted], found: tuple[SourceTotal, ...]) -> str | None:
    """A reporter that saw more trouble than all together."""
    suspects = {one.address for one in found if one.kind is not SourceKind.PASSING}
    tallies: dict[str, _Tally] = {}
    for one in counted:
        tally = tallies.setdefault(one.reporter, _Tally())
        if one.aligned:
            tally.aligned += one.count
        elif one.source in suspects:
            tally.failing += one.count
    for reporter, tally in sorted(tallies.items()):
        seen = tally.aligned + tally.failing
        if seen >= ENOUGH_FOR_ONE and tally.failing > TOLERATED_BY_ONE * seen:
            return reporter
    return None


def _too_little(days: int, messages: int, unproven: int) -> Sentence:
    if unproven and not messages:
        return Sentence(
            "{count} reports came, and none of them is proven to be from whom it says: no advice is built on them.",
            count=unproven,
        )
    return Sentence(
        "The reports cover {days} days and {messages} messages; {least} days and {fewest} messages are needed to tell.",
        days=days,
        messages=messages,
        least=FEWEST_DAYS,
        fewest=FEWEST_MESSAGES,
    )
