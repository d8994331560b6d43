"""Time as the host tells it."""

import time
from datetime import UTC, datetime


class RealClock:
    """The host's clocks. ``now`` is aware and in UTC; ``monotonic`` counts seconds and never goes back."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))
