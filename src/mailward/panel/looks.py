"""The page's questions to the store: counts over everything, and one page of domains, the worst first. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, IntegerField, Max, Min, QuerySet, Value, When

from mailward.model.findings import SERVER, STALE_AFTER, DoorFinding
from mailward.model.verdict import Verdict
from mailward.store import records
from mailward.store.models import Finding

PER_PAGE = 20


@dataclass(frozen=True)
class Page:
    """Domains of one page. ``number`` counts from 1."""

    domains: tuple[str, ...]
    number: int
    pages: int
    total: int

    @property
    def before(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


def counts(now: datetime) -> tuple[dict[Verdict, int], datetime | None]:
    """How many findings have which verdict, an old one being unknown, and a domain that nobody looked at yet; and the
    oldest look."""
    limit = now - STALE_AFTER
    counted: dict[Verdict, int] = {}
    rows = Finding.objects.filter(checked_at__gte=limit).values_list("verdict").annotate(count=Count("id"))
    for verdict, count in rows:
        counted[Verdict(verdict)] = count
    stale = Finding.objects.filter(checked_at__lt=limit).count()
    unknown = stale + records.never_looked_at()
    if unknown:
        counted[Verdict.UNKNOWN] = counted.get(Verdict.UNKNOWN, 0) + unknown
    oldest: datetime | None = Finding.objects.aggregate(oldest=Min("checked_at"))["oldest"]
    return counted, oldest


def page(now: datetime, number: int, search: str) -> Page:
    """The domains whose name holds ``search``, the worst first, then by name."""
    found = _worst_first(now).filter(domain__contains=search) if search else _worst_first(now)
    total = found.count()
    pages = max(1, -(-total // PER_PAGE))
    number = min(max(number, 1), pages)
    rows = found[(number - 1) * PER_PAGE : number * PER_PAGE]
    return Page(tuple(str(row["domain"]) for row in rows), number, pages, total)


def _worst_first(now: datetime) -> QuerySet[Any, Any]:
    stale = When(checked_at__lt=now - STALE_AFTER, then=Value(Verdict.UNKNOWN.severity))
    verdicts = [When(verdict=verdict.value, then=Value(verdict.severity)) for verdict in Verdict]
    severity = Case(stale, *verdicts, default=Value(Verdict.UNKNOWN.severity), output_field=IntegerField())
    rows = Finding.objects.exclude(domain=SERVER).values("domain").annotate(severity=Max(severity))
    return rows.order_by("-severity", "domain")


def findings_of(domains: tuple[str, ...]) -> dict[str, list[DoorFinding]]:
    """The latest findings of these domains."""
    found: dict[str, list[DoorFinding]] = {domain: [] for domain in domains}
    for finding in records.known_findings(domains):
        found[finding.domain].append(finding)
    return found
