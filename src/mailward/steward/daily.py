"""The steward's daemon. It takes up what waits, orders what is due for renewal, and looks at the doors now and then.

Orders wait for their CA in threads of their own; a domain whose order fails waits for its date. Nothing here listens on
any socket, and mail flows without it.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import structlog
from django.db import close_old_connections, connections
from django.db.models import Q

from mailward.daemons import ALL
from mailward.model.certificates import Source
from mailward.model.errors import MailwardError
from mailward.model.people import STEWARD
from mailward.model.progress import Quiet
from mailward.model.runs import RunKind, RunState
from mailward.steward import demo_ca, issuance
from mailward.steward.host import Host
from mailward.steward.looking import Looker
from mailward.steward.steward import Steward
from mailward.store import records
from mailward.store.models import Domain, Lineage, Run

log = structlog.get_logger()

PAUSE = 1.0  # seconds between two looks into the queue
WORKERS = 8  # orders that wait for a CA at the same time
RENEWALS_EVERY = timedelta(minutes=1)
LOOK_EVERY = timedelta(minutes=15)


def forever(host: Host) -> None:
    """Until stopped by a signal. A trouble in one round is logged; the next round comes."""
    day = Day(host)
    while True:
        try:
            day.round()
        except MailwardError as trouble:
            log.warning("round failed", what=str(trouble.what))
        except Exception:
            log.exception("round broke")
        close_old_connections()
        host.clock.sleep(PAUSE)


class Day:
    """What a round does, and when it last did it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._steward = Steward(host)
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="order")
        self._orders: dict[int, Future[None]] = {}
        self._next_renewals = host.clock.now()
        self._next_look = host.clock.now() + LOOK_EVERY
        self._knows_roots = False

    def round(self) -> None:
        """One look into everything that may be due."""
        now = self._host.clock.now()
        if now >= self._next_renewals:
            self._learn_roots()
            ask_for_renewals(self._host)
            keep_logs_small(self._host)
            issuance.clean_leftovers(self._host)
            self._next_renewals = now + RENEWALS_EVERY
        for run in records.unfinished():
            self._take(run)
        self._orders = {number: future for number, future in self._orders.items() if not future.done()}
        if now >= self._next_look:
            look_at_everything(self._host.fresh())
            self._next_look = now + LOOK_EVERY

    def _learn_roots(self) -> None:
        """Once. A demo's CA that is down is asked again with the next renewals; what waits doesn't wait for it."""
        if not self._knows_roots:
            try:
                demo_ca.learn_roots(self._host)
                self._knows_roots = True
            except MailwardError as trouble:
                log.warning("the demo's CA was not met", what=str(trouble.what))

    def _take(self, run: Run) -> None:
        if run.kind != RunKind.ORDER:
            self._steward.take(run.pk, Quiet())
        elif run.pk not in self._orders:
            self._orders[run.pk] = self._pool.submit(self._order, run.pk)

    def _order(self, run_id: int) -> None:
        try:
            self._steward.take(run_id, Quiet())
        finally:
            connections.close_all()


def ask_for_renewals(host: Host) -> int:
    """An order for every lineage that is due and not waiting out a failure; how many were asked for."""
    now = host.clock.now()
    due = Lineage.objects.filter(
        Q(retry_at=None) | Q(retry_at__lte=now),
        source__in=[Source.ACME, Source.SELF_SIGNED],
        renew_at__lte=now,
        revoked_at=None,
    )
    busy = set(
        Run.objects.filter(kind=RunKind.ORDER, state__in=[RunState.WAITING, RunState.RUNNING]).values_list(
            "subject", flat=True
        )
    )
    asked = [lineage for lineage in due if lineage.pk not in busy]
    for lineage in asked:
        records.ask(RunKind.ORDER, lineage.pk, {"lineage": lineage.pk, "choose": []}, STEWARD, now)
    return len(asked)


def look_at_everything(host: Host) -> None:
    """Connect to every door by every name, and keep what was found."""
    names = sorted(Domain.objects.values_list("name", flat=True))
    records.keep_findings(Looker(host).domains(names, server=True), [*names, "server"])


def keep_logs_small(host: Host) -> None:
    """Move full logs aside, and have the daemons that wrote them open new ones."""
    if not host.rotate_logs():
        return
    running = host.ground.supervisor.states()
    for daemon in ALL:
        if daemon.reopen is not None and running.get(daemon.name) == "RUNNING":
            host.processes.run(daemon.reopen(host.layout), timeout=60)
