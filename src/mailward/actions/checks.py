"""The board: asking for a look at DNS, one line for each domain, what was found of one, and how the whole host stands.

Nothing here asks DNS. A fixed number of questions to the store, however many domains there are. What was looked at more
than a day ago is unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from mailward.actions import looks, permission
from mailward.actions.office import Asked, Office
from mailward.actions.rows import Listed
from mailward.model.checks import CHECKS_STALE_AFTER, SIX, CheckFinding, Mechanism
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict, worst
from mailward.store import checks
from mailward.store.models import Domain, DomainBoard

SORTS = ("name", "-name", "state", "-state", "checked", "-checked")


@dataclass(frozen=True)
class BoardLine:
    """How one domain ("server": the host itself) stands. ``six``: the worst of the checklist's six."""

    domain: str
    customer: str
    six: Verdict
    is_green: bool
    verdicts: dict[Mechanism, Verdict]  # of every mechanism that was looked at
    checked_at: datetime | None


@dataclass(frozen=True)
class HostState:
    """The whole host in one line. ``counts``: domains in reach by their six. ``server`` None: not this person's to see."""

    is_green: bool
    verdict: Verdict
    says: Sentence
    counts: dict[Verdict, int]
    domains: int
    server: BoardLine | None
    checked_at: datetime | None  # the oldest look


@transaction.atomic
def request_check(office: Office, actor: Actor, domains: Sequence[str] = ()) -> Asked:
    """Look at the DNS of these domains ("server": the host's own) now. None named: everything, which is the provider's."""
    if len(domains) > looks.MOST_NAMED:
        said = Sentence("at most {most} domains can be named at once", most=looks.MOST_NAMED)
        raise BadInput("domains", said, Sentence("Name fewer, or none: that is everything."), code="too-many")
    if not domains:
        permission.require(actor, Act.DNS_READ, HOST)
    found = [permission.scope_for(actor, Act.DNS_READ, domain) for domain in dict.fromkeys(domains)]
    named = sorted(SERVER if domain is None else domain.name for domain in found)
    scope = named[0] if len(named) == 1 and named[0] != SERVER else ""
    subject = ", ".join(named)[:253] or "host"
    return looks.ask(RunKind.CHECK, subject, {"domains": named}, office, actor, scope)


def list_boards(
    office: Office,
    actor: Actor,
    *,
    search: str = "",
    state: Verdict | None = None,
    sort: str = "name",
    offset: int = 0,
    limit: int = 50,
) -> Listed[BoardLine]:
    """The domains in reach whose name or customer holds ``search``, by the worst of their six (``state``)."""
    now = office.clock.now()
    found = _with_six(permission.domains_in_reach(actor, Act.DNS_READ), now)
    if search:
        found = found.filter(Q(name__icontains=search) | Q(customer__name__icontains=search))
    if state is not None:
        found = found.filter(severity=state.severity)
    total = found.count()
    start = max(0, offset)
    page = found.select_related("customer").order_by(*_order(sort))[start : start + max(1, limit)]
    return Listed(_lines(list(page), now), total)


def show_board(office: Office, actor: Actor, domain: str) -> BoardLine:
    """One of them, or "server". Raises BadInput (``unknown``) when there is none in reach."""
    row = permission.scope_for(actor, Act.DNS_READ, domain)
    if row is None:
        return _server(office.clock.now())
    return _lines([row], office.clock.now())[0]


def list_checks(office: Office, actor: Actor, domain: str) -> tuple[CheckFinding, ...]:
    """What was last found of a domain ("server": of the host itself), in the board's order."""
    row = permission.scope_for(actor, Act.DNS_READ, domain)
    now = office.clock.now()
    return tuple(_as_of_now(found, now) for found in checks.known(SERVER if row is None else row.name))


def host_state(office: Office, actor: Actor) -> HostState:
    """Whether everything in reach is green, in one sentence; for those who may look at the host, with the host's own."""
    now = office.clock.now()
    reach = permission.domains_in_reach(actor, Act.DNS_READ)
    counted = {
        row["severity"]: row["count"]
        for row in _with_six(reach, now).values("severity").annotate(count=Count("pk")).order_by()
    }
    counts: dict[Verdict, int] = {one: counted.get(one.severity, 0) for one in Verdict if one is not Verdict.NOT_APPLICABLE}
    server = _server(now) if actor.may(Act.SERVER_READ) else None
    boards = DomainBoard.objects.filter(domain__in=reach.values("name")).order_by("checked_at")
    verdict = worst([one for one, count in counts.items() if count] + ([server.six] if server is not None else []))
    total = sum(counts.values())
    return HostState(
        is_green=verdict is Verdict.PASS,
        verdict=verdict,
        says=_says(counts, total, server),
        counts=counts,
        domains=total,
        server=server,
        checked_at=boards.values_list("checked_at", flat=True).first(),
    )


def _says(counts: dict[Verdict, int], total: int, server: BoardLine | None) -> Sentence:
    if server is not None and server.six is Verdict.FAIL:
        return Sentence("The server itself has faults, which reach every domain: see its own lines first.")
    if not total:
        return Sentence("No domain is held here yet.")
    if counts[Verdict.PASS] == total:
        if server is not None and server.six is not Verdict.PASS:
            return Sentence("All domains are green ({total}); of the server itself not everything is known.", total=total)
        return Sentence("All domains are green ({total}).", total=total)
    return Sentence(
        "{green} of {total} domains are green; with faults: {failed}, with warnings: {warned}, unknown: {unknown}.",
        green=counts[Verdict.PASS],
        total=total,
        failed=counts[Verdict.FAIL],
        warned=counts[Verdict.WARN],
        unknown=counts[Verdict.UNKNOWN],
    )


def _with_six(rows: QuerySet[Domain], now: datetime) -> QuerySet[Any]:
    """Each with the ``severity`` of its six, and ``looked``; an old look or none is unknown."""
    boards = DomainBoard.objects.filter(domain=OuterRef("name"))
    fresh = boards.filter(checked_at__gte=now - CHECKS_STALE_AFTER)
    severity = Case(*(When(six=one.value, then=Value(one.severity)) for one in Verdict), output_field=IntegerField())
    return rows.annotate(
        severity=Coalesce(Subquery(fresh.annotate(s=severity).values("s")), Value(Verdict.UNKNOWN.severity)),
        looked=Subquery(boards.values("checked_at")),
    )


def _order(sort: str) -> Sequence[Any]:
    word = sort.removeprefix("-") if sort in SORTS else "name"
    field = {"name": "name", "state": "severity", "checked": "looked"}[word]
    return (f"-{field}" if sort.startswith("-") and sort in SORTS else field, "name")


def _lines(rows: Sequence[Domain], now: datetime) -> tuple[BoardLine, ...]:
    names = [row.name for row in rows]
    known = {board.domain: board for board in DomainBoard.objects.filter(domain__in=names)}
    return tuple(_line(row.name, row.customer.name, known.get(row.name), now) for row in rows)


def _line(domain: str, customer: str, row: DomainBoard | None, now: datetime) -> BoardLine:
    if row is None:
        return BoardLine(domain, customer, Verdict.UNKNOWN, False, {}, None)
    board = checks.board(row)
    if now - row.checked_at > CHECKS_STALE_AFTER:
        unknown = dict.fromkeys(board.verdicts, Verdict.UNKNOWN)
        return BoardLine(domain, customer, Verdict.UNKNOWN, False, unknown, board.checked_at)
    return BoardLine(domain, customer, Verdict(row.six), board.is_green, board.verdicts, board.checked_at)


def _server(now: datetime) -> BoardLine:
    """Of the host itself those of the six count that can be asked of it: it has no DMARC of its own, for instance."""
    line = _line(SERVER, "", DomainBoard.objects.filter(domain=SERVER).first(), now)
    own: list[Verdict] = [
        verdict for one, verdict in line.verdicts.items() if one in SIX and verdict is not Verdict.NOT_APPLICABLE
    ]
    six = worst(own)
    return replace(line, six=six, is_green=six is Verdict.PASS)


def _as_of_now(found: CheckFinding, now: datetime) -> CheckFinding:
    if now - found.checked_at <= CHECKS_STALE_AFTER:
        return found
    said = Sentence("It was looked at more than a day ago, so nobody knows how it stands now.")
    if found.reason.template:
        said = Sentence("It was looked at more than a day ago; then this was found: {reason}", reason=found.reason)
    remedy = Sentence("Look again: mailward check {domain}", domain=found.domain)
    return replace(found, verdict=Verdict.UNKNOWN, code="check-stale", reason=said, remedy=remedy)
