"""A clock that stands still until it is moved; sleeping moves it."""

from datetime import UTC, datetime, timedelta


class StillClock:
    def __init__(self, now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._start = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.move(seconds=max(0.0, seconds))

    def move(self, **span: float) -> None:
        """move(days=3, seconds=1) …"""
        self._now += timedelta(**span)
