"""Runs: everything that was asked of the steward, followed live while it goes on, and brought back if need be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from mailward.actions.configuration import rollback
from mailward.actions.rows import ChangeRow, RunRow
from mailward.actions.runs import list_runs, show_run
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import SPOKEN_KINDS, SPOKEN_STATES, RunKind, RunState, Step
from mailward.model.sentence import Sentence
from mailward.panel.operations.following import run_address, way_back
from mailward.panel.signed_in import PER_PAGE, page_of, searched, signed_in, wanted_page
from mailward.web.office import office

LOOKS: Mapping[RunState, str] = {
    RunState.WAITING: "waiting",
    RunState.RUNNING: "busy",
    RunState.DONE: "pass",
    RunState.UNCHANGED: "pass",
    RunState.REFUSED: "fail",
    RunState.UNDONE: "fail",
    RunState.FAILED: "fail",
}
STEPS = {
    Step.ORDER: Sentence("Get the certificate from the CA"),
    Step.OBSERVE: Sentence("Look at what is there"),
    Step.PLAN: Sentence("Plan the changes"),
    Step.STAGE: Sentence("Prepare them beside what is served"),
    Step.CHECK: Sentence("Check them before anything changes"),
    Step.APPLY: Sentence("Put them in place"),
    Step.VERIFY: Sentence("Prove it by real connections"),
    Step.UNDO: Sentence("Put back what was there before"),
    Step.RECORD: Sentence("Write it down"),
}
HEADLINES = {
    RunState.WAITING: Sentence("It waits for its turn"),
    RunState.RUNNING: Sentence("It is being done"),
    RunState.DONE: Sentence("Done, and proven"),
    RunState.UNCHANGED: Sentence("There was nothing to do"),
    RunState.REFUSED: Sentence("A check said no: nothing was changed"),
    RunState.UNDONE: Sentence("It did not prove itself: what was served before is served again"),
    RunState.FAILED: Sentence("It could not be done: what was served before is served still"),
}
KINDS = {
    RunKind.CONFIGURATION: Sentence("Apply the configuration"),
    RunKind.CERTIFICATE: Sentence("Switch certificates"),
    RunKind.DIRECTORY: Sentence("Publish domains and addresses"),
    RunKind.ORDER: Sentence("Get a certificate"),
    RunKind.ROLLBACK: Sentence("Roll back"),
    RunKind.VERIFY: Sentence("Look at the doors"),
    RunKind.CLIENT: Sentence("Take a mail program's steps"),
    RunKind.CHECK: Sentence("Look at DNS"),
    RunKind.CONTROL: Sentence("Look for a proof of control"),
    RunKind.DNS: Sentence("Publish in DNS"),
}

LOOKING = (RunKind.VERIFY, RunKind.CLIENT, RunKind.CHECK, RunKind.CONTROL)
"""Runs that only look."""


@dataclass(frozen=True)
class StepLine:
    name: Sentence
    look: str  # done, busy, waiting, failed
    seconds: float | None


@require_safe
@signed_in
def runs(request: HttpRequest, actor: Actor) -> HttpResponse:
    search, number = searched(request), wanted_page(request)
    listed = list_runs(office(), actor, search=search, offset=(number - 1) * PER_PAGE, limit=PER_PAGE)
    rows = [(row, KINDS[row.kind], look_of_run(row), SPOKEN_STATES[row.state]) for row in listed.rows]
    page = page_of(number, listed.total)
    context = {"rows": rows, "page": page, "search": search, "may_roll_back": actor.may(Act.RUNS_ROLLBACK)}
    return render(request, "panel/operations/runs.html", context)


@require_safe
@signed_in
def run(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    return render(request, "panel/operations/run.html", _context(request, actor, number))


@require_safe
@signed_in
def live(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """The part that changes while it goes on."""
    return render(request, "panel/operations/run_live.html", _context(request, actor, number))


def _context(request: HttpRequest, actor: Actor, number: int) -> dict[str, object]:
    row = show_run(office(), actor, number)
    return {
        "run": row,
        "kind": KINDS[row.kind],
        "spoken_kind": SPOKEN_KINDS[row.kind],
        "headline": HEADLINES[row.state] if row.kind not in LOOKING else _look_headline(row),
        "look": look_of_run(row),
        "state": SPOKEN_STATES[row.state],
        "steps": _steps(row),
        "changes": [(change, _lines(change)) for change in row.changes],
        "back": way_back(request),
        "may_roll_back": _may_roll_back(actor, row),
    }


def look_of_run(row: RunRow) -> str:
    """A look at the doors that met trouble is done, and yet not green."""
    met_trouble = (
        row.kind in (RunKind.VERIFY, RunKind.CHECK) and row.state is RunState.DONE and "unwell" in dict(row.what.values)
    )
    return "warn" if met_trouble else LOOKS[row.state]


def _look_headline(row: RunRow) -> Sentence:
    return Sentence("Everything was looked at") if row.state is RunState.DONE else HEADLINES[row.state]


def _may_roll_back(actor: Actor, row: RunRow) -> bool:
    applied = row.kind in (RunKind.CONFIGURATION, RunKind.ROLLBACK) and row.state is RunState.DONE
    return applied and row.previous is not None and actor.may(Act.RUNS_ROLLBACK)


_USUAL: Mapping[RunKind, Sequence[Step]] = {
    RunKind.CONFIGURATION: (Step.OBSERVE, Step.PLAN, Step.STAGE, Step.CHECK, Step.APPLY, Step.VERIFY),
    RunKind.ROLLBACK: (Step.OBSERVE, Step.PLAN, Step.STAGE, Step.CHECK, Step.APPLY, Step.VERIFY),
    RunKind.CERTIFICATE: (Step.STAGE, Step.CHECK, Step.APPLY, Step.VERIFY),
    RunKind.ORDER: (Step.ORDER, Step.STAGE, Step.CHECK, Step.APPLY, Step.VERIFY),
    RunKind.DIRECTORY: (Step.OBSERVE, Step.APPLY, Step.VERIFY),
    RunKind.VERIFY: (Step.VERIFY,),
    RunKind.CLIENT: (Step.VERIFY,),
    RunKind.CHECK: (Step.VERIFY,),
    RunKind.CONTROL: (Step.OBSERVE, Step.RECORD),
    RunKind.DNS: (Step.OBSERVE, Step.PLAN, Step.APPLY, Step.VERIFY),
}


def _steps(row: RunRow) -> list[StepLine]:
    """Those taken, with their times; and, while it goes on, those to come."""
    taken: dict[Step, float | None] = {}
    for step in row.steps:  # an order comes back to its first step as often as it waited
        taken[step.step] = None if step.seconds is None else (taken.get(step.step) or 0.0) + step.seconds
    lines = [StepLine(STEPS[step], _look_of(row, step, seconds), seconds) for step, seconds in taken.items()]
    if not row.state.is_end:
        lines += [StepLine(STEPS[step], "waiting", None) for step in _USUAL[row.kind] if step not in taken]
    return lines


def _look_of(row: RunRow, step: Step, seconds: float | None) -> str:
    last = row.steps[-1].step is step
    if last and not row.state.is_end:
        return "busy"
    broke = row.state in (RunState.REFUSED, RunState.FAILED)
    unproven = row.state is RunState.UNDONE and step is Step.VERIFY
    return "failed" if seconds is None or (broke and last) or unproven else "done"


def _lines(change: ChangeRow) -> list[tuple[str, str]]:
    """Each line of a diff with the class that colours it."""
    marks = {"+": "add", "-": "del", "@": "at"}
    return [(marks.get(line[:1], ""), line) for line in change.diff.splitlines()]


@require_POST
@signed_in
def roll_back(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """Bring back the generation that was before this run. Dangerous: asks for a fresh second factor."""
    row = show_run(office(), actor, number)
    return HttpResponseRedirect(run_address(rollback(office(), actor, row.previous)))
