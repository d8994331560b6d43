"""Clocks: UTC, forwards, and sleeping takes time."""

from datetime import UTC, timedelta

import pytest

from fakes.still_clock import StillClock
from mailward.host.clock import RealClock
from mailward.model.outside import Clock


@pytest.fixture(params=[StillClock, RealClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_now_is_aware_and_sleeping_moves_both(clock: Clock) -> None:
    """now() is in UTC; after a sleep both clocks have moved by at least that much; a negative sleep is none."""
    before, ticks = clock.now(), clock.monotonic()
    clock.sleep(-1)
    clock.sleep(0.02)
    assert before.tzinfo is UTC
    assert clock.now() - before >= timedelta(seconds=0.019)
    assert clock.monotonic() - ticks >= 0.019
