"""What the steward does about names, each minute, in a thread of its own: proofs of control that are due, and the watch for
look-alikes. Name servers of others that are silent hold up nobody."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import structlog
from django.db import connections

from mailward.steward.control import look_onward
from mailward.steward.host import Host
from mailward.steward.name_watch import Watch
from mailward.store import name_forms

log = structlog.get_logger()

EVERY = timedelta(minutes=1)
PROOFS = 10  # looks for a proof, a minute
FORMS = 5000  # domains whose looks are learned, a minute: all of them, after an update


class NameRound:
    """Called every moment; works once a minute."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="names")
        self._running: Future[None] | None = None
        self._next = host.clock.monotonic() + EVERY.total_seconds()
        self._watch = Watch()

    def round(self) -> None:
        """Begin the next part, when it is time and the one before has ended."""
        if self._running is not None and not self._running.done():
            return
        if self._running is not None and (trouble := self._running.exception()) is not None:
            log.warning("the watch over names broke", kind=type(trouble).__name__, what=str(trouble))
        self._running = None
        now = self._host.clock.monotonic()
        if now >= self._next:
            self._next = now + EVERY.total_seconds()
            self._running = self._pool.submit(self._work)

    def _work(self) -> None:
        try:
            host = self._host.fresh()
            name_forms.remember_onward(host.suffixes().registered, FORMS)
            look_onward(host, PROOFS)
            self._watch.go_on(host)
        finally:
            connections.close_all()
