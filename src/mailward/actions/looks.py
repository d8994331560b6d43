"""Looking at the doors: asking the steward to look now, and reading what was found. Nothing here connects anywhere."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from mailward.actions import permission
from mailward.actions.office import Asked, Office
from mailward.audit.clients import ClientReport
from mailward.model.doors import Door
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act, Place
from mailward.model.runs import RunKind, RunState
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict
from mailward.standards.mail_address import parse_address
from mailward.store import records, values
from mailward.store.models import Domain, Finding, Mailbox, Run

KEPT_FOR = timedelta(days=1)  # runs that only looked are forgotten then
MOST_NAMED = 200


@transaction.atomic
def request_verify(office: Office, actor: Actor, domains: Sequence[str] = ()) -> Asked:
    """Connect to every door by every name of these domains ("server": the server's own), now. None named: everything, which
    is the provider's. The answer is the run; what was found are the findings."""
    if len(domains) > MOST_NAMED:
        said = Sentence("at most {most} domains can be named at once", most=MOST_NAMED)
        raise BadInput("domains", said, Sentence("Name fewer, or none: that is everything."), code="too-many")
    if not domains or SERVER in domains:
        permission.require(actor, Act.DOORS_VERIFY, HOST)
    named = sorted({d if d == SERVER else permission.domain_for(actor, Act.DOORS_VERIFY, d).name for d in domains})
    scope = named[0] if len(named) == 1 and named[0] != SERVER else ""
    return ask(RunKind.VERIFY, ", ".join(named)[:253] or "host", {"domains": named}, office, actor, scope)


def list_findings(
    office: Office,
    actor: Actor,
    *,
    domain: str = "",
    verdict: Verdict | None = None,
    door: Door | None = None,
    search: str = "",
    offset: int = 0,
    limit: int = 200,
) -> tuple[tuple[DoorFinding, ...], int]:
    """What was last seen at the doors in reach, by domain, name and door; and how many there are in all."""
    rows = Finding.objects.all()
    if domain == SERVER:
        permission.require(actor, Act.DOORS_READ, HOST)
        rows = rows.filter(domain=SERVER)
    elif domain:
        rows = rows.filter(domain=permission.domain_for(actor, Act.DOORS_READ, domain).name)
    elif not actor.may(Act.DOORS_READ, HOST):
        rows = rows.filter(domain__in=permission.domains_in_reach(actor, Act.DOORS_READ).values("name"))
    if verdict is not None:
        rows = rows.filter(verdict=verdict.value)
    if door is not None:
        rows = rows.filter(door=door.value)
    if search:
        rows = rows.filter(name__contains=search.lower()[:253])
    shown = rows.order_by("domain", "id")[max(0, offset) : max(0, offset) + min(max(1, limit), 1000)]
    return tuple(records.finding(row) for row in shown), rows.count()


@transaction.atomic
def request_client(office: Office, actor: Actor, address: str) -> Asked:
    """Take the steps of every mail program for this address, and read what each would meet and say."""
    parsed = parse_address(address, "address")
    domain = Domain.objects.select_related("customer").filter(name=parsed.domain).first()
    place = (
        Place("", parsed.domain, str(parsed)) if domain is None else Place(domain.customer.name, domain.name, str(parsed))
    )
    if domain is None or not actor.may(Act.CLIENTS_READ, place):
        permission.require_somewhere(actor, Act.CLIENTS_READ)
        said = Sentence("{domain} is not held here", domain=parsed.domain)
        raise BadInput("address", said, Sentence("Give an address of a domain of yours."), code="unknown")
    return ask(RunKind.CLIENT, str(parsed), {"address": str(parsed)}, office, actor, domain.name)


def client_answer(office: Office, actor: Actor, run_id: int) -> ClientReport | None:
    """What such a run has found; None while it hasn't, or when it failed (the run says why)."""
    run = Run.objects.filter(pk=run_id, kind=RunKind.CLIENT).first()
    if run is None or not _may_read(actor, run):
        raise BadInput("run", Sentence("there is no run {id}", id=run_id), code="unknown")
    return None if run.answer is None else values.thaw(ClientReport, run.answer)


def _may_read(actor: Actor, run: Run) -> bool:
    box = Mailbox.objects.filter(domain__name=run.domain, local_part=run.subject.rpartition("@")[0]).exists()
    domain = Domain.objects.select_related("customer").filter(name=run.domain).first()
    if domain is None:
        return False
    return actor.may(Act.CLIENTS_READ, Place(domain.customer.name, domain.name, run.subject if box else None))


def ask(kind: RunKind, subject: str, request: dict[str, Any], office: Office, actor: Actor, scope: str) -> Asked:
    """For actions that have asked permission. The same wish of the same person, asked again while it waits, is the same
    run. Old looks are forgotten."""
    now = office.clock.now()
    Run.objects.filter(kind__in=records.LOOKS, finished_at__lt=now - KEPT_FOR).delete()
    waiting = Run.objects.filter(
        kind=kind, subject=subject, asked_by=actor.name, state__in=[RunState.WAITING, RunState.RUNNING]
    )
    for run in waiting:
        if run.request == request:
            return Asked(run.pk)
    return Asked(records.ask(kind, subject, request, actor, now, domain=scope).pk)
