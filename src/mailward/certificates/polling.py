"""Asking again until something is so: often at first, then ever more rarely, and never for ever."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from mailward.model.outside import Clock

T = TypeVar("T")
_LONGEST_ASKED = timedelta(seconds=30)


@dataclass(frozen=True)
class Pace:
    """Seconds between two questions: from ``first``, each time ``growth`` times longer, up to ``longest``."""

    first: float = 0.03
    growth: float = 1.5
    longest: float = 3.0


QUICK = Pace()


def until(look: Callable[[], T | timedelta | None], clock: Clock, seconds: float, pace: Pace = QUICK) -> T | None:
    """What ``look`` gives in the end; None when ``seconds`` have passed. It looks at least once.

    ``look`` gives None for "not yet", or a timedelta for "not yet, and don't ask again before" (a CA's Retry-After).
    """
    end = clock.monotonic() + seconds
    pause = pace.first
    while True:
        found = look()
        if found is not None and not isinstance(found, timedelta):
            return found
        asked = min(found, _LONGEST_ASKED).total_seconds() if found is not None else 0.0
        left = end - clock.monotonic()
        if left <= 0:
            return None
        clock.sleep(min(max(pause, asked), left))
        pause = min(pause * pace.growth, pace.longest)
