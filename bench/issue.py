#!/usr/bin/env python3
"""Many wildcard certificates at once from a real CA program (Pebble, DNS-01 through Knot), by the steward's own day: how
many a second, whether failing domains hold up the others, and what certbot does in the same run."""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import _certbot
from _figures import Report, Table, median, run, version
from _host import BENCH, carried_out, demo_host, directory

from mailward.actions import domains, orders
from mailward.bootstrap import Mailward
from mailward.model.outside import DnsAnswer, Resolver
from mailward.model.runs import RunState
from mailward.steward.daily import WORKERS, Day
from mailward.steward.host import Host
from mailward.store.models import Customer, Domain, Lineage, Run

CUSTOMER = "bench"
PATIENCE = 600.0
FAILING = 5


@dataclass(frozen=True)
class Round:
    """What one round of orders took. ``waits``: from asking to the end, for each of the orders that can succeed."""

    seconds: float
    waits: tuple[float, ...]
    services: tuple[float, ...]

    @property
    def rate(self) -> float:
        return len(self.waits) / self.seconds


def bench(asked: argparse.Namespace, report: Report) -> None:
    good_count, bad_count = (4, 1) if asked.quick else (asked.certificates - FAILING, FAILING)
    with demo_host() as mailward:
        good = [f"w{number:03}.bench.test" for number in range(good_count)]
        for name in good:
            carried_out(mailward, domains.add_domain(mailward.office, BENCH, name, CUSTOMER).run_id)
        gone = _without_zone(bad_count)
        report.say(f"a demo host with {len(good)} domains runs; {len(gone)} more have no zone")
        table = report.table(
            f"{good_count + bad_count} wildcard certificates asked for at once, {WORKERS} orders at a time",
            "beside the good ones", "certificates", "seconds", "per second", "median wait", "95 % wait", "longest wait",
            "median order", "longest order",
        )  # fmt: skip
        _round(mailward, "warm", good[: min(8, good_count)], ())
        late = _late(mailward, bad_count)
        rounds: list[tuple[Round, Round, Round]] = []
        for number in range(1 if asked.quick else asked.times):
            alone = _round(mailward, f"alone{number}", good, ())
            failing = _round(mailward, f"failing{number}", good, gone)
            _require_told(gone)
            rounds.append((alone, failing, _slow(mailward, f"slow{number}", good, late)))
            report.say(f"alone, with failing and with slow ones: measured {number + 1} times")
        alone, failing, slow = (min(each, key=lambda one: one.seconds) for each in zip(*rounds, strict=True))
        for label, found in (
            ("nothing", alone),
            (f"{bad_count} without a zone (they fail)", failing),
            (f"{bad_count} whose name servers show nothing", slow),
        ):
            _row(table, label, found)
        _conclude(report, table, alone, failing, slow)
        _peer(report, mailward, good[: 1 if asked.quick else 10], failing)


def _without_zone(count: int) -> list[str]:
    """Domains that are held here while their DNS isn't: what a customer leaves behind who moved away."""
    customer = Customer.objects.get(name=CUSTOMER)
    names = [f"gone{number}.elsewhere.test" for number in range(count)]
    Domain.objects.bulk_create([Domain(name=name, customer=customer) for name in names])
    return names


def _round(mailward: Mailward, label: str, good: Sequence[str], others: Sequence[str]) -> Round:
    """Names that no round before asked for, since Pebble takes an authorisation it has for the next order."""
    return _carried_out(mailward, mailward.host, [*others, *good], label, frozenset(good), lambda: None)


def _late(mailward: Mailward, count: int) -> list[str]:
    names = [f"late{number}.bench.test" for number in range(count)]
    for name in names:
        carried_out(mailward, domains.add_domain(mailward.office, BENCH, name, CUSTOMER).run_id)
    return names


def _slow(mailward: Mailward, label: str, good: Sequence[str], late: Sequence[str]) -> Round:
    """The first orders are for ``late``, whose name servers don't show the record before the others are done."""
    shown = threading.Event()
    real = mailward.host.authoritative

    def authoritative(zone: str) -> Sequence[Resolver]:
        return [_Late(one, shown) for one in real(zone)] if zone in late else real(zone)

    host = replace(mailward.host, authoritative=authoritative)
    return _carried_out(mailward, host, [*late, *good], label, frozenset(good), shown.set)


@dataclass(frozen=True)
class _Late:
    """A name server that has nothing to show until it is told to."""

    real: Resolver
    shown: threading.Event

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        if self.shown.is_set():
            return self.real.query(name, rdtype)
        return DnsAnswer(name, rdtype, "NXDOMAIN", (), "late")


def _carried_out(
    mailward: Mailward, host: Host, names: Sequence[str], label: str, good: frozenset[str], then: Callable[[], None]
) -> Round:
    began = time.monotonic()
    asked: dict[int, str] = {}
    for name in names:
        wanted = (f"{label}.{name}", f"*.{label}.{name}")
        asked[orders.issue(mailward.office, BENCH, name, wanted).run_id] = name
    mine = [number for number, name in asked.items() if name in good]
    day = Day(host)
    try:
        _until_ended(day, mine)
        seconds = time.monotonic() - began
    finally:
        then()
    _until_ended(day, list(asked))
    ended = list(Run.objects.filter(pk__in=mine))
    bad = [row for row in ended if row.state != RunState.DONE]
    if bad:
        raise RuntimeError(f"{len(bad)} orders that could succeed did not: {bad[0].subject}: {bad[0].what}")
    return Round(
        seconds,
        tuple((row.finished_at - row.created_at).total_seconds() for row in ended if row.finished_at),
        tuple((row.finished_at - row.started_at).total_seconds() for row in ended if row.finished_at and row.started_at),
    )


def _until_ended(day: Day, numbers: Sequence[int]) -> None:
    end = time.monotonic() + PATIENCE
    while Run.objects.filter(pk__in=numbers, finished_at=None).exists():
        if time.monotonic() > end:
            raise RuntimeError(f"the orders did not end within {PATIENCE:g} s")
        day.round()
        time.sleep(0.05)


def _require_told(gone: Sequence[str]) -> None:
    """A domain that fails is never dropped silently: a reason and a date."""
    for lineage in Lineage.objects.filter(domain__name__in=gone):
        if lineage.failure is None or lineage.retry_at is None:
            raise RuntimeError(f"{lineage.pk} failed without a word")


def _row(table: Table, label: str, found: Round) -> None:
    waits = sorted(found.waits)
    table.rows.append(
        (
            label, len(waits), found.seconds, found.rate, median(waits), waits[int(len(waits) * 0.95)], waits[-1],
            median(found.services), max(found.services),
        )
    )  # fmt: skip


def _conclude(report: Report, table: Table, alone: Round, failing: Round, slow: Round) -> None:
    report.figure("certificates_per_second", failing.rate)
    report.figure("certificates_per_second_alone", alone.rate)
    report.figure("seconds_failing_to_alone", failing.seconds / alone.seconds)
    report.figure("seconds_slow_to_alone", slow.seconds / alone.seconds)
    table.notes += [
        f"with failing ones the good ones took {failing.seconds / alone.seconds:.2f} x, with slow ones "
        f"{slow.seconds / alone.seconds:.2f} x what they take alone; the bad ones were asked for first",
        "each round is done more than once, in turns, and the fastest of each is told: others use this machine too",
        "wait: from asking to the end of the run, all asked at once; order: from the first step to the stored certificate",
        f"every failing domain has its reason and its next date; {version('pebble', 'knot')}",
    ]


def _peer(report: Report, mailward: Mailward, names: Sequence[str], ours: Round) -> None:
    with directory() as path:
        seconds = _certbot.issue(mailward, path, [f"certbot.{name}" for name in names])
    rate = len(seconds) / sum(seconds)
    table = report.table(
        "The peer: certbot, one after the other, told not to wait for DNS to spread (its default is 60 s each)",
        "certificates", "seconds", "per second", "median", "longest", "Mailward's per second", "ratio",
    )  # fmt: skip
    row = (len(seconds), sum(seconds), rate, median(seconds), max(seconds), ours.rate, ours.rate / rate)
    table.rows.append(row)
    table.notes.append(version("certbot", "python3-certbot-dns-rfc2136"))
    report.figure("certbot_per_second", rate)
    report.figure("certbot_ratio", ours.rate / rate)
    report.say("certbot: measured")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--certificates", type=int, default=200, help=f"of which {FAILING} fail (default: 200)")
    parser.add_argument("--times", type=int, default=2, help="how often each round is done (default: 2)")


if __name__ == "__main__":
    sys.exit(run("issue", __doc__ or "", bench, _arguments))
