"""How everything in somebody's reach stands: one line per domain, the counts, and what needs attention, most urgent first.

A fixed number of questions to the store, however many domains there are. What was not looked at lately is unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from mailward.actions import dns_concerns, permission
from mailward.actions.concerns import MOST, Concern, Kind
from mailward.actions.office import Office
from mailward.actions.rows import Listed
from mailward.model.findings import SERVER, STALE_AFTER, DoorFinding
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act
from mailward.model.runs import RunState
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.store import records
from mailward.store.models import Domain, DomainState, Lineage, Mailbox, Run, ServerChoice, Version
from mailward.store.sentences import from_json

SOON = timedelta(days=14)  # a certificate that ends earlier should have been renewed by itself
LATELY = timedelta(days=3)  # runs that failed longer ago are history
SORTS = ("name", "-name", "customer", "-customer", "state", "-state", "ends", "-ends")


@dataclass(frozen=True)
class CertificateState:
    """What a domain (or the server) has chosen: when it ends, whether renewing it fails. ``own``: nothing chosen."""

    lineage: str | None
    not_after: datetime | None
    failures: int = 0
    failure: Sentence = NOTHING
    revoked: bool = False

    @property
    def own(self) -> bool:
        return self.lineage is None


@dataclass(frozen=True)
class DomainLine:
    name: str
    customer: str
    web: Verdict
    mail: Verdict
    verdict: Verdict
    checked_at: datetime | None
    webmail_certificate: CertificateState
    mail_certificate: CertificateState
    mailboxes: int


@dataclass(frozen=True)
class Overview:
    """``counts``: domains in reach by how they stand. ``more``: unsafe domains that are not among the concerns."""

    counts: dict[Verdict, int]
    concerns: tuple[Concern, ...]
    more: int
    server: Verdict | None  # None: not this person's to see
    checked_at: datetime | None  # the oldest look that counts

    @property
    def domains(self) -> int:
        return sum(self.counts.values())


def domain_lines(
    office: Office,
    actor: Actor,
    *,
    search: str = "",
    state: Verdict | None = None,
    sort: str = "name",
    offset: int = 0,
    limit: int = 25,
) -> Listed[DomainLine]:
    """The domains in reach whose name or customer holds ``search``, by how they stand. ``sort``: one of SORTS."""
    now = office.clock.now()
    found = _with_state(permission.domains_in_reach(actor, Act.DOMAINS_READ), now)
    if search:
        found = found.filter(Q(name__icontains=search) | Q(customer__name__icontains=search))
    if state is not None:
        found = found.filter(severity=state.severity)
    total = found.count()
    rows = found.select_related("customer").annotate(boxes=_boxes())
    shown = list(rows.order_by(*_order(sort))[offset : offset + limit])
    return Listed(_lines(shown, now), total)


def domain_line(office: Office, actor: Actor, name: str) -> DomainLine:
    """One of them. Raises BadInput (``unknown``) when there is none in reach."""
    now = office.clock.now()
    row = permission.domain_for(actor, Act.DOMAINS_READ, name)
    rows = _with_state(Domain.objects.filter(pk=row.pk), now).select_related("customer")
    return _lines(list(rows.annotate(boxes=_boxes())), now)[0]


def overview(office: Office, actor: Actor) -> Overview:
    """What this person should know first."""
    now = office.clock.now()
    server = _server(actor, now)
    concerns = _server_concerns(actor, server)
    if not actor.may_somewhere(Act.DOMAINS_READ):
        return Overview({}, tuple(concerns), 0, server, None)
    found = _with_state(permission.domains_in_reach(actor, Act.DOMAINS_READ), now)
    counted = {row["severity"]: row["count"] for row in found.values("severity").annotate(count=Count("pk")).order_by()}
    counts: dict[Verdict, int] = {
        verdict: counted.get(verdict.severity, 0) for verdict in Verdict if verdict is not Verdict.NOT_APPLICABLE
    }
    unsafe = [str(name) for name in _names(found, Verdict.FAIL)]
    concerns += _unsafe(unsafe) + _certificates(actor, now) + _runs(actor, now) + _unknown(found)
    concerns += dns_concerns.of(actor, now)
    reach = permission.domains_in_reach(actor, Act.DOMAINS_READ).values("name")
    oldest = (
        DomainState.objects.filter(domain__in=reach).order_by("checked_at").values_list("checked_at", flat=True).first()
    )
    ordered = sorted(concerns, key=lambda concern: -concern.verdict.severity)
    return Overview(counts, tuple(ordered), counts[Verdict.FAIL] - len(unsafe), server, oldest)


def looked_at(office: Office, actor: Actor, name: str) -> tuple[tuple[DoorFinding, ...], tuple[DoorFinding, ...]]:
    """What was last found at a domain's doors, and at the server's own, on which its mail depends (A9). The server itself
    ("server") is for those who may look at the whole host."""
    domain = permission.scope_for(actor, Act.DOORS_READ, name)
    found = records.known_findings([SERVER] if domain is None else [domain.name, SERVER])
    server = tuple(finding for finding in found if finding.domain == SERVER)
    return (server if domain is None else tuple(f for f in found if f.domain != SERVER)), server


def server_state(office: Office, actor: Actor) -> tuple[Verdict, bool]:
    """How the server itself stands (everybody may know: row A9), and whether it still shows its self-signed certificate."""
    permission.require_somewhere(actor, Act.DOMAINS_READ)
    row = DomainState.objects.filter(domain=SERVER).first()
    fresh = row is not None and office.clock.now() - row.checked_at <= STALE_AFTER
    verdict = Verdict(row.verdict) if row is not None and fresh else Verdict.UNKNOWN
    choice = ServerChoice.objects.select_related("mail_lineage").first()
    own = choice is None or choice.mail_lineage is None or choice.mail_lineage.source == "self-signed"
    return verdict, own


def _with_state(rows: QuerySet[Domain], now: datetime) -> QuerySet[Any]:
    """Each with ``severity``, ``web``, ``mail``, ``looked`` out of its state; an old look or none is unknown."""
    fresh = DomainState.objects.filter(domain=OuterRef("name"), checked_at__gte=now - STALE_AFTER)
    severity = Case(
        *(When(verdict=verdict.value, then=Value(verdict.severity)) for verdict in Verdict), output_field=IntegerField()
    )
    unknown = Verdict.UNKNOWN
    return rows.annotate(
        severity=Coalesce(Subquery(fresh.annotate(s=severity).values("s")), Value(unknown.severity)),
        web=Coalesce(Subquery(fresh.values("web")), Value(unknown.value)),
        mail=Coalesce(Subquery(fresh.values("mail")), Value(unknown.value)),
        looked=Subquery(DomainState.objects.filter(domain=OuterRef("name")).values("checked_at")),
    )


def _boxes() -> Coalesce:
    """How many mailboxes, counted for the rows of one page alone (a join would count those of every domain)."""
    boxes = Mailbox.objects.filter(domain=OuterRef("pk")).order_by().values("domain").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(boxes), 0)


def _order(sort: str) -> Sequence[Any]:
    word = sort.removeprefix("-")
    down = sort.startswith("-")
    if sort not in SORTS or word == "name":
        return ("-name",) if down else ("name",)
    if word == "ends":
        version = Version.objects.filter(lineage=OuterRef("mail_lineage"), number=OuterRef("mail_lineage__current"))
        ends = Subquery(version.values("not_after"))
        return (ends.desc(nulls_last=True) if down else ends.asc(nulls_last=True), "name")
    field = {"customer": "customer__name", "state": "severity"}[word]
    return (f"-{field}" if down else field, "name")


def _lines(rows: Sequence[Domain], now: datetime) -> tuple[DomainLine, ...]:
    chosen = {pk for row in rows for pk in (row.webmail_lineage_id, row.mail_lineage_id) if pk is not None}
    known = _certificate_states(chosen)
    return tuple(_line(row, known) for row in rows)


def _line(row: "Domain", known: dict[str, CertificateState]) -> DomainLine:
    told = vars(row)  # what _with_state annotated
    verdict = next(one for one in Verdict if one.severity == told["severity"])
    nothing = CertificateState(None, None)
    return DomainLine(
        name=row.name,
        customer=row.customer.name,
        web=Verdict(told["web"]),
        mail=Verdict(told["mail"]),
        verdict=verdict,
        checked_at=told["looked"],
        webmail_certificate=known.get(row.webmail_lineage_id or "", nothing),
        mail_certificate=known.get(row.mail_lineage_id or "", nothing),
        mailboxes=told["boxes"],
    )


def _certificate_states(lineages: set[str]) -> dict[str, CertificateState]:
    """When the current versions of these end, and whether renewing them fails."""
    current = Version.objects.filter(lineage__in=lineages, number=F("lineage__current")).select_related("lineage")
    rows = current.only(
        "not_after", "lineage__id", "lineage__failures", "lineage__failure", "lineage__revoked_at", "lineage__current"
    )
    return {
        row.lineage_id: CertificateState(
            row.lineage_id, row.not_after, row.lineage.failures, from_json(row.lineage.failure),
            row.lineage.revoked_at is not None,
        )
        for row in rows
    }  # fmt: skip


def _server(actor: Actor, now: datetime) -> Verdict | None:
    if not actor.may(Act.DOORS_READ, HOST):
        return None
    row = DomainState.objects.filter(domain=SERVER).first()
    return Verdict.UNKNOWN if row is None or now - row.checked_at > STALE_AFTER else Verdict(row.verdict)


def _server_concerns(actor: Actor, server: Verdict | None) -> list[Concern]:
    if server in (None, Verdict.PASS, Verdict.NOT_APPLICABLE):
        return []
    if server is Verdict.UNKNOWN:
        said = Sentence("Nobody has looked at the server's own doors lately.")
        return [Concern(Kind.UNKNOWN, Verdict.UNKNOWN, SERVER, SERVER, Sentence("The server itself is unknown"), said)]
    heaviest = max(records.known_findings([SERVER]), key=lambda finding: finding.verdict.severity)
    title = Sentence("The server itself is not safe")
    return [Concern(Kind.SERVER, heaviest.verdict, SERVER, SERVER, title, heaviest.reason, heaviest.remedy)]


def _names(found: QuerySet[Any], verdict: Verdict) -> list[str]:
    return list(found.filter(severity=verdict.severity).order_by("name").values_list("name", flat=True)[:MOST])


def _unsafe(domains: Sequence[str]) -> list[Concern]:
    heaviest: dict[str, DoorFinding] = {}
    for finding in records.known_findings(domains):
        known = heaviest.get(finding.domain)
        if known is None or finding.verdict.severity > known.verdict.severity:
            heaviest[finding.domain] = finding
    return [
        Concern(
            Kind.DOMAIN, Verdict.FAIL, domain, domain, Sentence("{domain} is not safe", domain=domain),
            heaviest[domain].reason, heaviest[domain].remedy,
        )
        for domain in domains
        if domain in heaviest
    ]  # fmt: skip


def _unknown(found: QuerySet[Any]) -> list[Concern]:
    names = _names(found, Verdict.UNKNOWN)
    if not names:
        return []
    said = Sentence("Not looked at within the last hour: {names}", names=", ".join(names[:4]) + (" …" if names[4:] else ""))
    title = Sentence("Nobody knows how some domains stand")
    return [Concern(Kind.UNKNOWN, Verdict.UNKNOWN, names[0] if len(names) == 1 else "", "", title, said)]


def _certificates(actor: Actor, now: datetime) -> list[Concern]:
    """Those that are in use and end soon, and those that could not be renewed."""
    if not actor.may_somewhere(Act.CERTIFICATES_READ):
        return []
    reach = permission.domains_in_reach(actor, Act.CERTIFICATES_READ)
    used = Exists(reach.filter(webmail_lineage=OuterRef("pk"))) | Exists(reach.filter(mail_lineage=OuterRef("pk")))
    if actor.may(Act.CERTIFICATES_READ, HOST):
        choice = ServerChoice.objects.first()
        used |= Q(pk__in=[pk for pk in (choice.mail_lineage_id, choice.panel_lineage_id) if pk] if choice else [])
    ends = Subquery(Version.objects.filter(lineage=OuterRef("pk"), number=OuterRef("current")).values("not_after"))
    near = Lineage.objects.filter(Q(ends_at__lt=now + SOON) | Q(failures__gt=0)).filter(used)
    rows = near.annotate(ends=ends).select_related("domain").order_by("ends", "pk")[:MOST]
    return [_ending(row, vars(row)["ends"], now) for row in rows]


def _ending(row: Lineage, ends: datetime, now: datetime) -> Concern:
    days = max(0, (ends - now).days)
    domain = row.domain.name if row.domain else SERVER
    if ends <= now:
        verdict, title = Verdict.FAIL, Sentence("The certificate {id} has ended", id=row.pk)
    elif row.failures:
        title = Sentence("The certificate {id} could not be renewed; it ends in {days} days", id=row.pk, days=days)
        verdict = Verdict.FAIL if ends < now + timedelta(days=7) else Verdict.WARN
    else:
        verdict, title = Verdict.WARN, Sentence("The certificate {id} ends in {days} days", id=row.pk, days=days)
    if row.failures:
        what = from_json(row.failure)
    elif row.source == "acme":
        what = Sentence("It should have been renewed by itself by now.")
    else:
        what = Sentence("It comes from elsewhere, so nobody renews it by itself: bring its successor before that day.")
    return Concern(Kind.CERTIFICATE, verdict, row.pk, domain, title, what)


def _runs(actor: Actor, now: datetime) -> list[Concern]:
    """What ended badly lately, unless the same went well after it."""
    if not actor.may(Act.RUNS_READ):
        return []
    ended = Run.objects.filter(finished_at__gte=now - LATELY)
    well = ended.filter(state__in=[RunState.DONE, RunState.UNCHANGED], kind=OuterRef("kind"), subject=OuterRef("subject"))
    bad = ended.filter(state__in=[RunState.REFUSED, RunState.UNDONE, RunState.FAILED])
    rows = bad.annotate(later=Subquery(well.order_by("-pk").values("pk")[:1]))
    left = rows.filter(Q(later=None) | Q(later__lt=F("pk"))).order_by("-pk")[:MOST]
    return [
        Concern(
            Kind.RUN, Verdict.WARN, str(run.pk), run.domain, Sentence("Run {id} did not end well: {subject}", id=run.pk,
            subject=run.subject), from_json(run.what), from_json(run.remedy),
        )
        for run in left
    ]  # fmt: skip
