"""What checks of DNS found, and one line per domain for lists of many thousands."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from mailward.model.checks import SIX, Board, CheckFinding, Mechanism
from mailward.model.verdict import Verdict, worst
from mailward.store import values
from mailward.store.models import Check, DomainBoard


@transaction.atomic
def keep(findings: Iterable[CheckFinding], domains: Collection[str], now: datetime) -> None:
    """Replace what was known of these domains ("server": the host's own), which were looked at whole."""
    named = set(domains)
    found = [finding for finding in findings if finding.domain in named]
    Check.objects.filter(domain__in=domains).delete()
    rows = [
        Check(
            domain=f.domain, mechanism=f.mechanism, subject=f.subject[:300], verdict=f.verdict, code=f.code,
            found=values.freeze(f), checked_at=f.checked_at,
        )
        for f in found
    ]  # fmt: skip
    Check.objects.bulk_create(rows, batch_size=500)
    by_domain: dict[str, list[CheckFinding]] = {domain: [] for domain in domains}
    for f in found:
        by_domain[f.domain].append(f)
    lines = [_line(domain, whole, now) for domain, whole in by_domain.items()]
    DomainBoard.objects.bulk_create(
        lines, batch_size=500, update_conflicts=True, unique_fields=["domain"],
        update_fields=["verdicts", "six", "worst", "checked_at"],
    )  # fmt: skip


def known(domain: str) -> tuple[CheckFinding, ...]:
    """The latest check of a domain, in the board's order."""
    return tuple(values.thaw(CheckFinding, row.found) for row in Check.objects.filter(domain=domain).order_by("id"))


def board(row: DomainBoard) -> Board:
    """The row as a value."""
    verdicts = {Mechanism(name): Verdict(verdict) for name, verdict in row.verdicts.items()}
    return Board(row.domain, verdicts, row.checked_at)


def forget(domains: Collection[str]) -> None:
    """What was found of domains that are held no more is nobody's any more."""
    Check.objects.filter(domain__in=domains).delete()
    DomainBoard.objects.filter(domain__in=domains).delete()


def _line(domain: str, found: list[CheckFinding], now: datetime) -> DomainBoard:
    verdicts = {
        one: worst([f.verdict for f in found if f.mechanism is one])
        for one in Mechanism
        if any(f.mechanism is one for f in found)
    }
    return DomainBoard(
        domain=domain,
        verdicts={one.value: verdict.value for one, verdict in verdicts.items()},
        six=worst([_of_the_six(verdicts.get(one)) for one in SIX]),
        worst=worst(list(verdicts.values())),
        checked_at=min((f.checked_at for f in found), default=now),
    )


def _of_the_six(verdict: Verdict | None) -> Verdict:
    """What wasn't looked at, or where there is nothing to look at, is no reason to call a domain green."""
    return Verdict.UNKNOWN if verdict is None or verdict is Verdict.NOT_APPLICABLE else verdict
