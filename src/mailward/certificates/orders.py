"""ACME orders as a persisted state machine: one transition at a time, each saved before the next (issue 2).

``advance`` makes one step and answers what goes wrong; ``run_order`` takes one record to its end; ``issue_many`` takes
many there at once, and a record that waits (for DNS, for the CA, after a trouble) holds no thread, so that a failing
domain delays nobody. A killed process goes on with the records as they were saved; no order is made twice.
"""

import heapq
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mailward.certificates import steps, troubles
from mailward.certificates.outside import Limits, OrderOutside
from mailward.certificates.records import Failure, OrderJournal, OrderRecord, OrderState, plan_order
from mailward.model.acme import NOT_FOUND, AcmeProblem
from mailward.model.errors import MailwardError
from mailward.model.sentence import Sentence

__all__ = [
    "Failure",
    "Limits",
    "OrderJournal",
    "OrderOutside",
    "OrderRecord",
    "OrderState",
    "advance",
    "clean_up_again",
    "issue_many",
    "plan_order",
    "run_order",
]

Progress = Callable[[OrderRecord, Sentence], None]

_STEPS: dict[OrderState, Callable[[OrderRecord, OrderOutside], OrderRecord]] = {
    OrderState.PLANNED: steps.make_key,
    OrderState.KEYED: steps.open_account,
    OrderState.ORDERING: steps.order,
    OrderState.ORDERED: steps.prepare,
    OrderState.PRESENTING: steps.present,
    OrderState.PRESENTED: steps.wait_visible,
    OrderState.VISIBLE: steps.answer,
    OrderState.ANSWERED: steps.wait_ready,
    OrderState.READY: steps.finalize,
    OrderState.FINALIZING: steps.fetch,
    OrderState.ISSUED: steps.hand_over,
    OrderState.STORED: steps.finish,
    OrderState.FAILING: steps.give_up,
}

SAYS: dict[OrderState, Sentence] = {
    OrderState.PLANNED: Sentence("planned"),
    OrderState.KEYED: Sentence("private key made"),
    OrderState.ORDERING: Sentence("account found"),
    OrderState.ORDERED: Sentence("ordered from the certificate authority"),
    OrderState.PRESENTING: Sentence("challenges received"),
    OrderState.PRESENTED: Sentence("answers to the challenges published"),
    OrderState.VISIBLE: Sentence("answers visible to everybody"),
    OrderState.ANSWERED: Sentence("the certificate authority is looking"),
    OrderState.READY: Sentence("the certificate authority has seen every name"),
    OrderState.FINALIZING: Sentence("certificate requested"),
    OrderState.ISSUED: Sentence("certificate issued"),
    OrderState.STORED: Sentence("certificate stored"),
    OrderState.FAILING: Sentence("failed; cleaning up"),
    OrderState.DONE: Sentence("done"),
    OrderState.FAILED: Sentence("failed"),
}


def silent(_record: OrderRecord, _what: Sentence) -> None:
    """A Progress that says nothing."""


def advance(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    """Exactly one step further; of an ended record, the record itself. Never raises for what the CA or DNS says."""
    step = _STEPS.get(record.state)
    if step is None:
        return record
    try:
        after = step(record, outside)
    except AcmeProblem as problem:
        after = _after_problem(record, problem, outside)
    except MailwardError as trouble:
        after = _after(record, troubles.failure_from(trouble, record, outside.clock.now()), outside)
    now = outside.clock.now()
    return replace(after, updated_at=now, finished_at=now if after.state.is_end else None)


def run_order(
    record: OrderRecord, outside: OrderOutside, progress: Progress = silent, *, waits: bool = True
) -> OrderRecord:
    """Takes a record to its end, saving every step, within ``outside.limits.total`` seconds and a little to clean up.

    With ``waits`` False it is given back as soon as its next step has to wait (``journal.not_before``), so that nobody's
    thread is held; who calls again goes on with it, and each of its waits keeps its own limit.
    """
    started = outside.clock.monotonic()
    try:
        while not record.state.is_end:
            pause = _pause(record, outside)
            if pause > 0:
                if not waits:
                    return record
                outside.clock.sleep(pause)
            record = _step(record, outside, progress, started)
    except Exception as trouble:  # the same end as in issue_many: never dropped silently
        return _surprised(record, trouble, outside)
    return record


def issue_many(
    records: Sequence[OrderRecord], outside: OrderOutside, workers: int = 8, progress: Progress = silent
) -> list[OrderRecord]:
    """Takes many records to their ends at once; the ends, in the records' order. One that can't even be saved ends as
    FAILED (``internal``) here and is found as it was last saved by the next start."""
    queue = _Queue([_Task(0.0, index, record, None) for index, record in enumerate(records)])
    threads = [
        threading.Thread(target=_work, args=(queue, outside, progress), name=f"order-{number}", daemon=True)
        for number in range(max(1, min(workers, len(records))))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [record for _, record in sorted(queue.ended.items())]


def clean_up_again(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    """Tries once more to take away what an ended order had to leave behind, and saves what is left of it now."""
    if record.has_leftovers:
        record = replace(steps.take_away(record, outside), updated_at=outside.clock.now())
        outside.journal.save(record)
    return record


def _step(record: OrderRecord, outside: OrderOutside, progress: Progress, started: float) -> OrderRecord:
    """One step and its save; an order that has had its time is turned to its end."""
    late = outside.clock.monotonic() - started > outside.limits.total
    if late and record.state not in (OrderState.FAILING, OrderState.STORED, OrderState.ISSUED):
        what = Sentence("The order took longer than {seconds} seconds.", seconds=f"{outside.limits.total:g}")
        after = troubles.failing(_alone(record), troubles.failure("took-too-long", what, record, outside.clock.now()))
    else:
        after = advance(record, outside)
    outside.journal.save(after)
    if after.state is not record.state:
        _tell(after, outside, progress)
    return after


def _tell(record: OrderRecord, outside: OrderOutside, progress: Progress) -> None:
    try:
        progress(record, record.failure.sentence if record.failure else SAYS[record.state])
    except Exception as trouble:  # a page or terminal that is gone must not fail an order
        outside.mishap(record, trouble)


def _alone(record: OrderRecord) -> OrderRecord:
    """The record without further CAs: its time is over."""
    return replace(record, journal=replace(record.journal, cas=()))


def _pause(record: OrderRecord, outside: OrderOutside) -> float:
    """Seconds until the record's next step is due."""
    moment: datetime | None = record.journal.not_before
    return 0.0 if moment is None else max(0.0, (moment - outside.clock.now()).total_seconds())


def _after_problem(record: OrderRecord, problem: AcmeProblem, outside: OrderOutside) -> OrderRecord:
    """What follows when the CA said no, or nothing."""
    restarts = record.journal.restarts
    lost = problem.type == NOT_FOUND and record.journal.order_url != ""
    if problem.type == "accountDoesNotExist":
        outside.accounts.forgotten(record.ca)
        lost = True
    if lost and restarts < outside.limits.restarts and record.state is not OrderState.FAILING:
        return record.anew(restarts=restarts + 1)
    if problem.type == "alreadyReplaced" and record.journal.replaces:
        return replace(record, journal=replace(record.journal, replaces=""))
    found = troubles.failure_of(problem, record, outside.clock.now())
    short = (
        problem.type == "rateLimited" and problem.retry_after is not None and problem.retry_after <= troubles.SHORT_RETRY
    )
    return _after(record, found, outside, asked=problem.retry_after, passing=short)


def _after(
    record: OrderRecord, why: Failure, outside: OrderOutside, *, asked: timedelta | None = None, passing: bool = False
) -> OrderRecord:
    """Another try of the same step in a moment, while the trouble may pass; otherwise the way to the end."""
    tried = record.journal.troubles + 1
    if not (passing or troubles.CODES[why.code].passing) or tried > outside.limits.troubles:
        return troubles.failing(record, why)
    pause = timedelta(seconds=outside.limits.first_pause * 2 ** (tried - 1))
    if asked is not None:
        pause = max(pause, min(asked, troubles.SHORT_RETRY))
    # An unanswered newOrder may have been heard: the next try looks for its order first.
    journal = replace(record.journal, troubles=tried, not_before=outside.clock.now() + pause, asked_by="")
    return replace(record, journal=journal)


@dataclass(order=True)
class _Task:
    due: float
    index: int
    record: OrderRecord = field(compare=False)
    started: float | None = field(compare=False)


class _Queue:
    """Tasks by the moment they are due; a thread that takes one waits until there is one, or none is left at all."""

    def __init__(self, tasks: list[_Task]) -> None:
        self._tasks = tasks
        heapq.heapify(self._tasks)
        self._open = len(tasks)
        self._changed = threading.Condition()
        self.ended: dict[int, OrderRecord] = {}

    def take(self, outside: OrderOutside) -> _Task | None:
        with self._changed:
            while self._open:
                wait = self._tasks[0].due - outside.clock.monotonic() if self._tasks else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._tasks)
                self._changed.wait(wait)
            return None

    def give_back(self, task: _Task) -> None:
        with self._changed:
            heapq.heappush(self._tasks, task)
            self._changed.notify()

    def end(self, task: _Task) -> None:
        with self._changed:
            self.ended[task.index] = task.record
            self._open -= 1
            self._changed.notify_all()


def _work(queue: _Queue, outside: OrderOutside, progress: Progress) -> None:
    while (task := queue.take(outside)) is not None:
        try:
            started = task.started = outside.clock.monotonic() if task.started is None else task.started
            while not task.record.state.is_end and _pause(task.record, outside) <= 0:
                task.record = _step(task.record, outside, progress, started)
        except Exception as trouble:
            task.record = _surprised(task.record, trouble, outside)
        if task.record.state.is_end:
            queue.end(task)
        else:
            task.due = outside.clock.monotonic() + _pause(task.record, outside)
            queue.give_back(task)


def _surprised(record: OrderRecord, trouble: Exception, outside: OrderOutside) -> OrderRecord:
    """The end of an order that met a fault of ours. Only the fault's kind is kept: its text could hold anything."""
    outside.mishap(record, trouble)
    what = Sentence("Mailward itself made a mistake ({kind}).", kind=type(trouble).__name__)
    now = outside.clock.now()
    ended = replace(record.to(OrderState.FAILED), failure=troubles.failure("internal", what, record, now), finished_at=now)
    try:
        outside.journal.save(ended)
    except Exception:
        return ended
    return ended
