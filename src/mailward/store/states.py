"""How each domain stands, one row per domain: what lists and counts are made of when there are millions of findings.

Written whenever findings are, in the same transaction. A row that is old means unknown; whoever reads it compares its time.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Min

from mailward.model.doors import Door, Role
from mailward.model.verdict import Verdict, worst
from mailward.store.models import DomainState, Finding

AT_ONCE = 500


def refresh(domains: Iterable[str]) -> None:
    """Make the rows of these domains ("server" among them) say what their findings say; of none, there is no row."""
    named = sorted(set(domains))
    for start in range(0, len(named), AT_ONCE):
        _refresh(named[start : start + AT_ONCE])


def _refresh(domains: Collection[str]) -> None:
    seen: dict[str, list[tuple[Door, Verdict, datetime]]] = {}
    rows = Finding.objects.filter(domain__in=domains).order_by().values_list("domain", "door", "verdict")
    for domain, door, verdict, oldest in rows.annotate(oldest=Min("checked_at")):
        seen.setdefault(domain, []).append((Door(door), Verdict(verdict), oldest))
    DomainState.objects.filter(domain__in=[domain for domain in domains if domain not in seen]).delete()
    DomainState.objects.bulk_create(
        [_state(domain, looks) for domain, looks in seen.items()],
        update_conflicts=True,
        unique_fields=["domain"],
        update_fields=["web", "mail", "verdict", "checked_at"],
    )


def _state(domain: str, looks: list[tuple[Door, Verdict, datetime]]) -> DomainState:
    web = worst([verdict for door, verdict, _ in looks if door.kind.role is Role.WEB])
    mail = worst([verdict for door, verdict, _ in looks if door.kind.role is Role.MAIL])
    return DomainState(
        domain=domain,
        web=web,
        mail=mail,
        verdict=worst([web, mail]),  # a role at which nobody looked is unknown, and so is the domain
        checked_at=min(oldest for _, _, oldest in looks),
    )
