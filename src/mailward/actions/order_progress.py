"""How far an order has come, step by step, as people follow it: read from the order's record and the run it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailward.actions import permission
from mailward.actions.lineages import chosen_for
from mailward.actions.office import Office
from mailward.certificates.records import OrderRecord, OrderState
from mailward.model.certificates import Challenge, Source
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind, RunState
from mailward.model.sentence import NOTHING, Sentence
from mailward.store.models import Lineage, Run
from mailward.store.orders import order_record
from mailward.store.sentences import from_json


class Standing(StrEnum):
    DONE = "done"
    BUSY = "busy"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True)
class OrderStep:
    title: Sentence
    standing: Standing


@dataclass(frozen=True)
class OrderProgress:
    """The last wish about a certificate. ``says`` and ``remedy``: how it ended; ``until``: what it waits for comes then."""

    run_id: int
    state: RunState
    began_at: datetime
    finished_at: datetime | None
    steps: tuple[OrderStep, ...]
    says: Sentence
    remedy: Sentence
    retry_at: datetime | None
    until: datetime | None

    @property
    def is_over(self) -> bool:
        return self.state.is_end

    @property
    def went_well(self) -> bool:
        return self.state in (RunState.DONE, RunState.UNCHANGED)


_AT: Mapping[OrderState, int] = {
    OrderState.PLANNED: 0,
    OrderState.KEYED: 1,
    OrderState.ORDERING: 1,
    OrderState.ORDERED: 2,
    OrderState.PRESENTING: 2,
    OrderState.PRESENTED: 3,
    OrderState.VISIBLE: 4,
    OrderState.ANSWERED: 4,
    OrderState.READY: 5,
    OrderState.FINALIZING: 5,
    OrderState.ISSUED: 6,
    OrderState.STORED: 6,
    OrderState.DONE: 6,
}
"""How many of the order's steps are behind it."""

_FAILED_AT: Mapping[str, int] = {
    "account-refused": 1,
    "names-refused": 1,
    "rate-limited": 1,
    "no-challenge": 2,
    "dns-broken": 2,
    "dns-update-failed": 2,
    "not-visible": 3,
    "domain-refused": 4,
    "certificate-bad": 5,
    "not-stored": 5,
}
"""At which step an order fails with which code; others: where its record says it was."""


def order_progress(office: Office, actor: Actor, lineage_id: str) -> OrderProgress | None:
    """The newest wish about this certificate, going on or ended; None when there never was one."""
    lineage = permission.lineage_for(actor, Act.CERTIFICATES_READ, lineage_id)
    kinds = [RunKind.ORDER.value, RunKind.CERTIFICATE.value]
    run = Run.objects.filter(subject=lineage.pk, kind__in=kinds).order_by("-id").first()
    if run is None:
        return None
    record = order_record(run.request["order"]) if "order" in run.request else None
    state = RunState(run.state)
    waits = record.journal.not_before if record is not None and not state.is_end else None
    return OrderProgress(
        run_id=run.pk,
        state=state,
        began_at=run.created_at,
        finished_at=run.finished_at,
        steps=_steps(run, lineage, record),
        says=from_json(run.what) if state.is_end else NOTHING,
        remedy=from_json(run.remedy) if state.is_end else NOTHING,
        retry_at=lineage.retry_at if state.is_end and lineage.failures else None,
        until=waits if waits is not None and waits > office.clock.now() else None,
    )


def lineage_of(office: Office, actor: Actor, run_id: int) -> str:
    """Which certificate a run of one's own order is about. Raises BadInput when it is out of reach."""
    run = Run.objects.filter(pk=run_id).first()
    return permission.lineage_for(actor, Act.CERTIFICATES_READ, run.subject if run is not None else "").pk


def _steps(run: Run, lineage: Lineage, record: OrderRecord | None) -> tuple[OrderStep, ...]:
    state = RunState(run.state)
    if run.request.get("revoke"):
        titles = [Sentence("The certificate authority is told that it must not be trusted any more")]
        return _told(titles, 0 if state is not RunState.DONE else 1, state)
    titles, behind = _of_order(run, lineage, record)
    if run.request.get("choose") or chosen_for(lineage):
        titles.append(Sentence("It is shown at every door where it is chosen, and proven there"))
    if state in (RunState.DONE, RunState.UNCHANGED):
        behind = len(titles)
    return _told(titles, min(behind, len(titles) - (0 if state.is_end else 1)), state)


def _of_order(run: Run, lineage: Lineage, record: OrderRecord | None) -> tuple[list[Sentence], int]:
    """The titles of what comes before the doors, and how many of them are done."""
    if run.kind == RunKind.CERTIFICATE:
        title = Sentence("The certificate that was handed in is checked")
        return [title], 0 if "answer" in run.request and "versions" not in run.request else 1
    if lineage.source == Source.SELF_SIGNED:
        return [Sentence("A new self-signed certificate is made here")], 1 if "versions" in run.request else 0
    ca = record.ca if record is not None else lineage.ca
    authority: Sentence | str = ca or Sentence("the certificate authority")
    published = Sentence("The proof of control is published in DNS (DNS-01)")
    if lineage.challenge == Challenge.HTTP_01:
        published = Sentence("The proof of control is published on the web server (HTTP-01)")
    titles = [
        Sentence("A new private key is made here; it never leaves this server"),
        Sentence("The order is placed with {ca}", ca=authority),
        published,
        Sentence("The proof can be seen from outside"),
        Sentence("{ca} has checked every name", ca=authority),
        Sentence("The certificate is issued and kept"),
    ]
    return titles, 6 if "versions" in run.request else _behind(record)


def _behind(record: OrderRecord | None) -> int:
    if record is None:
        return 0
    if record.state in _AT:
        return _AT[record.state]
    if record.failure is not None and record.failure.code in _FAILED_AT:
        return _FAILED_AT[record.failure.code]
    if record.journal.certificate_url:
        return 5
    return 2 if record.journal.order_url else 1 if record.csr_pem is not None else 0


def _told(titles: list[Sentence], behind: int, state: RunState) -> tuple[OrderStep, ...]:
    """``behind`` are done; the next one is busy, waiting or failed, by the run's state."""
    here = {RunState.WAITING: Standing.WAITING, RunState.RUNNING: Standing.BUSY}.get(state, Standing.FAILED)
    standings = [Standing.DONE] * behind + [here] + [Standing.WAITING] * len(titles)
    return tuple(OrderStep(title, standing) for title, standing in zip(titles, standings, strict=False))
