"""The steward's own checks: every domain is looked at within half a day, the most urgent first.

New domains and those whose records were just published come first; then, at least half of each part, those that were
looked at longest ago; the rest is what isn't well, looked at again every hour. A part is small, and made beside everything
else: name servers of others that are silent hold up nobody. What is bounded is the number of domains each minute, so that
50,000 are spread over the hours.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog
from django.db import connections
from django.db.models import Exists, OuterRef

from mailward.model.findings import SERVER
from mailward.model.runs import RunKind, RunState
from mailward.model.verdict import Verdict
from mailward.steward.checks import Checker
from mailward.steward.host import Host
from mailward.store.models import Domain, DomainBoard, Run

log = structlog.get_logger()

EVERY = timedelta(minutes=1)
WITHIN = timedelta(hours=12)  # every domain; what is older than a day is unknown (model.checks.CHECKS_STALE_AFTER)
AGAIN = timedelta(hours=1)  # what isn't well, and the host itself
LEAST = 20  # domains a minute


class CheckRound:
    """Called every moment; looks once a minute, in a thread of its own."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checks")
        self._running: Future[None] | None = None
        self._next = host.clock.monotonic() + EVERY.total_seconds()

    def round(self) -> None:
        """Begin the next part, when it is time and the one before has ended."""
        if self._running is not None and not self._running.done():
            return
        if self._running is not None and (trouble := self._running.exception()) is not None:
            log.warning("checks broke", kind=type(trouble).__name__, what=str(trouble))
        self._running = None
        now = self._host.clock.monotonic()
        if now >= self._next:
            self._next = now + EVERY.total_seconds()
            self._running = self._pool.submit(self._look)

    def _look(self) -> None:
        try:
            host = self._host.fresh()
            names = due(host.clock.now())
            if names:
                for _ in Checker(host).look(names):
                    pass
        finally:
            connections.close_all()


def due(now: datetime) -> list[str]:
    """Whom to look at now, the most urgent first. As many questions to the store however many domains there are."""
    most = part_of(Domain.objects.count())
    busy = _busy()
    rows = DomainBoard.objects.filter(Exists(Domain.objects.filter(name=OuterRef("domain"))))
    new = Domain.objects.exclude(Exists(DomainBoard.objects.filter(domain=OuterRef("name")))).order_by("pk")
    old = rows.filter(checked_at__lt=now - WITHIN).order_by("checked_at")
    unwell = rows.filter(checked_at__lt=now - AGAIN).exclude(six=Verdict.PASS).order_by("checked_at")
    urgent = [*_server(now), *_published_since(now), *new.values_list("name", flat=True)[: most + len(busy)]]
    found = _first(urgent, most, busy)
    ageing = _first(old.values_list("domain", flat=True)[:most], max(0, most - len(found)) // 2, found | busy)
    found |= ageing
    found |= _first(unwell.values_list("domain", flat=True)[: most * 2], most - len(found), found | busy)
    found |= _first(old.values_list("domain", flat=True)[: most * 2], most - len(found), found | busy)
    return list(found)


def part_of(held: int) -> int:
    """How many domains are looked at in a minute: twice what keeps all of them younger than WITHIN."""
    return max(LEAST, 2 * -(-held // int(WITHIN / EVERY)))


def _first(names: Iterable[str], most: int, without: "dict[str, None]") -> dict[str, None]:
    """The first of them, in their order, each once."""
    found: dict[str, None] = {}
    for name in names:
        if len(found) >= most:
            break
        if name not in without:
            found[name] = None
    return found


def _server(now: datetime) -> Sequence[str]:
    known = DomainBoard.objects.filter(domain=SERVER, checked_at__gte=now - AGAIN).exists()
    return () if known else (SERVER,)


def _busy() -> dict[str, None]:
    """Domains whose records are being published just now: a look would find them half done."""
    waiting = Run.objects.filter(
        kind__in=[RunKind.DNS, RunKind.DIRECTORY], state__in=[RunState.WAITING, RunState.RUNNING]
    ).exclude(domain="")
    return dict.fromkeys(waiting.values_list("domain", flat=True))


def _published_since(now: datetime) -> list[str]:
    """Domains whose records changed since they were looked at."""
    ended = Run.objects.filter(kind=RunKind.DNS, finished_at__gt=now - AGAIN).order_by("-finished_at")[:500]
    at = {run.subject: run.finished_at for run in reversed(ended)}
    rows = DomainBoard.objects.filter(domain__in=list(at)).values_list("domain", "checked_at")
    return [domain for domain, checked_at in rows if checked_at < (at[domain] or now)]
