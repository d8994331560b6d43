"""Configuration runs: the declared state becomes a generation, applied and proven, or the previous one serves again."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from mailward.daemons import ALL, render
from mailward.daemons.postfix import wrong_tls_levels
from mailward.flow import manifest
from mailward.flow.observe import observe
from mailward.flow.plan import plan as difference
from mailward.flow.run import Flow, Resumed, Unchanged, Undone
from mailward.model.desired import DesiredState
from mailward.model.generations import Generation, Plan, Refusal, Rejected, Verified
from mailward.model.runs import Outcome, RunState
from mailward.model.sentence import NOTHING, Sentence
from mailward.steward.host import Host
from mailward.steward.looking import Looker
from mailward.store import declared, records
from mailward.store.models import Run
from mailward.store.records import StoreRecorder


def carry_out(run: Run, host: Host, recorder: StoreRecorder) -> Outcome:
    """Bring the host to what is declared. A run that was killed goes on: what it switched is told to every daemon again."""
    return _told(_flow(host).run(*_wanted(host), recorder, resumed=_resumed(run)), host)


def roll_back(run: Run, host: Host, recorder: StoreRecorder) -> Outcome:
    """Apply an earlier generation as it stands on disk."""
    target = run.request.get("to")
    number = int(target) if target is not None else _before_current(host)
    generation = manifest.read(host.layout.generations / str(number), host.files)
    if number is None or generation is None:
        said = Sentence("there is no earlier generation {number} on this host", number=number if number else "")
        return Outcome(RunState.REFUSED, said, Sentence("See: mailward runs"), host.clock.now())
    desired = declared.desired_state(host.settings)
    return _told(_flow(host).run(generation, desired, recorder, resumed=_resumed(run)), host)


def bring_about(host: Host, recorder: StoreRecorder) -> Outcome:
    """The same as a configuration run, as a part of another run (Dovecot's STARTTLS doors name each certificate)."""
    return _told(_flow(host).run(*_wanted(host), recorder), host)


def planned(host: Host) -> Plan:
    """What ``apply`` would do now. Changes nothing."""
    generation, desired = _wanted(host)
    seen = observe(host.ground)
    return difference(generation, seen, ALL, desired, number=(seen.number or 0) + 1)


def reload_commands(host: Host) -> Sequence[Sequence[str]]:
    """What makes running daemons show a new server-wide certificate: Postfix' and Dovecot's processes read it once."""
    running = host.ground.supervisor.states()
    return [
        daemon.reload(host.layout)
        for daemon in ALL
        if daemon.name in {"postfix", "dovecot"} and daemon.reload is not None and running.get(daemon.name) == "RUNNING"
    ]


def _wanted(host: Host) -> tuple[Generation, DesiredState]:
    desired = declared.desired_state(host.settings)
    return render(desired, host.layout), desired


def _resumed(run: Run) -> Resumed | None:
    return Resumed(run.generation, run.previous) if run.generation is not None else None


def _flow(host: Host) -> Flow:
    return Flow(host.ground, ALL, Looker(host).server, own_checks=(tls_levels,))


def tls_levels(plan: Plan) -> Refusal | None:
    """Postfix' own checker takes any word for a TLS level; we don't."""
    files = plan.generation.files
    main, master = files.get(PurePosixPath("postfix/main.cf")), files.get(PurePosixPath("postfix/master.cf"))
    if main is None or master is None:
        return None
    wrong = wrong_tls_levels(main.content.decode(), master.content.decode())
    if not wrong:
        return None
    return Refusal("postfix", Sentence("Postfix knows no such TLS level: {levels}", levels=", ".join(wrong)), "")


def _before_current(host: Host) -> int | None:
    seen = observe(host.ground)
    numbers = [int(name) for name in host.files.names(host.layout.generations) if name.isdigit()]
    return max((n for n in numbers if seen.number is not None and n < seen.number), default=None)


def _told(result: Verified | Unchanged | Rejected | Undone, host: Host) -> Outcome:
    now = host.clock.now()
    if isinstance(result, Unchanged):
        return Outcome(RunState.UNCHANGED, Sentence("nothing differs: nothing was changed"), NOTHING, now)
    if isinstance(result, Rejected):
        first = result.refusals[0]
        remedy = Sentence("Nothing was switched. Correct mailward.toml, then run mailward plan.")
        return Outcome(RunState.REFUSED, first.what, remedy, now)
    if isinstance(result, Verified):
        records.keep_findings(result.findings)
        return Outcome(RunState.DONE, Sentence("generation {n} serves", n=result.plan.number), NOTHING, now)
    why, back = result.failed.what, result.back
    if back is None:
        said = Sentence("the first configuration could not be proven: {why}", why=why)
        return Outcome(RunState.FAILED, said, Sentence("See: mailward logs, mailward doctor"), now)
    records.keep_findings(back.findings)
    number = result.failed.plan.previous
    if isinstance(back, Verified):
        said = Sentence("it could not be proven ({why}), so generation {n} serves again", why=why, n=number)
        return Outcome(RunState.UNDONE, said, Sentence("See: mailward logs"), now)
    said = Sentence(
        "it could not be proven ({why}); generation {n} is back in place, but that can't be proven either",
        why=why,
        n=number,
    )
    return Outcome(RunState.UNDONE, said, Sentence("See: mailward logs, mailward doctor"), now)
