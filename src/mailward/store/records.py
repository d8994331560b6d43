"""Runs, findings and events: written as things happen, read by the faces."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Min, Q

from mailward.model.doors import Door, Tls
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.generations import Plan
from mailward.model.outside import Clock
from mailward.model.people import Actor
from mailward.model.runs import Outcome, RunKind, RunState, Step
from mailward.model.verdict import Verdict, worst
from mailward.store import chain, states
from mailward.store.models import Domain, Finding, Run, RunStep
from mailward.store.sentences import from_json, to_json

LOOKS = (RunKind.VERIFY, RunKind.CLIENT, RunKind.CHECK, RunKind.CONTROL)
"""Runs that change nothing."""
BESIDE = (RunKind.ORDER, RunKind.DNS, *LOOKS)
"""Runs that are carried out beside others, without the host's lock."""


def ask(kind: RunKind, subject: str, request: Mapping[str, Any], actor: Actor, now: datetime, *, domain: str = "") -> Run:
    """Put a run into the queue. The steward takes it up, now or after a restart.

    ``domain``: whose it is; "": the host's."""
    return Run.objects.create(
        kind=kind, state=RunState.WAITING, subject=subject, request=dict(request), asked_by=actor.name, created_at=now,
        domain=domain,
    )  # fmt: skip


def unfinished() -> list[Run]:
    """The runs to take up, oldest first: those a killed steward left running, and those that wait."""
    return list(Run.objects.filter(state__in=[RunState.RUNNING, RunState.WAITING]).order_by("id"))


def left_running(before: int) -> list[Run]:
    """Runs that change the host, were asked before that one, and seem to run: for whoever holds the host's lock."""
    return list(Run.objects.filter(state=RunState.RUNNING, pk__lt=before).exclude(kind__in=BESIDE).order_by("id"))


def begin(run: Run, now: datetime) -> None:
    run.state = RunState.RUNNING
    run.started_at = run.started_at or now
    run.save(update_fields=["state", "started_at"])


def finish(run: Run, outcome: Outcome) -> None:
    """Write down how it ended. The last thing a run does."""
    run.state = outcome.state
    run.what = to_json(outcome.what)
    run.remedy = to_json(outcome.remedy)
    run.finished_at = outcome.finished_at
    run.save(update_fields=["state", "what", "remedy", "finished_at"])


class StoreRecorder:
    """Writes a run's steps into the store, each before it is taken (flow.ground.Recorder)."""

    def __init__(self, run: Run, clock: Clock) -> None:
        self._run = run
        self._clock = clock

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        row = RunStep.objects.create(run=self._run, step=step, started_at=self._clock.now())
        began = self._clock.monotonic()
        yield
        row.seconds = round(self._clock.monotonic() - began, 4)
        row.save(update_fields=["seconds"])

    def planned(self, plan: Plan) -> None:
        self._run.generation = plan.number
        self._run.previous = plan.previous
        self._run.plan = [
            {"path": str(c.path), "kind": c.kind, "sentence": to_json(c.sentence), "diff": c.diff} for c in plan.changes
        ]
        self._run.save(update_fields=["generation", "previous", "plan"])


def tell(
    actor: Actor, what: str, subject: str, now: datetime, *, domain: str = "", customer: str = "", **detail: Any
) -> None:
    """Write down who did what, from where, and whose it is (nothing: the host's). Call it inside the transaction of the
    change itself. No secrets in ``detail``."""
    chain.append(
        at=now, who=actor.name, what=what, subject=subject, detail=detail, came_from=actor.came_from, domain=domain,
        customer=customer,
    )  # fmt: skip


@transaction.atomic
def keep_findings(findings: Iterable[DoorFinding], domains: Iterable[str] = ()) -> None:
    """Replace what was known of these doors; of ``domains`` (looked at whole), everything older is dropped."""
    whole, findings = list(domains), tuple(findings)
    Finding.objects.filter(domain__in=whole).delete()
    rows = [
        Finding(
            domain=f.domain, name=f.name, door=f.door, port=f.port, address=f.address, tls=f.tls, sni=f.sni,
            verdict=f.verdict, code=f.code, reason=to_json(f.reason), remedy=to_json(f.remedy),
            served_sha256=f.served_sha256, wanted_sha256=f.wanted_sha256, not_after=f.not_after, protocol=f.protocol,
            also=list(f.also), rsa_only=f.rsa_only, checked_at=f.checked_at,
        )
        for f in findings
    ]  # fmt: skip
    updated = [
        "tls", "sni", "verdict", "code", "reason", "remedy", "served_sha256", "wanted_sha256", "not_after", "protocol",
        "also", "checked_at",
    ]  # fmt: skip
    Finding.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["domain", "name", "door", "port", "address", "rsa_only"],
        update_fields=updated,
    )
    states.refresh([*whole, *(f.domain for f in findings)])


def known_findings(domains: Iterable[str] | None = None) -> tuple[DoorFinding, ...]:
    """The latest look at every door, or at those of ``domains``, in the order in which the questions were asked."""
    rows = (
        Finding.objects.order_by("id")
        if domains is None
        else Finding.objects.filter(domain__in=list(domains)).order_by("id")
    )
    return tuple(finding(row) for row in rows)


def worst_known(not_before: datetime) -> tuple[Verdict, datetime | None]:
    """The worst of the latest looks at every domain that is held and at the server, and the oldest of these looks. What
    was never looked at, or not since ``not_before``, is unknown, whatever it was before. Counted by the store: there can
    be millions of findings."""
    held = Domain.objects.values("name")
    looked_at = Finding.objects.filter(Q(domain=SERVER) | Q(domain__in=held))
    oldest = looked_at.aggregate(oldest=Min("checked_at"))["oldest"]
    verdicts = [Verdict(word) for word in looked_at.order_by().values_list("verdict", flat=True).distinct()]
    server = Finding.objects.filter(domain=SERVER).exists()
    if oldest is None or oldest < not_before or not server or never_looked_at():
        verdicts.append(Verdict.UNKNOWN)
    return worst(verdicts), oldest


def never_looked_at() -> int:
    """How many of the domains that are held have no finding at all."""
    return Domain.objects.exclude(name__in=Finding.objects.values("domain")).count()


def forget_domains(domains: Iterable[str]) -> None:
    """What was found of domains that are held no more is nobody's any more."""
    gone = list(domains)
    Finding.objects.filter(domain__in=gone).delete()
    states.refresh(gone)


def forget_closed_doors(open_doors: Collection[tuple[str, int, str]]) -> None:
    """Drop what was found at doors, ports and addresses at which nothing is asked any more."""
    for door, port, address in Finding.objects.order_by().values_list("door", "port", "address").distinct():
        if (door, port, address) not in open_doors:
            shut = Finding.objects.filter(door=door, port=port, address=address)
            affected = set(shut.order_by().values_list("domain", flat=True).distinct())
            shut.delete()
            states.refresh(affected)


def finding(row: Finding) -> DoorFinding:
    """The row as a value."""
    return DoorFinding(
        domain=row.domain, name=row.name, door=Door(row.door), port=row.port, address=row.address, tls=Tls(row.tls),
        sni=row.sni, verdict=Verdict(row.verdict), code=row.code, reason=from_json(row.reason),
        remedy=from_json(row.remedy), checked_at=row.checked_at, served_sha256=row.served_sha256,
        wanted_sha256=row.wanted_sha256, not_after=row.not_after, protocol=row.protocol, also=tuple(row.also),
        rsa_only=row.rsa_only,
    )  # fmt: skip
