"""The steward writes down how far the record of activity has come, where the panel's process, who writes that record,
can't: whoever took the panel over can't rewrite what was done before (store/chain.py, store/anchors.py).

What the record contradicts is never replaced: then nothing is added any more, the log says so each hour, and every
display of the record shouts. Nothing here repairs it. After the store was brought back from a backup on purpose, root
moves the file of anchors aside, and a new one begins.
"""

import structlog

from mailward.model.errors import MailwardError
from mailward.steward.host import Host
from mailward.store import chain
from mailward.store.anchors import Anchor, last_anchor
from mailward.store.models import Event

log = structlog.get_logger()

EVERY = 10.0  # seconds
LOGGED_EVERY = 3600.0


class Anchoring:
    """One in each steward's daemon."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._next = host.clock.monotonic()
        self._next_log = self._next

    def round(self) -> Anchor | None:
        """The anchor that was added, if the head has moved and follows from the last one."""
        now = self._host.clock.monotonic()
        if self._host.anchor is None or now < self._next:
            return None
        self._next = now + EVERY
        try:
            return self._add()
        except MailwardError as trouble:
            self._complain(str(trouble.what))
            return None

    def _add(self) -> Anchor | None:
        last = last_anchor(self._host.layout.anchors)
        head = Event.objects.order_by("-id").values_list("id", "sha256").first()
        if last is not None and head == (last.event, last.sha256):
            return None
        after = chain.START if last is None else chain.before(last.event)
        state = chain.verify_chain(() if last is None else (last,), after=after)
        if not state.is_whole:
            self._complain(f"{state.how} at event {state.first_broken}")
            return None
        if not state.reached.is_chained:
            return None
        anchor = Anchor(self._host.clock.now(), state.reached.event, state.reached.sha256)
        assert self._host.anchor is not None
        self._host.anchor(anchor.line())
        return anchor

    def _complain(self, what: str) -> None:
        now = self._host.clock.monotonic()
        if now >= self._next_log:
            log.error("the record of activity is not as it was written", what=what, see="mailward events verify")
            self._next_log = now + LOGGED_EVERY
