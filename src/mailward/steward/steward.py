"""Taking up what was asked: a waiting run, or one that a killed steward left behind. Whatever a run meets, it ends with
an outcome, and the next one is taken up."""

from collections.abc import Callable, Mapping

import structlog
from django.db import OperationalError

from mailward.model.errors import BadInput, MailwardError
from mailward.model.progress import Progress
from mailward.model.runs import Outcome, RunKind, RunState, Waiting
from mailward.model.sentence import Sentence
from mailward.steward import checks, configuration, control, directory, dns, issuance, looks, switches
from mailward.steward.host import Host
from mailward.store import records
from mailward.store.models import Run
from mailward.store.records import StoreRecorder

log = structlog.get_logger()

Engine = Callable[[Run, Host, StoreRecorder], Outcome | Waiting]

ENGINES: Mapping[RunKind, Engine] = {
    RunKind.CONFIGURATION: configuration.carry_out,
    RunKind.ROLLBACK: configuration.roll_back,
    RunKind.CERTIFICATE: switches.carry_out,
    RunKind.DIRECTORY: directory.carry_out,
    RunKind.ORDER: issuance.carry_out,
    RunKind.VERIFY: looks.verify,
    RunKind.CLIENT: looks.client,
    RunKind.CHECK: checks.carry_out,
    RunKind.CONTROL: control.carry_out,
    RunKind.DNS: dns.carry_out,
}
NAMES: dict[RunKind, Sentence] = {
    RunKind.CONFIGURATION: Sentence("Applying the configuration"),
    RunKind.ROLLBACK: Sentence("Bringing an earlier generation back"),
    RunKind.CERTIFICATE: Sentence("Putting the certificate before its doors, and proving it"),
    RunKind.DIRECTORY: Sentence("Publishing the directory"),
    RunKind.ORDER: Sentence("Getting a certificate"),
    RunKind.VERIFY: Sentence("Connecting to every door"),
    RunKind.CLIENT: Sentence("Looking as mail programs do"),
    RunKind.CHECK: Sentence("Looking at DNS"),
    RunKind.CONTROL: Sentence("Looking for a proof of control"),
    RunKind.DNS: Sentence("Publishing what DNS must say"),
}
Recording = Callable[[Run, Host], StoreRecorder]


def record_in_store(run: Run, host: Host) -> StoreRecorder:
    return StoreRecorder(run, host.clock)


def _lock_for(run: Run) -> str:
    if run.kind in records.LOOKS:
        return f"look {run.pk}"
    if run.kind == RunKind.DNS:
        return f"dns {run.subject}"
    return f"order {run.subject}" if run.kind == RunKind.ORDER else "host"


class Steward:
    """The only one who changes the host. ``recording`` is an argument so that tests can stop it at any step."""

    def __init__(
        self, host: Host, recording: Recording = record_in_store, engines: Mapping[RunKind, Engine] = ENGINES
    ) -> None:
        self._host = host
        self._recording = recording
        self._engines = engines

    def take(self, run_id: int, progress: Progress) -> Waiting | None:
        """Bring this run to its end, unless somebody else has. Waits for whoever changes the host just now.

        An order waits for its CA without holding the host's lock, so that a slow CA stops nobody else; a run that only
        looks needs no other's end either. What a killed
        steward left half-way on the host is ended first: nobody builds on what was never proven.
        Waiting is the answer when an engine gave the run back: it is to be taken again then.
        """
        run = Run.objects.get(pk=run_id)
        lock = _lock_for(run)
        with self._host.lock(lock):
            if lock == "host":  # whoever holds it knows that a run which still seems to run was killed
                for left in records.left_running(before=run_id):
                    self._carry_out(left, progress)
            return self._carry_out(run, progress)

    def _carry_out(self, run: Run, progress: Progress) -> Waiting | None:
        run.refresh_from_db()
        if RunState(run.state).is_end:
            return None
        is_left = RunState(run.state) is RunState.RUNNING
        records.begin(run, self._host.clock.now())
        with progress.stage(Sentence("{what}: {subject}", what=NAMES[RunKind(run.kind)], subject=run.subject)):
            outcome = self._outcome(run, is_left)
        if isinstance(outcome, Waiting):
            return outcome
        records.finish(run, outcome)
        log.info("run ended", run=run.pk, kind=run.kind, subject=run.subject, state=outcome.state, what=str(outcome.what))
        return None

    def _outcome(self, run: Run, is_left: bool) -> Outcome | Waiting:
        now = self._host.clock.now
        try:
            host = self._host.fresh()  # the steward's daemon lives longer than a mailward.toml
        except BadInput as trouble:
            if is_left:  # half-way on the host: it can neither be ended nor taken back before mailward.toml can be read
                raise
            return Outcome(RunState.REFUSED, trouble.what, trouble.remedy, now())
        try:
            return self._engines[RunKind(run.kind)](run, host, self._recording(run, host))
        except BadInput as trouble:
            return Outcome(RunState.REFUSED, trouble.what, trouble.remedy, now())
        except MailwardError as trouble:
            return Outcome(RunState.FAILED, trouble.what, trouble.remedy, now())
        except OperationalError as trouble:  # a full disk; locked for too long
            said = Sentence("{path} could not be used: {reason}", path=host.layout.store, reason=trouble)
            return Outcome(RunState.FAILED, said, Sentence("Make room on this disk, then do the same again"), now())
        except Exception as trouble:
            # A defect of ours must not stop the runs behind it. The log has the whole story.
            log.exception("run broke", run=run.pk, kind=run.kind, subject=run.subject)
            said = Sentence("an error in Mailward itself: {kind}", kind=type(trouble).__name__)
            return Outcome(RunState.FAILED, said, Sentence("See log/steward.log, and report it."), now())
