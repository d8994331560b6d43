"""How fast one token may ask: so many requests a minute, counted in this process, which is the only one."""

import threading
from time import monotonic

from mailward.api.problems import Refusal
from mailward.model.sentence import Sentence

PER_MINUTE = 600
MOST_KNOWN = 10_000


class Pace:
    """Counts by windows of one minute. Never waits."""

    def __init__(self, most: int = PER_MINUTE) -> None:
        self.most = most
        self._guard = threading.Lock()
        self._window = 0
        self._spent: dict[str, int] = {}

    def spend(self, who: str, now: float | None = None) -> int:
        """One request of ``who``; answers how many are left. Raises Refusal (429)."""
        now = monotonic() if now is None else now
        with self._guard:
            window = int(now // 60)
            if window != self._window or len(self._spent) > MOST_KNOWN:
                self._window, self._spent = window, {}
            self._spent[who] = spent = self._spent.get(who, 0) + 1
        if spent > self.most:
            wait = int(60 - now % 60) + 1
            said = Sentence("more than {most} requests in one minute", most=self.most)
            remedy = Sentence("Wait {seconds} seconds, then ask again.", seconds=wait)
            raise Refusal(429, "too-many-requests", said, remedy, headers={"Retry-After": str(wait)})
        return self.most - spent

    def forget(self) -> None:
        """Begin anew for everybody."""
        with self._guard:
            self._spent = {}


PACE = Pace()
