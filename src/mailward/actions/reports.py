"""What other servers reported about a domain: sources, days, reporters, and whether it is safe to ask for more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mailward.actions import permission
from mailward.actions.dns_policy import DnsPolicyWish, set_dns_policy
from mailward.actions.office import Asked, Office
from mailward.audit.report_meter import DAYS, Counted, Go, Meter, SourceTotal, meter, sources
from mailward.model.dns import DmarcPolicy
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.store.models import AggregateReport, AggregateRow, Domain, DomainDns, TlsReport

MOST_DAYS = 365
MOST_KNOWN, MOST_ROWS = 20_000, 300_000  # reports and their rows that are added up
MOST_SOURCES, MOST_REPORTS = 100, 50


@dataclass(frozen=True)
class DayTotal:
    """One day, by when the reports' periods began."""

    day: str
    aligned: int
    failing: int


@dataclass(frozen=True)
class ReporterTotal:
    """Who reports, by the name it gives itself and the domain that its messages come from."""

    organisation: str
    sender: str
    proven: bool
    reports: int
    aligned: int
    failing: int


@dataclass(frozen=True)
class ReportRow:
    """One report. ``policy`` is what the reporter found published."""

    organisation: str
    sender: str
    proven: bool
    report_id: str
    begins_at: datetime
    ends_at: datetime
    policy: str
    messages: int
    received_at: datetime


@dataclass(frozen=True)
class TlsFailure:
    """Sessions that failed for one reason."""

    result: str
    host: str
    sessions: int


@dataclass(frozen=True)
class TlsTotal:
    """TLS reports of the same time."""

    reports: int
    succeeded: int
    failed: int
    failures: tuple[TlsFailure, ...]


@dataclass(frozen=True)
class DomainReports:
    """``sources`` and ``reports`` are the most important ones; ``sources_more`` counts the others."""

    domain: str
    days: int  # that were looked back
    meter: Meter
    aligned: int
    failing: int
    by_day: tuple[DayTotal, ...]
    sources: tuple[SourceTotal, ...]
    sources_more: int
    reporters: tuple[ReporterTotal, ...]
    reports: tuple[ReportRow, ...]
    unproven: int
    tls_reports: TlsTotal


def show_reports(office: Office, actor: Actor, domain: str, *, days: int = DAYS) -> DomainReports:
    """What was reported in the last ``days`` days. The advice is built on proven reports of the last 30 alone."""
    row = permission.domain_for(actor, Act.DNS_READ, domain)
    if not 1 <= days <= MOST_DAYS:
        raise BadInput("days", Sentence("Give a number of days from 1 to {most}.", most=MOST_DAYS), code="days")
    now = office.clock.now()
    since = (now - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
    known, counted = _load(row.name, min(since, now - timedelta(days=DAYS)))
    shown = {number: one for number, one in known.items() if one.begins_at >= since}
    every = [one for number, one in counted if number in shown]
    found = sources(every, office.settings.world_addresses)
    return DomainReports(
        row.name,
        days,
        _meter(office, row, known, counted),
        sum(one.count for one in every if one.aligned),
        sum(one.count for one in every if not one.aligned),
        _by_day(every, since.date(), now.date()),
        found[:MOST_SOURCES],
        max(0, len(found) - MOST_SOURCES),
        *_by_report(shown, counted),
        sum(not one.proven for one in shown.values()),
        _tls(row.name, since),
    )


def go_on(office: Office, actor: Actor, domain: str, *, anyway: bool = False) -> Asked:
    """Ask receivers for the next stricter DMARC policy. Refused (``not-safe``) unless the reports say that it is safe, or
    ``anyway``: somebody knows better."""
    row = permission.domain_for(actor, Act.DNS_CHANGE, domain)
    found = _meter(office, row, *_load(row.name, office.clock.now() - timedelta(days=DAYS)))
    if found.following is None:
        raise BadInput("domain", found.headline, code="strictest")
    if found.go is not Go.YES and not anyway:
        raise BadInput("domain", found.headline, found.reason, code="not-safe")
    return set_dns_policy(office, actor, row.name, DnsPolicyWish(dmarc=found.following, dmarc_testing=False))


Known = dict[int, AggregateReport]
Rows = list[tuple[int, Counted]]


def _meter(office: Office, domain: Domain, known: Known, counted: Rows) -> Meter:
    """From the proven reports of the last 30 days."""
    since = office.clock.now() - timedelta(days=DAYS)
    proven = {number for number, one in known.items() if one.proven and one.begins_at >= since}
    unproven = sum(not one.proven and one.begins_at >= since for one in known.values())
    wish = DomainDns.objects.filter(domain=domain).first() or DomainDns()
    rows = [one for number, one in counted if number in proven]
    return meter(rows, office.settings.world_addresses, DmarcPolicy(wish.dmarc), unproven)


def _load(domain: str, since: datetime) -> tuple[Known, Rows]:
    """The reports, the newest first, and their rows: two questions to the store, nothing added up there."""
    reports = AggregateReport.objects.filter(domain=domain, begins_at__gte=since).order_by("-begins_at", "-pk")
    known = {one.pk: one for one in reports[:MOST_KNOWN]}
    rows = AggregateRow.objects.filter(report__domain=domain, report__begins_at__gte=since)
    said = rows.values_list("report_id", "source", "count", "dkim_aligned", "spf_aligned", "passed_as")[:MOST_ROWS]
    names = {number: (one.sender or one.organisation, one.begins_at.date()) for number, one in known.items()}
    return known, [
        (number, Counted(source, *names[number], dkim or spf, count, passed_as))
        for number, source, count, dkim, spf, passed_as in said.iterator(chunk_size=5000)
        if number in names
    ]


def _by_day(counted: Iterable[Counted], first: date, last: date) -> tuple[DayTotal, ...]:
    """Every day, also those about which nobody reported."""
    totals: dict[date, list[int]] = {first + timedelta(days=n): [0, 0] for n in range((last - first).days + 1)}
    for one in counted:
        if one.day in totals:
            totals[one.day][0 if one.aligned else 1] += one.count
    return tuple(DayTotal(day.isoformat(), aligned, failing) for day, (aligned, failing) in totals.items())


def _by_report(known: Known, counted: Rows) -> tuple[tuple[ReporterTotal, ...], tuple[ReportRow, ...]]:
    """Who reported, those who saw most first, and the newest reports."""
    sums: dict[int, list[int]] = {number: [0, 0] for number in known}
    for number, one in counted:
        if number in sums:
            sums[number][0 if one.aligned else 1] += one.count
    reporters: dict[tuple[str, str, bool], list[int]] = {}
    for number, report in known.items():
        totals = reporters.setdefault((report.organisation, report.sender, report.proven), [0, 0, 0])
        for at, more in enumerate((1, *sums[number])):
            totals[at] += more
    found = [ReporterTotal(*key, *totals) for key, totals in reporters.items()]
    found.sort(key=lambda one: (-one.aligned - one.failing, one.organisation, one.sender))
    newest = tuple(_report(one, sum(sums[number])) for number, one in list(known.items())[:MOST_REPORTS])
    return tuple(found[:MOST_REPORTS]), newest


def _report(row: AggregateReport, messages: int) -> ReportRow:
    return ReportRow(
        row.organisation, row.sender, row.proven, row.report_id, row.begins_at, row.ends_at, str(row.policy.get("p", "")),
        messages, row.received_at,
    )  # fmt: skip


def _tls(domain: str, since: datetime) -> TlsTotal:
    rows: Sequence[TlsReport] = list(TlsReport.objects.filter(domain=domain, begins_at__gte=since).order_by("-pk")[:1000])
    sessions: dict[tuple[str, str], int] = {}
    for row in rows:
        for one in row.failures:
            key = (str(one.get("result", "")), str(one.get("host", "")))
            sessions[key] = sessions.get(key, 0) + int(one.get("sessions", 0))
    worst = sorted(sessions.items(), key=lambda one: (-one[1], one[0]))[:MOST_REPORTS]
    failures = tuple(TlsFailure(result, host, count) for (result, host), count in worst)
    return TlsTotal(len(rows), sum(row.succeeded for row in rows), sum(row.failed for row in rows), failures)
