"""The chain of events: each row holds the SHA-256 of itself and of the row before, so that nothing can be changed, taken
out or moved without every later row telling.

A row's hash is taken over its canonical JSON: all columns but ``sha256``, keys sorted, no spaces, UTF-8, times in UTC with
microseconds. Rows from before the chain hold no hash; the first chained row holds theirs. Whoever can write the store can
write a whole new chain; ``anchors.py`` holds what root has seen of it. This module never repairs anything.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from django.db import connection, transaction

from mailward.store.anchors import Anchor
from mailward.store.models import Event

COLUMNS = ("id", "at", "who", "what", "subject", "detail", "came_from", "domain", "customer", "previous")
AT_ONCE = 2000  # rows in memory
_LOCK = 0x6D61696C  # "mail": the advisory lock that PostgreSQL's writers of events take, until their transaction ends


class Break(StrEnum):
    """What is wrong with the first row that is wrong."""

    CHANGED = "changed"  # it doesn't have its hash
    UNLINKED = "unlinked"  # it doesn't follow the row before: rows were taken out, put in or moved
    UNCHAINED = "unchained"  # it has no hash, though an earlier one has
    REWRITTEN = "rewritten"  # root has seen another row with this number
    MISSING = "missing"  # root has seen it, and it is gone
    TRUNCATED = "truncated"  # root has seen it, and the chain ends before


@dataclass(frozen=True)
class Point:
    """How far the chain was followed. ``sha256``: of the last row, its own or, before the chain, what it would be."""

    event: int = 0
    sha256: str = ""
    is_chained: bool = False
    count: int = 0


START = Point()


@dataclass(frozen=True)
class ChainState:
    """``reached``: the last row that is good. ``first_broken``: the number of the first that isn't; None: all are good."""

    reached: Point
    first_broken: int | None = None
    how: Break | None = None

    @property
    def is_whole(self) -> bool:
        return self.how is None


def hold() -> None:
    """Nobody else writes an event until this transaction ends. SQLite's transactions hold that by themselves, since they
    begin with the right to write (``transaction_mode`` IMMEDIATE)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


@transaction.atomic
def append(**columns: Any) -> Event:
    """Write an event at the end of the chain. ``columns`` are the Event's, but its number and hashes."""
    hold()
    last = Event.objects.order_by("-id").values_list("id", "sha256").first()
    number, previous = (last[0] + 1, last[1] or _end()) if last else (1, "")
    event = Event(id=number, previous=previous, **columns)
    event.detail = json.loads(json.dumps(event.detail))  # as it will be read again
    event.sha256 = digest(tuple(getattr(event, name) for name in COLUMNS))
    event.save(force_insert=True)
    return event


def _end() -> str:
    """What the next row links to when the last one has no hash: once, in a store that is older than the chain."""
    chained = Event.objects.exclude(sha256="").order_by("-id").values_list("sha256", flat=True).first()
    return chained or verify_chain(()).reached.sha256


def canonical(row: tuple[Any, ...]) -> dict[str, Any]:
    """The columns as JSON knows them."""
    values = dict(zip(COLUMNS, row, strict=True))
    return {**values, "at": moment(values["at"])}


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def as_line(columns: dict[str, Any]) -> str:
    """Canonical JSON: whoever has it can take the hash again (``jq -cS 'del(.sha256)'`` prints the same)."""
    return json.dumps(columns, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(row: tuple[Any, ...]) -> str:
    """``row``: the values of COLUMNS, in this order."""
    return sha256(as_line(canonical(row)).encode("utf-8", "surrogatepass")).hexdigest()


def before(event: int) -> Point:
    """Where to go on so that ``event`` is the next that is looked at: the row before it, taken as it stands."""
    row = Event.objects.filter(id__lt=event).order_by("-id").values_list("id", "sha256").first()
    return Point(row[0], row[1], True) if row is not None and row[1] else START


def verify_chain(anchors: Iterable[Anchor], upto: int | None = None, after: Point = START) -> ChainState:
    """Follow the chain from ``after`` to its end, or to row ``upto``, in constant memory. ``anchors`` come in their order;
    those of rows that lie before are passed over."""
    rows = Event.objects.filter(id__gt=after.event) if after.event else Event.objects.all()
    if upto is not None:
        rows = rows.filter(id__lte=upto)
    expected = (one for one in anchors if one.event > after.event and (upto is None or one.event <= upto))
    return _follow(rows.order_by("id").values_list(*COLUMNS, "sha256").iterator(chunk_size=AT_ONCE), expected, after)


def _follow(rows: Iterable[tuple[Any, ...]], anchors: Iterator[Anchor], after: Point) -> ChainState:
    point, seen = after, next(anchors, None)
    for *columns, kept in rows:
        row = tuple(columns)
        number = row[0]
        if seen is not None and seen.event < number:
            return ChainState(point, seen.event, Break.MISSING)
        made = digest(row if kept else (*row[:-1], point.sha256))
        wrong = _wrong(row, kept, made, point)
        while wrong is None and seen is not None and seen.event == number:
            wrong = Break.REWRITTEN if seen.sha256 != made else None
            seen = next(anchors, None)
        if wrong is not None:
            return ChainState(point, number, wrong)
        point = Point(number, made, bool(kept), point.count + 1)
    return ChainState(point) if seen is None else ChainState(point, seen.event, Break.TRUNCATED)


def _wrong(row: tuple[Any, ...], kept: str, made: str, before: Point) -> Break | None:
    if not kept:
        return Break.UNCHAINED if before.is_chained else None
    if row[-1] != before.sha256:
        return Break.UNLINKED
    return None if made == kept else Break.CHANGED
