"""Configuration runs: the declared state becomes a generation, applied and proven, or the previous one serves again."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from mailward.daemons import ALL, render
from mailward.daemons.daemon import Daemon
from mailward.daemons.postfix import wrong_tls_levels
from mailward.flow import manifest
from mailward.flow.ground import Look, Recorder
from mailward.flow.observe import observe
from mailward.flow.plan import plan as difference
from mailward.flow.run import Flow, Resumed, Unchanged, Undone
from mailward.model.desired import DesiredState
from mailward.model.findings import SERVER
from mailward.model.generations import File, Generation, Plan, Refusal, Rejected, Verified
from mailward.model.runs import Outcome, RunState
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.server_wish import ServerWish
from mailward.model.settings import Settings
from mailward.steward.host import Host
from mailward.steward.looking import Looker
from mailward.steward.settings_change import Change, edited
from mailward.steward.settings_file import format_settings, parse_settings
from mailward.store import declared, records, values
from mailward.store.models import Run
from mailward.store.records import StoreRecorder

SETTINGS = PurePosixPath("mailward.toml")


def carry_out(run: Run, host: Host, recorder: StoreRecorder) -> Outcome:
    """Bring the host to what is declared. A run that was killed goes on: what it switched is told to every daemon again."""
    if run.request.get("settings") is not None:
        return _with_changed_settings(run, host, recorder)
    return _told(_flow(host).run(*_wanted(host), recorder, resumed=resumed_from(run)), host)


def _with_changed_settings(run: Run, host: Host, recorder: StoreRecorder) -> Outcome:
    """The same with another mailward.toml, which stays only when what it says was proven."""
    change = Change(host.layout, host.files, run.pk)
    try:
        wish = values.thaw(ServerWish, run.request["settings"])
    except (TypeError, ValueError, KeyError):
        said = Sentence("this change of the settings can't be read")
        return Outcome(RunState.REFUSED, said, Sentence("Ask for it again."), host.clock.now())
    try:
        changed = replace(host, settings=change.write(wish))
        outcome = _told(_flow(changed).run(*_wanted(changed), recorder, resumed=resumed_from(run)), changed)
    except Exception:  # whatever it was, the file must say what the host serves
        change.put_back()
        raise
    if outcome.state in (RunState.DONE, RunState.UNCHANGED):
        change.keep()
    else:
        change.put_back()
    return outcome


def roll_back(run: Run, host: Host, recorder: StoreRecorder) -> Outcome:
    """Apply an earlier generation as it stands on disk, and look for it where its own settings say."""
    target = run.request.get("to")
    number = int(target) if target is not None else _before_current(host)
    if target is None:  # killed from here on, it goes on to the same one: the current one will be another
        run.request = {**run.request, "to": number}
        run.save(update_fields=["request"])
    generation = manifest.read(host.layout.generations / str(number), host.files)
    if number is None or generation is None:
        said = Sentence("there is no earlier generation on this host")
        if number is not None:
            said = Sentence("there is no generation {number} on this host", number=number)
        return Outcome(RunState.REFUSED, said, Sentence("See: mailward runs"), host.clock.now())
    then = _of(generation, host)
    desired = declared.desired_state(then.settings)
    flow = replace(_flow(then), daemons=_daemons_of(generation, desired, then))
    outcome = _told(flow.run(generation, desired, recorder, resumed=resumed_from(run)), then)
    if outcome.state not in (RunState.DONE, RunState.UNCHANGED) or then.settings == host.settings:
        return outcome
    if run.request.get("file") is True and host.files.exists(host.layout.settings):
        text = host.files.read(host.layout.settings).decode()
        host.files.write(host.layout.settings, edited(text, then.settings).encode(), mode=0o644)
        return outcome
    return replace(outcome, remedy=Sentence("mailward.toml still says otherwise: correct it before the next apply."))


def _daemons_of(generation: Generation, desired: DesiredState, host: Host) -> tuple[Daemon, ...]:
    """The daemons that this generation runs: a door that was opened since it was made had none then."""
    there = {path.parts[0] for path in generation.files}
    return tuple(daemon for daemon in ALL if daemon.name in there or not daemon.render(desired, host.layout))


def bring_about(desired: DesiredState, host: Host, recorder: Recorder, resumed: Resumed | None) -> Sentence | None:
    """The same as a part of another run, which looks at the doors itself (Dovecot's STARTTLS doors name each certificate).
    What went wrong, or None."""
    flow = replace(_flow(host), look=lambda: ())
    result = flow.run(_generation(desired, host), desired, recorder, resumed=resumed)
    if isinstance(result, Rejected):
        return result.refusals[0].what
    return result.failed.what if isinstance(result, Undone) else None


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
        if daemon.name in {"postfix", "dovecot", "dovecot-starttls"}
        and daemon.reload is not None
        and running.get(daemon.name) == "RUNNING"
    ]


def _wanted(host: Host) -> tuple[Generation, DesiredState]:
    desired = declared.desired_state(host.settings)
    return _generation(desired, host), desired


def _generation(desired: DesiredState, host: Host) -> Generation:
    """What every daemon reads, and beside it the settings that it was made from: the way back needs to know its doors."""
    text = format_settings(host.settings).encode()
    return Generation({**render(desired, host.layout).files, SETTINGS: File(SETTINGS, text)})


def _of(generation: Generation, host: Host) -> Host:
    """The host with the settings that this generation was made from."""
    kept = generation.files.get(SETTINGS)
    return replace(host, settings=parse_settings(kept.content.decode())) if kept is not None else host


def resumed_from(run: Run) -> Resumed | None:
    """What this run had planned before it was killed; None: nothing."""
    if not isinstance(run.generation, int) or not isinstance(run.previous, int | None):  # SQLite keeps text in any column
        return None
    return Resumed(run.generation, run.previous)


def _flow(host: Host) -> Flow:
    def was(generation: Generation) -> tuple[DesiredState, Look]:
        then = _of(generation, host)
        return declared.desired_state(then.settings), Looker(then).server

    return Flow(host.ground, ALL, Looker(host).server, own_checks=(tls_levels,), was=was)


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
    """The latest before the current one that was proven: what was undone lies on disk, too."""
    number = observe(host.ground).number
    if number is None:
        return None
    there = [int(name) for name in host.files.names(host.layout.generations) if name.isdigit()]
    proven = Run.objects.filter(state=RunState.DONE, generation__in=[n for n in there if n < number])
    return max((run.generation for run in proven if run.generation is not None), default=None)


def _open_doors(settings: Settings) -> frozenset[tuple[str, int, str]]:
    """Door, port and address of everything that verify asks."""
    return frozenset((door.value, port, address) for door, port in settings.ports.items() for address in settings.addresses)


def _told(result: Verified | Unchanged | Rejected | Undone, host: Host) -> Outcome:
    now = host.clock.now()
    if isinstance(result, Unchanged):
        return Outcome(RunState.UNCHANGED, Sentence("nothing differs: nothing was changed"), NOTHING, now)
    if isinstance(result, Rejected):
        first = result.refusals[0]
        remedy = Sentence("Nothing was switched. Correct mailward.toml, then run mailward plan.")
        return Outcome(RunState.REFUSED, first.what, remedy, now)
    if isinstance(result, Verified):
        records.keep_findings(result.findings, [SERVER])
        records.forget_closed_doors(_open_doors(host.settings))
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
