"""Runs that only look: at the doors, or at what a mail program would meet. They change nothing on the host."""

from typing import TYPE_CHECKING

from mailward.audit.clients import ClientReport, discover
from mailward.model.findings import SERVER
from mailward.model.runs import Outcome, RunState, Step
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict, worst
from mailward.steward.looking import Looker
from mailward.store import records, values
from mailward.store.models import Domain, Run
from mailward.store.records import StoreRecorder

if TYPE_CHECKING:
    from mailward.steward.host import Host

AT_ONCE = 25  # domains: what was found of these is kept before the next ones are asked


def verify(run: Run, host: "Host", recorder: StoreRecorder) -> Outcome:
    """Connect to every door of what was named (nothing: everything), and keep what was found."""
    named: list[str] = run.request["domains"]
    held = Domain.objects.order_by("name").values_list("name", flat=True)
    names = list(held.filter(name__in=named) if named else held)
    verdicts: list[Verdict] = []
    with recorder.step(Step.VERIFY):
        server = not named or SERVER in named
        for start in range(0, max(1, len(names)), AT_ONCE):
            part = names[start : start + AT_ONCE]
            with_server = server and start == 0
            findings = Looker(host).domains(part, server=with_server)
            records.keep_findings(findings, [*part, *([SERVER] if with_server else [])])
            verdicts += [finding.verdict for finding in findings]
    found = worst(verdicts)
    unwell = sum(verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE) for verdict in verdicts)
    said = Sentence("{count} looks at the doors: every one is safe", count=len(verdicts))
    if found is not Verdict.PASS:
        said = Sentence("{count} looks at the doors: {unwell} need attention", count=len(verdicts), unwell=unwell)
    return Outcome(RunState.DONE, said, NOTHING, host.clock.now())


def client(run: Run, host: "Host", recorder: StoreRecorder) -> Outcome:
    """What mail programs find for an address; the answer is kept in the run."""
    with recorder.step(Step.VERIFY):
        report = client_report(host, run.request["address"])
    run.answer = values.freeze(report)
    run.save(update_fields=["answer"])
    return Outcome(RunState.DONE, Sentence("{address} was looked at", address=report.address), NOTHING, host.clock.now())


def client_report(host: "Host", address: str) -> ClientReport:
    """What mail clients will find for this address, what they will be served, and what they will say."""
    looker = Looker(host)
    wanted = looker.wanted((address.rpartition("@")[2].lower(),))
    return discover(
        address, host.settings, wanted, looker.chains(), host.resolver, host.http, host.dialer, host.clock
    )  # fmt: skip
