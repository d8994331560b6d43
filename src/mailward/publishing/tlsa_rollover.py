"""The roll-over of a TLSA set ``3 1 1`` (RFC 6698, RFC 7671 section 8.1, RFC 7672): which hash is published when, and when
a key may be served. Pure: what servers show is handed in, and nothing is published here.

A key is made and its hash published before it is deployed; it is deployed when all authoritative servers have shown it for
as long as a cache may keep an older set; the key before it stays published until nobody can still meet it. So at every
moment the served key is in every set that somebody may hold. What a look doesn't show is never taken for shown: a server
that is silent makes nothing ready.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mailward.model.dns import TlsaHash, TlsaState
from mailward.model.settings import Settings

TTL = 3600  # seconds
DEMO_TTL = 2
_AHEAD = (TlsaState.NEXT, TlsaState.VISIBLE)


def ttl(settings: Settings) -> int:
    """Seconds for which caches keep a TLSA set."""
    return TTL if settings.demo is None else DEMO_TTL


@dataclass(frozen=True)
class Look:
    """What the authoritative servers showed: hashes (hex) that all of them have, those that any has, and who was silent."""

    everywhere: frozenset[str]
    anywhere: frozenset[str]
    silent: tuple[str, ...] = ()
    is_there: bool = True  # a server has TLSA records, of whatever kind

    @property
    def is_absent(self) -> bool:
        """No server has a set, and every one of them said so."""
        return not self.silent and not self.is_there


class Obstacle(StrEnum):
    """Why a key must not be served yet."""

    MISSING = "missing"  # a server doesn't show its hash
    YOUNG = "young"  # caches may still hold a set without it
    SILENT = "silent"  # a server didn't say what it has


def after_look(hashes: Sequence[TlsaHash], look: Look, now: datetime, ttl: int) -> tuple[TlsaHash, ...]:
    """The hashes after a look: seen since when, ready or not, gone when nobody needs them any more."""
    return tuple(_after_look(one, look, now, timedelta(seconds=ttl)) for one in hashes)


def _after_look(one: TlsaHash, look: Look, now: datetime, kept: timedelta) -> TlsaHash:
    if one.state is TlsaState.RETIRING and now - one.changed_at >= 2 * kept:
        return replace(one, state=TlsaState.GONE, changed_at=now)
    if one.sha256 not in look.everywhere:
        if look.silent:
            return one
        unseen = replace(one, seen_at=None)
        return replace(unseen, state=TlsaState.NEXT, changed_at=now) if one.state is TlsaState.VISIBLE else unseen
    seen = one if one.seen_at is not None else replace(one, seen_at=now)
    if seen.state is TlsaState.NEXT and _known_from(seen, now, kept) <= now:
        return replace(seen, state=TlsaState.VISIBLE, changed_at=now)
    return seen


def _known_from(one: TlsaHash, now: datetime, kept: timedelta) -> datetime:
    """From when on no cache holds a set without this hash."""
    if one.with_first and one.seen_at is not None:
        return one.seen_at
    return (one.seen_at or now) + kept


def after_switch(name: str, hashes: Sequence[TlsaHash], served: Collection[str], now: datetime) -> tuple[TlsaHash, ...]:
    """The hashes when these keys are what the door serves: those before them retire."""
    found = []
    for one in hashes:
        state = one.state
        if one.sha256 in served:
            state = TlsaState.CURRENT
        elif state is TlsaState.CURRENT:
            state = TlsaState.RETIRING
        found.append(one if state is one.state else replace(one, state=state, changed_at=now))
    known = {one.sha256 for one in hashes}
    return (*found, *(TlsaHash(name, key, TlsaState.CURRENT, now) for key in served if key not in known))


def obstacle(
    hashes: Iterable[TlsaHash], keys: Collection[str], look: Look, now: datetime, ttl: int
) -> tuple[Obstacle, datetime] | None:
    """Why these keys (hex of their hashes) must not be served now, and when to look again; None: they may."""
    soon = now + timedelta(seconds=1)
    if not set(keys) <= look.everywhere:
        return (Obstacle.SILENT if look.silent else Obstacle.MISSING), soon
    if look.silent:
        return Obstacle.SILENT, soon
    kept = timedelta(seconds=ttl)
    known = {one.sha256: _known_from(one, now, kept) for one in hashes if one.state is not TlsaState.GONE}
    ready = max((known.get(key, now + kept) for key in keys), default=now)
    return (Obstacle.YOUNG, ready) if ready > now else None


def is_ahead(one: TlsaHash) -> bool:
    """Its key isn't served yet."""
    return one.state in _AHEAD
