"""The steward's daemon. It takes up what waits, orders what is due for renewal, and looks at the doors now and then.

Orders are worked on in threads of their own; one that has to wait for its CA or for DNS holds none of them, and a domain
whose order fails waits for its date. Nothing here listens on any socket, and mail flows without it.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import structlog
from django.db import close_old_connections, connections
from django.db.models import Q

from mailward.daemons import ALL
from mailward.model.certificates import Source
from mailward.model.errors import MailwardError
from mailward.model.findings import SERVER
from mailward.model.people import STEWARD
from mailward.model.progress import Quiet
from mailward.model.runs import RunKind, RunState, Waiting
from mailward.steward import demo_ca, issuance, last_used
from mailward.steward.anchoring import Anchoring
from mailward.steward.check_round import CheckRound
from mailward.steward.dns_day import DnsRound
from mailward.steward.host import Host
from mailward.steward.looking import Looker
from mailward.steward.name_round import NameRound
from mailward.steward.reports import ReportRound
from mailward.steward.steward import ENGINES, Steward
from mailward.store import records
from mailward.store.models import Domain, Event, Lineage, Run

log = structlog.get_logger()

PAUSE = 0.3  # seconds between two looks into the queue
LOOKERS = 2  # looks that people asked for, at the same time
WORKERS = 8  # orders that are worked on at the same time; those that wait are not among them
RENEWALS_EVERY = timedelta(minutes=1)
LOOK_EVERY = timedelta(minutes=15)  # from one look at all domains to the next, unless there are too many for that
LOOK_AT = 25  # domains at once: a few seconds, for which runs have to wait
LOOK_PAUSE = timedelta(seconds=15)  # between two parts of a look
LONGEST_PAUSE = timedelta(hours=1)  # an order that waits longer is looked at all the same: the clock may have been wrong
LONGEST_BACKOFF = timedelta(days=8)  # no CA asks for more (a weekly limit): what waits longer was told by a wrong clock


def forever(host: Host) -> None:
    """Until stopped by a signal. A trouble in one round is logged; the next round comes."""
    day = Day(host)
    told = ""
    while True:
        try:
            day.round()
            told = ""
        except MailwardError as trouble:
            if str(trouble.what) != told:  # not every second anew
                log.warning("round failed", what=str(trouble.what))
            told = str(trouble.what)
        except Exception:
            log.exception("round broke")
        close_old_connections()
        host.clock.sleep(PAUSE)


class Day:
    """What a round does, and when it last did it. Pauses are counted by the clock that nobody can set: one that was years
    ahead for a while must not stop renewals for years."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._steward = Steward(host, engines={**ENGINES, RunKind.ORDER: issuance.go_on})
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="order")
        self._eyes = ThreadPoolExecutor(LOOKERS, thread_name_prefix="look")  # a person waits for these
        self._orders: dict[int, Future[Waiting | None]] = {}
        self._waiting: dict[int, float] = {}
        self._next_renewals = host.clock.monotonic()
        self._next_look = host.clock.monotonic() + LOOK_EVERY.total_seconds()
        self._look_began = self._next_look
        self._looked_at = ""  # the last domain of this look
        self._knows_roots = False
        self._anchoring = Anchoring(host)
        self._names = NameRound(host)
        self._checks = CheckRound(host)
        self._dns = DnsRound(host)
        self._reports = ReportRound(host)

    def round(self) -> None:
        """One look into everything that may be due."""
        now = self._host.clock.monotonic()
        self._anchoring.round()
        if now >= self._next_renewals:
            host = self._host.fresh()
            self._learn_roots(host)
            ask_for_renewals(host)
            keep_logs_small(host)
            issuance.clean_leftovers(host)
            self._next_renewals = now + RENEWALS_EVERY.total_seconds()
        for run in records.unfinished():
            self._take(run, now)
        self._collect(now)
        last_used.learn(self._host)
        self._names.round()
        self._checks.round()
        self._dns.round()
        self._reports.round()
        if now >= self._next_look:
            self._look(now)

    def _learn_roots(self, host: Host) -> None:
        """Once. A demo's CA that is down is asked again with the next renewals; what waits doesn't wait for it."""
        if not self._knows_roots:
            try:
                demo_ca.learn_roots(host)
                self._knows_roots = True
            except MailwardError as trouble:
                log.warning("the demo's CA was not met", what=str(trouble.what))

    def _take(self, run: Run, now: float) -> None:
        if run.kind not in records.BESIDE:
            if self._waiting.get(run.pk, now) <= now:
                self._waits(run.pk, self._steward.take(run.pk, Quiet()), now)
        elif run.pk not in self._orders and self._waiting.get(run.pk, now) <= now:
            pool = self._eyes if run.kind in records.LOOKS else self._pool
            self._orders[run.pk] = pool.submit(self._order, run.pk)

    def _order(self, run_id: int) -> Waiting | None:
        try:
            return self._steward.take(run_id, Quiet())
        finally:
            connections.close_all()

    def _collect(self, now: float) -> None:
        """What has become of the orders that were worked on. One that waits is taken again at its moment."""
        for number, future in [(number, future) for number, future in self._orders.items() if future.done()]:
            del self._orders[number]
            self._waiting.pop(number, None)
            trouble = future.exception()
            if trouble is not None:
                log.warning("order put back", run=number, kind=type(trouble).__name__)
                self._waiting[number] = now + RENEWALS_EVERY.total_seconds()
            else:
                self._waits(number, future.result(), now)

    def _waits(self, run_id: int, waiting: Waiting | None, now: float) -> None:
        """A run that isn't at its end is taken again at its moment."""
        self._waiting.pop(run_id, None)
        if waiting is not None:
            pause = min(waiting.until - self._host.clock.now(), LONGEST_PAUSE)
            self._waiting[run_id] = now + pause.total_seconds()

    def _look(self, now: float) -> None:
        """The next part of a look at everything; after the last part, the next look."""
        if not self._looked_at:
            self._look_began = now
        self._looked_at = look_onward(self._host.fresh(), self._looked_at)
        next_look = max(now, self._look_began + LOOK_EVERY.total_seconds())
        self._next_look = now + LOOK_PAUSE.total_seconds() if self._looked_at else next_look


def ask_for_renewals(host: Host) -> int:
    """An order for every lineage that is due, or that failed and has waited it out; how many were asked for."""
    now = host.clock.now()
    waited = Q(retry_at__lte=now) | Q(retry_at__gt=now + LONGEST_BACKOFF)
    due = Lineage.objects.select_related("domain").filter(
        Q(retry_at=None, renew_at__lte=now) | waited,
        source__in=[Source.ACME, Source.SELF_SIGNED],
        revoked_at=None,
    )
    busy = set(
        Run.objects.filter(kind=RunKind.ORDER, state__in=[RunState.WAITING, RunState.RUNNING]).values_list(
            "subject", flat=True
        )
    )
    asked = [lineage for lineage in due if lineage.pk not in busy]
    for lineage in asked:
        request = {"lineage": lineage.pk, "choose": _still_wished(lineage)}
        domain = lineage.domain.name if lineage.domain else ""
        records.ask(RunKind.ORDER, lineage.pk, request, STEWARD, now, domain=domain)
    return len(asked)


def _still_wished(lineage: Lineage) -> list[str]:
    """The roles for which the order that failed was to be taken: trying again is the same wish, unless a person has chosen
    something for that domain since."""
    if lineage.retry_at is None:
        return []
    last = Run.objects.filter(kind=RunKind.ORDER, subject=lineage.pk).order_by("-id").first()
    if last is None or not last.request.get("choose"):
        return []
    scope = lineage.domain.name if lineage.domain else SERVER
    chosen = Event.objects.filter(what="certificate.chosen", subject=scope, at__gt=last.created_at)
    return [] if chosen.exists() else list(last.request["choose"])


def look_onward(host: Host, after: str) -> str:
    """Connect to every door by every name of the next domains after ``after``, the server's own first, and keep what was
    found. The last domain that was looked at, or "" when there is none left: thousands of domains are not asked at once,
    since nothing else is done meanwhile."""
    names = list(Domain.objects.filter(name__gt=after).order_by("name").values_list("name", flat=True)[:LOOK_AT])
    server = not after
    records.keep_findings(Looker(host).domains(names, server=server), [*names, *(["server"] if server else [])])
    return names[-1] if len(names) == LOOK_AT else ""


def keep_logs_small(host: Host) -> None:
    """Move full logs aside, and have the daemons that wrote them open new ones."""
    if not host.rotate_logs():
        return
    running = host.ground.supervisor.states()
    for daemon in ALL:
        if daemon.reopen is not None and running.get(daemon.name) == "RUNNING":
            host.processes.run(daemon.reopen(host.layout), timeout=60)
