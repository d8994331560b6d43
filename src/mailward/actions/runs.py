"""Looking at runs: what was done to the host, who asked, how it ended."""

from mailward.actions.office import Office
from mailward.actions.rows import ChangeRow, RunRow, StepRow
from mailward.model.errors import BadInput
from mailward.model.runs import RunKind, RunState, Step
from mailward.model.sentence import Sentence
from mailward.store.models import Run
from mailward.store.sentences import from_json


def list_runs(office: Office, limit: int = 20) -> tuple[RunRow, ...]:
    """The newest runs first."""
    return tuple(_row(run) for run in Run.objects.prefetch_related("steps")[:limit])


def show_run(office: Office, run_id: int) -> RunRow:
    run = Run.objects.filter(pk=run_id).first()
    if run is None:
        raise BadInput("run", Sentence("there is no run {id}", id=run_id), Sentence("See: mailward runs"))
    return _row(run)


def _row(run: Run) -> RunRow:
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
        changes=tuple(ChangeRow(c["path"], c["kind"], from_json(c["sentence"]), c["diff"]) for c in run.plan),
        generation=run.generation,
        previous=run.previous,
    )
