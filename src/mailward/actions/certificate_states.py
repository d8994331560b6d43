"""How a certificate stands, in one word: what lists are searched by. The store finds by the same rules as a row is told by.

A state is about dates and orders alone. Whether a certificate is really shown was looked at at the doors: see ``seen``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count, F, Max, Q, QuerySet, TextField
from django.db.models.expressions import OrderBy
from django.db.models.functions import Cast

from mailward.actions import permission
from mailward.actions.lineages import certificate_rows
from mailward.actions.office import Office
from mailward.actions.rows import CertificateRow, Listed
from mailward.model.certificates import Source
from mailward.model.findings import SERVER, STALE_AFTER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict
from mailward.store.models import Finding, Lineage

SOON = timedelta(days=14)


class CertificateState(StrEnum):
    """In the order in which they are asked: the first that is true is the state."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    FAILED = "failed"  # the last order did not go well
    WAITING = "waiting"  # nothing was issued yet
    ENDS_SOON = "ends-soon"  # and nothing is planned that would renew it in time
    SELF_SIGNED = "self-signed"
    VALID = "valid"


_SORTS: Mapping[str, OrderBy] = {
    "domain": F("id").asc(),  # it begins with the domain's name, and is the key of the table
    "-domain": F("id").desc(),
    "ends": F("ends_at").asc(nulls_last=True),
    "-ends": F("ends_at").desc(nulls_last=True),
}

SPOKEN_CERTIFICATE_STATES: Mapping[CertificateState, Sentence] = {
    CertificateState.VALID: Sentence("valid"),
    CertificateState.ENDS_SOON: Sentence("ends soon"),
    CertificateState.EXPIRED: Sentence("has ended"),
    CertificateState.FAILED: Sentence("renewal failed"),
    CertificateState.WAITING: Sentence("waiting"),
    CertificateState.REVOKED: Sentence("revoked"),
    CertificateState.SELF_SIGNED: Sentence("self-signed"),
}


def state_of(row: CertificateRow, now: datetime) -> CertificateState:
    """The state of a certificate as it stands in the store."""
    is_renewed = row.renew_at is not None and row.renew_at > now
    rules = (
        (CertificateState.REVOKED, row.revoked_at is not None),
        (CertificateState.EXPIRED, row.not_after is not None and row.not_after <= now),
        (CertificateState.FAILED, row.failures > 0),
        (CertificateState.WAITING, row.current is None),
        (CertificateState.ENDS_SOON, row.not_after is not None and row.not_after <= now + SOON and not is_renewed),
        (CertificateState.SELF_SIGNED, row.source == Source.SELF_SIGNED),
    )
    return next((state for state, holds in rules if holds), CertificateState.VALID)


def find_certificates(
    office: Office,
    actor: Actor,
    *,
    search: str = "",
    state: CertificateState | None = None,
    sort: str = "domain",
    offset: int = 0,
    limit: int = 25,
) -> Listed[CertificateRow]:
    """Certificates in reach whose domain or names hold ``search``. ``sort``: domain, -domain, ends, -ends."""
    found = _in_reach(actor)
    if search:
        text = search.lower()
        found = found.annotate(spoken=Cast("names", TextField())).filter(Q(id__contains=text) | Q(spoken__contains=text))
    if state is not None:
        found = found.filter(_rule(state, office.clock.now()))
    rows = found.select_related("domain").order_by(_SORTS.get(sort, _SORTS["domain"]), "id")
    return Listed(certificate_rows(list(rows[offset : offset + limit])), found.count())


def _in_reach(actor: Actor) -> QuerySet[Lineage]:
    domains = permission.domains_in_reach(actor, Act.CERTIFICATES_READ)
    if actor.may(Act.CERTIFICATES_READ) and actor.may(Act.SERVER_READ):
        return Lineage.objects.all()
    return Lineage.objects.filter(domain__in=domains)


def _rule(state: CertificateState, now: datetime) -> Q:
    """``state_of`` as a question to the store."""
    ended = Q(ends_at__isnull=False, ends_at__lte=now)
    lasts = Q(ends_at__gt=now + SOON) | Q(ends_at__gt=now, renew_at__gt=now)
    well = Q(revoked_at__isnull=True, failures=0, current__isnull=False)
    rules = {
        CertificateState.REVOKED: Q(revoked_at__isnull=False),
        CertificateState.EXPIRED: Q(revoked_at__isnull=True) & ended,
        CertificateState.FAILED: Q(revoked_at__isnull=True, failures__gt=0) & ~ended,
        CertificateState.WAITING: Q(revoked_at__isnull=True, failures=0, current__isnull=True) & ~ended,
        CertificateState.ENDS_SOON: well & Q(ends_at__gt=now) & ~lasts,
        CertificateState.SELF_SIGNED: well & lasts & Q(source=Source.SELF_SIGNED.value),
        CertificateState.VALID: well & lasts & ~Q(source=Source.SELF_SIGNED.value),
    }
    return rules[state]


@dataclass(frozen=True)
class Seen:
    """At how many doors a certificate was met and found right, and the oldest of these looks."""

    doors: int
    at: datetime


def seen(office: Office, actor: Actor, rows: Iterable[CertificateRow]) -> dict[str, Seen]:
    """By fingerprint: where the current versions of these certificates were really served, by looks that still count."""
    permission.require_somewhere(actor, Act.CERTIFICATES_READ)
    shown = [row for row in rows if row.sha256]
    prints = {print_ for row in shown for print_ in (row.sha256, row.companion_sha256) if print_}
    found = (
        Finding.objects.filter(
            domain__in={row.domain for row in shown} | {SERVER},
            served_sha256__in=prints,
            checked_at__gte=office.clock.now() - STALE_AFTER,
        )
        .exclude(verdict__in=[one.value for one in Verdict if one not in (Verdict.PASS, Verdict.WARN)])
        .order_by()
        .values_list("served_sha256")
        .annotate(doors=Count("id"), at=Max("checked_at"))
    )
    return {str(sha256): Seen(doors, at) for sha256, doors, at in found}
