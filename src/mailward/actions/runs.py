"""Looking at runs: what was done to the host, who asked, how it ended.

Whoever may read runs sees all of them, with what they changed. Everybody sees those they asked for themselves, and those
of the domains they see: what happened, not the files of the host.
"""

from django.db.models import Q, QuerySet

from mailward.actions import permission
from mailward.actions.office import Office
from mailward.actions.paging import page
from mailward.actions.rows import ChangeRow, Listed, RunRow, StepRow
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind, RunState, Step
from mailward.model.sentence import Sentence
from mailward.store.models import Run
from mailward.store.sentences import from_json


def list_runs(
    office: Office, actor: Actor, *, search: str = "", domain: str = "", offset: int = 0, limit: int | None = 20
) -> Listed[RunRow]:
    """The newest runs first. ``domain``: only what was about this one."""
    found = _in_reach(actor)
    if domain:
        found = found.filter(Q(domain=domain) | Q(subject=domain))
    if search:
        found = found.filter(
            Q(subject__icontains=search) | Q(asked_by__icontains=search) | Q(kind=search) | Q(state=search)
        )
    rows, total = page(found.prefetch_related("steps"), offset, limit)
    return Listed(tuple(_row(run, actor) for run in rows), total)


def show_run(office: Office, actor: Actor, run_id: int) -> RunRow:
    run = _in_reach(actor).filter(pk=run_id).first()
    if run is None:
        said = Sentence("there is no run {id}", id=run_id)
        raise BadInput("run", said, Sentence("See: mailward runs"), code="unknown")
    return _row(run, actor)


def _in_reach(actor: Actor) -> QuerySet[Run]:
    """Every run that exists for this person. A run about a mailbox is shown to those who may read mailboxes."""
    if actor.may(Act.RUNS_READ):
        return Run.objects.all()
    reach = Q(asked_by=actor.name) if actor.account is not None else Q(pk__in=[])
    if actor.limits.domains is not None:
        reach &= Q(domain__in=actor.limits.domains)
    of_mailbox = Q(subject__contains="@")
    for act, about in ((Act.DOMAINS_READ, ~of_mailbox), (Act.MAILBOXES_READ, of_mailbox)):
        if actor.may_somewhere(act):
            reach |= Q(domain__in=permission.domains_in_reach(actor, act).values("name")) & about
    return Run.objects.filter(reach)


def _row(run: Run, actor: Actor) -> RunRow:
    changes = tuple(ChangeRow(c["path"], c["kind"], from_json(c["sentence"]), c["diff"]) for c in run.plan)
    return RunRow(
        id=run.pk,
        kind=RunKind(run.kind),
        state=RunState(run.state),
        subject=run.subject,
        asked_by=run.asked_by,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        what=from_json(run.what),
        remedy=from_json(run.remedy),
        steps=tuple(StepRow(Step(step.step), step.seconds) for step in run.steps.all()),
        changes=changes if actor.may(Act.RUNS_READ) else (),
        generation=run.generation,
        previous=run.previous,
        domain=run.domain,
    )
