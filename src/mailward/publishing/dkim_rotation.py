"""The life of DKIM keys (RFC 6376 sections 3.1 and 5.2, RFC 8463): made, published, signing, retiring, gone. Pure.

A key signs when every authoritative server shows its record, never before. The key that it takes over from signs no more
from that moment on; its record stays until mail that it signed can be under way no longer: Postfix' queue keeps a mail for
five days, and a cache a record for its TTL. At most one key of a kind is on its way in, so a server that never shows a
record holds the rotation up, and nothing else.

Clocks: a state that began in the future was written by a clock that was wrong, so it begins now, or no key would be
replaced for years. Retiring is the exception: there the record stays longer, never shorter, also when a clock goes back
for an hour and comes back.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailward.model.dns import DkimAlgorithm, DkimSelector, DkimState

EVERY = timedelta(days=90)  # from a key's first signature to the next key
SETTLING = timedelta(hours=1)  # between being seen everywhere and taking over: caches, and servers behind servers
QUEUE_LIFETIME = timedelta(days=5)  # main.cf's maximal_queue_lifetime
TTL = timedelta(hours=1)
RETIRING = QUEUE_LIFETIME + 2 * TTL
_AHEAD = (DkimState.MADE, DkimState.PUBLISHED)


@dataclass(frozen=True)
class Make:
    """A new key is to be made, under this selector."""

    selector: str
    algorithm: DkimAlgorithm


@dataclass(frozen=True)
class Move:
    """A key comes into this state now. The same state again: it begins anew."""

    selector: str
    to: DkimState


Step = Make | Move


def steps(
    keys: Sequence[DkimSelector], shown: Collection[str], now: datetime, *, every: timedelta | None = EVERY
) -> tuple[Step, ...]:
    """What is to happen now, in this order. ``keys`` are all of a domain that ever were; ``shown`` are the selectors whose
    records every authoritative server shows, asked just now. ``every`` None: no key is replaced for its age."""
    found: list[Step] = []
    used = {key.selector for key in keys}
    for algorithm in DkimAlgorithm:
        mine = [key for key in keys if key.algorithm is algorithm and key.state is not DkimState.GONE]
        misdated = [key for key in mine if key.changed_at > now and key.state is not DkimState.RETIRING]
        found += [Move(key.selector, key.state) for key in misdated]
        mine = [replace(key, changed_at=now) if key in misdated else key for key in mine]
        found += _one_kind(mine, algorithm, shown, now, every, used)
    return tuple(found)


def new_key(algorithm: DkimAlgorithm, used: Collection[str], now: datetime) -> Make:
    """The next key of a kind. Its selector was never used before, by a domain of that name that was removed neither:
    caches may know that one's record."""
    first = f"{algorithm.value[0]}{now:%Y%m%d%H%M}"
    names = [first, *(f"{first}-{number}" for number in range(2, len(used) + 3))]
    return Make(next(name for name in names if name not in used), algorithm)


def is_ahead(key: DkimSelector) -> bool:
    """It is on its way in and doesn't sign yet."""
    return key.state in _AHEAD


def signing(keys: Iterable[DkimSelector], taken: Iterable[Step]) -> tuple[str, ...]:
    """The selectors that sign once the steps are taken."""
    states = {key.selector: key.state for key in keys}
    states |= {step.selector: step.to for step in taken if isinstance(step, Move)}
    return tuple(sorted(name for name, state in states.items() if state is DkimState.SIGNING))


def _one_kind(
    keys: Sequence[DkimSelector],
    algorithm: DkimAlgorithm,
    shown: Collection[str],
    now: datetime,
    every: timedelta | None,
    used: Collection[str],
) -> list[Step]:
    found: list[Step] = []
    current = [key for key in keys if key.state is DkimState.SIGNING]
    ahead = sorted((key for key in keys if is_ahead(key)), key=lambda key: (key.made_at, key.selector))
    for key in ahead:
        if key.state is DkimState.PUBLISHED and key.selector not in shown:
            found.append(Move(key.selector, DkimState.MADE))  # a server shows it no more: it waits again
        elif key.state is DkimState.MADE and key.selector in shown:
            found.append(Move(key.selector, DkimState.PUBLISHED))
    ready = [key for key in ahead if key.selector in shown and (not current or _has_settled(key, now))]
    if ready:
        found.append(Move(ready[-1].selector, DkimState.SIGNING))
        found += [Move(key.selector, DkimState.RETIRING) for key in (*current, *ready[:-1])]
    elif not ahead and (not current or (every is not None and now - max(key.changed_at for key in current) >= every)):
        found.append(new_key(algorithm, used, now))
    gone = [key for key in keys if key.state is DkimState.RETIRING and now - key.changed_at >= RETIRING]
    return [*found, *(Move(key.selector, DkimState.GONE) for key in gone)]


def _has_settled(key: DkimSelector, now: datetime) -> bool:
    return key.state is DkimState.PUBLISHED and now - key.changed_at >= SETTLING
