"""Reports of other servers <-> rows. Whoever can mail can send one: how many are kept, and how much of each, is bounded."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from mailward.standards.dmarc.reports import AggregateReport as Parsed
from mailward.standards.dmarc.reports import ReportRow
from mailward.standards.tls_rpt import TlsReport as ParsedTls
from mailward.store.models import AggregateReport, AggregateRow, Domain, TlsReport

KEPT = timedelta(days=400)
MOST_A_DAY = 500  # proven reports about one domain that are kept of those that came within a day
MOST_OF_ONE = 100  # of these from one sender, and unproven ones from all
MOST_ROWS, MOST_ROWS_UNPROVEN = 10_000, 500  # of one report, the largest
MOST_FAILURES = 100
_TEXT = 250


def holder_of(name: str) -> str | None:
    """The domain held here that a report about ``name`` is kept with: itself, or else the nearest above it."""
    labels = name.split(".")
    above = [".".join(labels[at:]) for at in range(len(labels))][:20]
    held = set(Domain.objects.filter(name__in=above).values_list("name", flat=True))
    return next((one for one in above if one in held), None)


def has_room(domain: str, sender: str, proven: bool, now: datetime) -> bool:
    """Whether one more is kept today. Strangers can't use up the room of who is proven, nor one of these all of it."""
    since = now - timedelta(days=1)
    came = [kind.objects.filter(domain=domain, received_at__gt=since) for kind in (AggregateReport, TlsReport)]
    if not proven:
        return sum(one.filter(proven=False).count() for one in came) < MOST_OF_ONE
    known = [one.filter(proven=True) for one in came]
    of_one = sum(one.filter(sender=sender).count() for one in known)
    return of_one < MOST_OF_ONE and sum(one.count() for one in known) < MOST_A_DAY


@transaction.atomic
def keep_aggregate(domain: str, report: Parsed, sender: str, proven: bool, now: datetime) -> bool:
    """Write one down; False: it was there already. A proven one replaces one that wasn't."""
    key = {"domain": domain, "organisation": report.organization[:_TEXT], "report_id": report.report_id[:_TEXT]}
    if _is_of_another(old := AggregateReport.objects.filter(**key).first(), sender, proven):
        key["report_id"] = f"{sender} {key['report_id']}"[:_TEXT]
        old = AggregateReport.objects.filter(**key).first()
    if not _replaces(old, proven):
        return False
    most = MOST_ROWS if proven else MOST_ROWS_UNPROVEN
    rows = sorted(report.rows, key=lambda row: -row.count)[:most]
    said = report.published
    row = AggregateReport.objects.create(
        **key,
        begins_at=report.begin,
        ends_at=report.end,
        policy={"domain": said.domain, "p": said.p, "sp": said.sp, "np": said.np, "testing": said.testing},
        sender=sender,
        proven=proven,
        left_out=report.left_out + len(report.rows) - len(rows),
        received_at=now,
    )
    AggregateRow.objects.bulk_create([_row(row, one) for one in rows], batch_size=500)
    return True


@transaction.atomic
def keep_tls(domain: str, report: ParsedTls, sender: str, proven: bool, now: datetime) -> bool:
    """Write one down; False: it was there already. Its parts about other domains are left out."""
    key = {"domain": domain, "organisation": report.organization[:_TEXT], "report_id": report.report_id[:_TEXT]}
    if _is_of_another(old := TlsReport.objects.filter(**key).first(), sender, proven):
        key["report_id"] = f"{sender} {key['report_id']}"[:_TEXT]
        old = TlsReport.objects.filter(**key).first()
    if not _replaces(old, proven):
        return False
    parts = [one for one in report.policies if one.domain == domain]
    details = [(part.kind, detail) for part in parts for detail in part.details]
    TlsReport.objects.create(
        **key,
        begins_at=report.begin,
        ends_at=report.end,
        succeeded=sum(one.successes for one in parts),
        failed=sum(one.failures for one in parts),
        failures=[
            {"policy": kind, "result": one.result, "host": one.receiving_host, "sessions": one.sessions}
            for kind, one in details[:MOST_FAILURES]
        ],
        sender=sender,
        proven=proven,
        received_at=now,
    )
    return True


def forget_old(now: datetime) -> None:
    """Reports that are too old to tell anything, and those about domains that are held no more."""
    for kind in (AggregateReport, TlsReport):
        kind.objects.filter(received_at__lt=now - KEPT).delete()
        kind.objects.exclude(domain__in=Domain.objects.values("name")).delete()


def _is_of_another(old: AggregateReport | TlsReport | None, sender: str, proven: bool) -> bool:
    """Whoever is faster with somebody else's name and number must not keep the true report out."""
    return old is not None and proven and old.proven and old.sender != sender


def _replaces(old: AggregateReport | TlsReport | None, proven: bool) -> bool:
    if old is None:
        return True
    if proven and not old.proven:
        old.delete()
        return True
    return False


def _row(report: AggregateReport, row: ReportRow) -> AggregateRow:
    return AggregateRow(
        report=report,
        source=row.source,
        count=row.count,
        disposition=row.disposition,
        dkim_aligned=row.dkim,
        spf_aligned=row.spf,
        header_from=row.header_from[:253],
        passed_as="" if row.aligned else _passed_as(row),
        results={"dkim": _results(row.dkim_results), "spf": _results(row.spf_results)},
    )


def _passed_as(row: ReportRow) -> str:
    """For which domain a message passed that isn't aligned: a service that sends for others, or a forwarder."""
    passed = (one.domain for one in (*row.dkim_results, *row.spf_results) if one.result == "pass" and one.domain)
    return next(passed, "")[:253]


def _results(results: Sequence[object]) -> list[list[str]]:
    return [[getattr(one, name) for name in ("domain", "result", "detail")] for one in results[:5]]
