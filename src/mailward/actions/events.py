"""The record of activity, as far as somebody may see it, and whether it is still as it was written.

Nothing here changes it. The chain is followed from where it was good the last time, and from its beginning now and then.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from django.db.models import Q, QuerySet

from mailward.actions.office import Office
from mailward.actions.permission import require_somewhere
from mailward.model.people import Actor
from mailward.model.rights import Act, Reach
from mailward.model.sentence import NOTHING, Sentence
from mailward.store import chain
from mailward.store.anchors import Anchor, last_anchor, read_anchors
from mailward.store.models import Event

MOST = 1000  # rows that one page may have
WHOLE_EVERY = timedelta(minutes=15)
ANEW_EVERY = timedelta(seconds=10)  # a look at 100,000 events takes over a second, and anybody may ask for it


_BROKEN: Mapping[chain.Break, Sentence] = {
    chain.Break.CHANGED: Sentence("event {event} is not as it was written"),
    chain.Break.UNLINKED: Sentence("before event {event}, something was taken out, put in or moved"),
    chain.Break.UNCHAINED: Sentence("event {event} was put in by something other than Mailward"),
    chain.Break.REWRITTEN: Sentence("the events up to {event} were written anew"),
    chain.Break.MISSING: Sentence("event {event} is missing"),
    chain.Break.TRUNCATED: Sentence("the newest events are missing, up to event {event}"),
}
_BROKEN_REMEDY = Sentence(
    "Take this as a break-in until you know better: somebody with access to the store has changed what was written. "
    "Compare with an exported copy or a backup."
)


@dataclass(frozen=True)
class EventRow:
    """One event. ``came_from`` "": the machine itself; ``domain`` and ``customer`` "": the host's. ``line``: all of it as
    canonical JSON with its hash, from which anybody can take the hash again."""

    id: int
    at: datetime
    who: str
    what: str
    subject: str
    detail: tuple[tuple[str, str], ...]
    came_from: str
    domain: str
    customer: str
    previous: str
    sha256: str
    line: str


@dataclass(frozen=True)
class Whole:
    """Whether the record is as it was written. ``first_broken`` None: it is. ``how``: a word of ``store.chain.Break``."""

    count: int
    first_broken: int | None
    how: str | None
    anchored: int | None  # the newest event that root has seen
    anchored_at: datetime | None
    what: Sentence = NOTHING  # what is wrong, and what to do about it
    remedy: Sentence = NOTHING

    @property
    def is_whole(self) -> bool:
        return self.first_broken is None


def list_events(
    office: Office,
    actor: Actor,
    *,
    search: str = "",
    who: str = "",
    what: str = "",
    before: int | None = None,
    limit: int = 50,
) -> tuple[EventRow, ...]:
    """The newest first; ``before``: only those with a smaller number (the next page). ``search``: a part of the subject;
    ``what``: a whole word (domain.added), or its beginning up to the dot (domain)."""
    rows = _in_reach(actor)
    if search:
        rows = rows.filter(subject__icontains=search)
    if who:
        rows = rows.filter(who__icontains=who)
    if what:
        rows = rows.filter(Q(what=what) | Q(what__startswith=f"{what}."))
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = rows.order_by("-id").values_list(*chain.COLUMNS, "sha256")[: min(max(1, limit), MOST)]
    return tuple(_row(one) for one in found)


def kinds_of_events(office: Office, actor: Actor) -> tuple[str, ...]:
    """The words of the events in reach, for a filter."""
    return tuple(_in_reach(actor).order_by("what").values_list("what", flat=True).distinct())


def export(office: Office, actor: Actor) -> Iterator[EventRow]:
    """All in reach, the oldest first, a few at a time: each row's ``line`` is a line of JSON Lines."""
    rows = _in_reach(actor).order_by("id").values_list(*chain.COLUMNS, "sha256")
    return (_row(one) for one in rows.iterator(chunk_size=chain.AT_ONCE))


def chain_state(office: Office, actor: Actor, *, from_the_beginning: bool = False) -> Whole:
    """Whether the whole record is as it was written, whoever asks. New events are followed each time; all of them from the
    beginning when that was long ago, when something is wrong, or when it is asked for."""
    require_somewhere(actor, Act.EVENTS_READ)
    state = _FOLLOWED.state(office.layout.anchors, office.clock.now(), anew=from_the_beginning)
    seen = last_anchor(office.layout.anchors)
    whole = Whole(
        count=state.reached.count,
        first_broken=state.first_broken,
        how=None if state.how is None else state.how.value,
        anchored=seen.event if seen else None,
        anchored_at=seen.at if seen else None,
    )
    if state.how is None:
        return whole
    said = Sentence(_BROKEN[state.how].template, event=state.first_broken or 0)
    return replace(whole, what=said, remedy=_BROKEN_REMEDY)


class _Followed:
    """How far this process has followed the chain, and when it last did so from the beginning."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reached = chain.START
        self._place: Path | None = None
        self._whole_at: datetime | None = None

    def state(self, anchors: Path, now: datetime, *, anew: bool) -> chain.ChainState:
        with self._lock:
            anew = anew and not (self._whole_at is not None and now < self._whole_at + ANEW_EVERY)
            after = chain.START if anew or not self._can_go_on(anchors, now) else self._reached
            state = chain.verify_chain(_newest(anchors, after), after=after)
            if after is chain.START:
                self._whole_at = now if state.is_whole else None
            if not state.is_whole:
                self._whole_at = None  # look again from the beginning the next time
            self._reached, self._place = state.reached, anchors
            return state

    def _can_go_on(self, anchors: Path, now: datetime) -> bool:
        """The last row that was good is still there as it was, and the last whole look isn't long ago."""
        if self._place != anchors or self._whole_at is None or not self._reached.event:
            return False
        if not self._whole_at <= now < self._whole_at + WHOLE_EVERY:
            return False
        row = Event.objects.filter(pk=self._reached.event).values_list(*chain.COLUMNS, "sha256").first()
        if row is None:
            return False
        return row[-1] == self._reached.sha256 == chain.digest(row[:-1]) or not self._reached.is_chained


_FOLLOWED = _Followed()


def _newest(path: Path, after: chain.Point) -> Iterable[Anchor]:
    """All anchors for a look at everything. Going on, those before ``after`` were looked at: when the newest isn't newer,
    there is nothing to read."""
    seen = last_anchor(path)
    return () if seen is None or seen.event <= after.event else read_anchors(path)


def _in_reach(actor: Actor) -> QuerySet[Event]:
    """The host's reader sees all; a customer's what is theirs; a domain's what is that domain's."""
    require_somewhere(actor, Act.EVENTS_READ)
    rows = Event.objects.all()
    if actor.limits.domains is not None:
        rows = rows.filter(domain__in=actor.limits.domains)
        actor = replace(actor, limits=replace(actor.limits, domains=None))
    if actor.may(Act.EVENTS_READ):
        return rows
    reach = Q(pk__in=[])
    for grant in actor.grants:
        if grant.allows(Act.EVENTS_READ) and grant.reach is Reach.CUSTOMER:
            reach |= Q(customer=grant.customer)
        elif grant.allows(Act.EVENTS_READ) and grant.reach is Reach.DOMAIN:
            reach |= Q(domain=grant.domain)
    return rows.filter(reach)


def _row(row: tuple[Any, ...]) -> EventRow:
    *columns, digest = row
    values = dict(zip(chain.COLUMNS, columns, strict=True))
    detail = tuple((name, _shown(part)) for name, part in sorted(values.pop("detail").items()))
    line = chain.as_line({**chain.canonical(tuple(columns)), "sha256": digest})
    return EventRow(**values, detail=detail, sha256=digest, line=line)


def _shown(part: object) -> str:
    """A value of the detail as people read it."""
    if isinstance(part, list):
        return ", ".join(_shown(one) for one in part)
    if isinstance(part, dict):
        return ", ".join(f"{name}: {_shown(one)}" for name, one in sorted(part.items()))
    return "–" if part is None else str(part)
