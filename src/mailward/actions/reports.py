"""What other servers reported about a domain: sources, days, reporters, and whether it is safe to ask for more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, Sum

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
MOST_GROUPS = 50_000  # of rows that are added up; the largest
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
    every = [one for one, _ in _counted(row.name, since)]
    found = sources(every, office.settings.world_addresses)
    received = AggregateReport.objects.filter(domain=row.name, begins_at__gte=since)
    return DomainReports(
        row.name,
        days,
        _meter(office, row, now),
        sum(one.count for one in every if one.aligned),
        sum(one.count for one in every if not one.aligned),
        _by_day(every, since.date(), now.date()),
        found[:MOST_SOURCES],
        max(0, len(found) - MOST_SOURCES),
        _reporters(row.name, since),
        tuple(map(_report, received.annotate(messages=Sum("rows__count")).order_by("-begins_at", "-pk")[:MOST_REPORTS])),
        received.filter(proven=False).count(),
        _tls(row.name, since),
    )


def go_on(office: Office, actor: Actor, domain: str, *, anyway: bool = False) -> Asked:
    """Ask receivers for the next stricter DMARC policy. Refused (``not-safe``) unless the reports say that it is safe, or
    ``anyway``: somebody knows better."""
    row = permission.domain_for(actor, Act.DNS_CHANGE, domain)
    found = _meter(office, row, office.clock.now())
    if found.following is None:
        raise BadInput("domain", found.headline, code="strictest")
    if found.go is not Go.YES and not anyway:
        raise BadInput("domain", found.headline, found.reason, code="not-safe")
    return set_dns_policy(office, actor, row.name, DnsPolicyWish(dmarc=found.following, dmarc_testing=False))


def _meter(office: Office, domain: Domain, now: datetime) -> Meter:
    """From the proven reports of the last 30 days."""
    since = now - timedelta(days=DAYS)
    proven = [one for one, is_proven in _counted(domain.name, since) if is_proven]
    unproven = AggregateReport.objects.filter(domain=domain.name, begins_at__gte=since, proven=False).count()
    wish = DomainDns.objects.filter(domain=domain).first() or DomainDns()
    return meter(proven, office.settings.world_addresses, DmarcPolicy(wish.dmarc), unproven)


def _counted(domain: str, since: datetime) -> list[tuple[Counted, bool]]:
    names = ("source", "report__organisation", "report__sender", "report__begins_at", "report__proven", "passed_as")
    rows = AggregateRow.objects.filter(report__domain=domain, report__begins_at__gte=since)
    groups = (
        rows.values_list(*names, "dkim_aligned", "spf_aligned")
        .annotate(total=Sum("count"))
        .order_by("-total")[:MOST_GROUPS]
    )
    return [
        (Counted(source, sender or organisation, begins.date(), dkim or spf, int(total), passed_as), proven)
        for source, organisation, sender, begins, proven, passed_as, dkim, spf, total in groups
    ]


def _by_day(counted: Iterable[Counted], first: date, last: date) -> tuple[DayTotal, ...]:
    """Every day, also those about which nobody reported."""
    totals: dict[date, list[int]] = {first + timedelta(days=n): [0, 0] for n in range((last - first).days + 1)}
    for one in counted:
        if one.day in totals:
            totals[one.day][0 if one.aligned else 1] += one.count
    return tuple(DayTotal(day.isoformat(), aligned, failing) for day, (aligned, failing) in totals.items())


def _reporters(domain: str, since: datetime) -> tuple[ReporterTotal, ...]:
    rows = AggregateReport.objects.filter(domain=domain, begins_at__gte=since)
    passed = Q(rows__dkim_aligned=True) | Q(rows__spf_aligned=True)
    groups = rows.values("organisation", "sender", "proven").annotate(
        aligned=Sum("rows__count", filter=passed), messages=Sum("rows__count")
    )
    counts: dict[tuple[str, str, bool], int] = {}
    for key in rows.values_list("organisation", "sender", "proven"):
        counts[key] = counts.get(key, 0) + 1
    found = [
        ReporterTotal(
            one["organisation"],
            one["sender"],
            one["proven"],
            counts[one["organisation"], one["sender"], one["proven"]],
            int(one["aligned"] or 0),
            int(one["messages"] or 0) - int(one["aligned"] or 0),
        )
        for one in groups
    ]
    return tuple(sorted(found, key=lambda one: (-one.aligned - one.failing, one.organisation)))[:MOST_REPORTS]


def _report(row: AggregateReport) -> ReportRow:
    return ReportRow(
        row.organisation, row.sender, row.proven, row.report_id, row.begins_at, row.ends_at, str(row.policy.get("p", "")),
        int(getattr(row, "messages", 0) or 0), row.received_at,
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
