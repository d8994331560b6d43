"""The flow over a small machine: what ends how, and what is touched on the way."""

from pathlib import PurePosixPath

import pytest

from fakes.sudden_death import Steps
from fakes.toy_machine import DAEMONS, DESIRED, LAYOUT, ToyMachine, generation
from mailward.flow.run import Flow, Unchanged, Undone
from mailward.model.errors import NotPossible
from mailward.model.generations import Failed, Plan, Refusal, Rejected, Renewal, Verified
from mailward.model.runs import Step
from mailward.model.sentence import Sentence

OLD = generation(web="1", mail="1")
NEW = generation(web="2", mail="1")


def flow(machine: ToyMachine, **options) -> Flow:
    return Flow(machine.ground(), DAEMONS, machine.look, patience=2, **options)


@pytest.fixture
def machine() -> ToyMachine:
    """A machine on which generation 1 (OLD) serves."""
    machine = ToyMachine()
    assert isinstance(flow(machine).run(OLD, DESIRED, Steps()), Verified)
    assert machine.is_served(OLD)
    machine.told.clear()
    machine.files.writes.clear()
    machine.looks = 0
    return machine


def test_a_first_generation_starts_everything_and_is_proven() -> None:
    """On an empty host every daemon is started once, reads the new files, and the doors are looked at."""
    machine = ToyMachine()
    recorder = Steps()
    result = flow(machine).run(OLD, DESIRED, recorder)
    assert isinstance(result, Verified)
    assert machine.is_served(OLD)
    assert machine.number() == "generations/1"
    assert machine.told == [("update",)]  # what the supervisor starts is not started twice
    assert recorder.steps == [Step.OBSERVE, Step.PLAN, Step.STAGE, Step.CHECK, Step.APPLY, Step.VERIFY]
    assert machine.looks == 1


def test_nothing_to_do_touches_nothing(machine: ToyMachine) -> None:
    """When what is wanted is what there is, no file is written, no daemon is told, and nobody calls it a change."""
    before = dict(machine.files.tree())
    recorder = Steps()
    result = flow(machine).run(OLD, DESIRED, recorder)
    assert isinstance(result, Unchanged)
    assert dict(machine.files.tree()) == before
    assert machine.files.writes == []
    assert machine.told == []
    assert recorder.steps == [Step.OBSERVE, Step.PLAN]
    assert recorder.plans == []


def test_only_the_daemon_whose_files_changed_is_told(machine: ToyMachine) -> None:
    """Equal bytes, no reload: mail keeps running untouched while web re-reads."""
    assert isinstance(flow(machine).run(NEW, DESIRED, Steps()), Verified)
    assert ("reload", "web") in machine.told
    assert not [told for told in machine.told if "mail" in told]
    assert machine.is_served(NEW)


@pytest.mark.parametrize(
    ("wanted", "renewals"),
    [
        (generation(web="2", mail="1"), {"web": Renewal.RELOAD}),
        (generation(web="1", mail="2"), {"mail": Renewal.RESTART}),  # it knows no reload
        (generation(web="1", web_hard="2", mail="1"), {"web": Renewal.RESTART}),  # this file asks for it
        (generation(web="2", web_hard="2", mail="1"), {"web": Renewal.RESTART}),  # the stronger one counts
        (generation(web="1", web_idle="2", mail="1"), {}),  # the daemon doesn't read it by itself
        (generation(web="1", mail="1", other="1"), {}),  # nobody's file
    ],
)
def test_each_file_decides_between_reload_and_restart(machine: ToyMachine, wanted, renewals) -> None:
    """The plan asks of each daemon exactly what its changed files need."""
    recorder = Steps()
    assert isinstance(flow(machine).run(wanted, DESIRED, recorder), Verified)
    assert recorder.plans[0].renewals == renewals
    verbs = {Renewal.RELOAD: "reload", Renewal.RESTART: "restart"}
    expected = [(verbs[renewal], name) for name, renewal in renewals.items()]
    assert [told for told in machine.told if told != ("update",)] == expected


def test_a_removed_file_is_a_change_too(machine: ToyMachine) -> None:
    """A file that is no longer rendered is gone from the new generation, and its daemon re-reads."""
    flow(machine).run(generation(web="1", web_extra="x", mail="1"), DESIRED, Steps())
    machine.told.clear()
    recorder = Steps()
    assert isinstance(flow(machine).run(OLD, DESIRED, recorder), Verified)
    assert [(str(c.path), c.kind) for c in recorder.plans[0].changes] == [("web/extra", "removed")]
    assert machine.told[-1] == ("reload", "web")
    assert machine.is_served(OLD)


def test_a_daemon_that_is_down_is_started_though_no_file_changed(machine: ToyMachine) -> None:
    """Applying puts right what fell over by itself."""
    machine.stop("mail")
    assert isinstance(flow(machine).run(OLD, DESIRED, Steps()), Verified)
    assert ("start", "mail") in machine.told
    assert machine.is_served(OLD)


def test_after_everything_was_stopped_applying_starts_it_again(machine: ToyMachine) -> None:
    """With no supervisor running and no file changed, applying brings the whole host back."""
    machine.shutdown()
    assert isinstance(flow(machine).run(OLD, DESIRED, Steps()), Verified)
    assert machine.is_served(OLD)


def test_a_new_program_is_made_known_before_it_is_started(machine: ToyMachine) -> None:
    """The supervisor learns of a changed list of programs before any daemon is told."""
    alone = Flow(machine.ground(), DAEMONS[1:], lambda: (), patience=2)
    assert isinstance(alone.run(generation("mail", mail="1"), DESIRED, Steps()), Verified)
    machine.told.clear()
    assert isinstance(flow(machine).run(OLD, DESIRED, Steps()), Verified)
    assert machine.told == [("update",)]
    assert machine.is_served(OLD)


def test_the_manifest_is_written_last(machine: ToyMachine) -> None:
    """A generation that has its table of contents is complete."""
    flow(machine).run(NEW, DESIRED, Steps())
    assert [path.name for path in machine.files.writes][-1] == "manifest.json"


def test_files_are_staged_with_their_modes_and_owners(machine: ToyMachine) -> None:
    """Who may read a file is kept on disk, and in the manifest for the way back."""
    from mailward.flow import manifest
    from mailward.model.generations import File, Generation

    machine.files.groups.add("knot")
    path = PurePosixPath("web/secret")
    wanted = Generation({**NEW.files, path: File(path, b"s3", 0o640, "root", "knot", secret=True)})
    flow(machine).run(wanted, DESIRED, Steps())
    assert machine.files.mode(LAYOUT.current / path) == (0o640, "root", "knot")
    assert manifest.read(LAYOUT.current, machine.files) == wanted


def test_a_full_disk_while_staging_leaves_the_old_generation_and_nothing_behind(machine: ToyMachine) -> None:
    """Wherever in staging the disk fills up, the current generation serves on, and the remains are gone."""
    before = dict(machine.files.tree())
    needed = sum(len(file.content) for file in NEW.files.values()) + 100  # and some of the manifest
    for room in range(0, needed, 7):
        machine.files.room = room
        with pytest.raises(NotPossible, match="No space left"):
            flow(machine).run(NEW, DESIRED, Steps())
        assert dict(machine.files.tree()) == before
        assert machine.files.names(LAYOUT.generations) == ["1"]
    assert machine.is_served(OLD)
    assert machine.told == []


def test_a_checker_that_refuses_stops_the_run_before_the_switch(machine: ToyMachine) -> None:
    """Rejected says which daemon and what it said; nothing was switched, and what was staged is gone."""
    before = dict(machine.files.tree())
    result = flow(machine).run(generation(web="refuse", mail="1"), DESIRED, Steps())
    assert isinstance(result, Rejected)
    assert [refusal.daemon for refusal in result.refusals] == ["web"]
    assert "web doesn't like this" in str(result.refusals[0].what)
    assert dict(machine.files.tree()) == before
    assert machine.told == []


def test_a_checker_that_warns_with_code_0_refuses_too(machine: ToyMachine) -> None:
    """Checkers that say something bad and return 0 are understood by their words."""
    result = flow(machine).run(generation(web="fishy", mail="1"), DESIRED, Steps())
    assert isinstance(result, Rejected)
    assert machine.is_served(OLD)


def test_a_checker_that_cannot_be_run_has_refused(machine: ToyMachine) -> None:
    """Not checked is not accepted."""
    machine.missing.add("web")
    result = flow(machine).run(NEW, DESIRED, Steps())
    assert isinstance(result, Rejected)
    assert "not installed" in str(result.refusals[0].what)
    assert machine.is_served(OLD)


def test_our_own_check_refuses_beside_the_daemons(machine: ToyMachine) -> None:
    """What every daemon's checker accepts can still be refused by a check of ours, and every refusal is told."""

    def own(plan: Plan) -> Refusal | None:
        return Refusal("mailward", Sentence("{n} files are too many", n=len(plan.generation.files)), "")

    result = flow(machine, own_checks=(own,)).run(generation(web="refuse", mail="1"), DESIRED, Steps())
    assert isinstance(result, Rejected)
    assert [refusal.daemon for refusal in result.refusals] == ["mailward", "web"]
    assert machine.is_served(OLD)


@pytest.mark.parametrize("fault", ["break", "die"])
@pytest.mark.parametrize("daemon", ["web", "mail"])
def test_what_a_checker_wrongly_accepts_is_undone(machine: ToyMachine, daemon: str, fault: str) -> None:
    """A door that fails after the switch, or a daemon that doesn't come back, brings the previous generation back by the
    same code, proven."""
    wanted = generation(**{"web": "1", "mail": "1", daemon: fault})
    recorder = Steps()
    result = flow(machine).run(wanted, DESIRED, recorder)
    assert isinstance(result, Undone)
    assert isinstance(result.failed, Failed)
    assert isinstance(result.back, Verified)
    assert result.back.plan.number == 1
    assert machine.number() == "generations/1"
    assert machine.is_served(OLD)
    assert recorder.steps[-1] is Step.UNDO


def test_a_daemon_that_does_not_take_a_reload_is_a_failure(machine: ToyMachine) -> None:
    """A reload command that says no means that the daemon may still have the old files: not proven, so undone."""
    machine.deaf.add("web")
    result = flow(machine).run(NEW, DESIRED, Steps())
    assert isinstance(result, Undone)
    assert "web" in str(result.failed.what)
    assert machine.number() == "generations/1"


def test_a_first_generation_that_fails_has_nothing_to_go_back_to() -> None:
    """There is no previous one: the result says so, and nothing is claimed to serve."""
    machine = ToyMachine()
    result = flow(machine).run(generation(web="break", mail="1"), DESIRED, Steps())
    assert isinstance(result, Undone)
    assert result.back is None
    assert "web" in str(result.failed.what)


def test_a_first_generation_that_failed_is_put_right_by_the_next() -> None:
    """The run after a failed first one starts from what is there, and is proven."""
    machine = ToyMachine()
    flow(machine).run(generation(web="die", mail="1"), DESIRED, Steps())
    assert isinstance(flow(machine).run(OLD, DESIRED, Steps()), Verified)
    assert machine.is_served(OLD)


def test_a_door_that_needs_a_moment_is_not_a_failure(machine: ToyMachine) -> None:
    """Daemons take a moment to re-read: the doors are looked at again, within the patience that was given."""
    slow = iter([generation(web="break", mail="1")])

    def look():
        findings = machine.look()
        if next(slow, None) is not None:
            return tuple(finding for finding in findings if finding.name != "x") + _refused(findings)
        return findings

    result = Flow(machine.ground(), DAEMONS, look, patience=5).run(NEW, DESIRED, Steps())
    assert isinstance(result, Verified)
    assert machine.clock.slept != []


def _refused(findings):
    from dataclasses import replace

    return (replace(findings[0], code="refused"),)


def test_going_back_is_a_run_to_an_earlier_generation(machine: ToyMachine) -> None:
    """The files of an earlier generation, read from its manifest, are applied and proven like any other."""
    from mailward.flow import manifest

    flow(machine).run(NEW, DESIRED, Steps())
    earlier = manifest.read(LAYOUT.generations / "1", machine.files)
    assert earlier is not None
    assert isinstance(flow(machine).run(earlier, DESIRED, Steps()), Verified)
    assert machine.is_served(OLD)


def test_secrets_are_masked_in_the_plan(machine: ToyMachine) -> None:
    """A secret file's bytes are in no diff, whether it is new, changed or removed."""
    from mailward.model.generations import File, Generation

    def with_secret(text: bytes) -> Generation:
        path = PurePosixPath("web/key")
        return Generation({**OLD.files, path: File(path, text, 0o600, secret=True)})

    said = []
    for wanted in (with_secret(b"hush-one"), with_secret(b"hush-two"), OLD):
        recorder = Steps()
        flow(machine).run(wanted, DESIRED, recorder)
        said.append(recorder.plans[0].changes)
    assert [change.kind for (change,) in said] == ["added", "changed", "removed"]
    assert "hush" not in repr(said)


def test_a_switch_that_fails_has_switched_nothing(machine: ToyMachine) -> None:
    """When the link can't be changed, no daemon is told anything and the old generation serves."""
    machine.files.broken.add(LAYOUT.current)
    with pytest.raises(NotPossible, match="Permission denied"):
        flow(machine).run(NEW, DESIRED, Steps())
    assert machine.is_served(OLD)
    assert machine.told == []


def test_a_supervisor_that_does_not_take_its_configuration_is_a_failure(machine: ToyMachine) -> None:
    """After the switch no exception leaves the flow: what the supervisor refuses is answered by going back."""

    class Refusing(ToyMachine):
        def update(self) -> None:
            if self.number() != "generations/1":
                raise NotPossible(Sentence("The supervisor refuses its configuration"), code="supervisor-config")
            super().update()

    machine.__class__ = Refusing
    result = flow(machine).run(NEW, DESIRED, Steps())
    assert isinstance(result, Undone)
    assert "supervisor refuses" in str(result.failed.what)
    assert isinstance(result.back, Verified)
    assert machine.is_served(OLD)
