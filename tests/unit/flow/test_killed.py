"""kill -9 in the middle of the flow: at every step and at every single change to the machine, and a second run after it.

Whatever the moment, what is on disk is the old generation or the new one, whole; the next run ends proven."""

from dataclasses import replace

import pytest

from fakes.sudden_death import Countdown, Killed, Mortal, Steps
from fakes.toy_machine import DAEMONS, DESIRED, LAYOUT, ToyMachine, generation
from mailward.flow.run import Flow, Resumed, Unchanged, Undone
from mailward.model.generations import Generation, Verified

OLD = generation(web="1", web_hard="x", mail="1")
NEW = generation(web="2", web_hard="y", mail="2")
BROKEN = generation(web="2", web_hard="y", mail="break")


def run(machine: ToyMachine, wanted: Generation, recorder: Steps, countdown: Countdown | None = None):
    """One run; ``countdown`` ends its process. A run that was planned before is resumed, as the store would."""
    ground = machine.ground()
    if countdown is not None:
        ground = replace(
            ground,
            files=Mortal(machine.files, countdown),
            processes=Mortal(machine, countdown),
            supervisor=Mortal(machine, countdown),
        )
    plan = recorder.plans[-1] if recorder.plans else None
    resumed = Resumed(plan.number, plan.previous) if plan else None
    return Flow(ground, DAEMONS, machine.look, patience=2).run(wanted, DESIRED, recorder, resumed=resumed)


def serving(first: Generation | None) -> ToyMachine:
    machine = ToyMachine()
    if first is not None:
        assert isinstance(run(machine, first, Steps()), Verified)
    return machine


def moments(first: Generation | None, wanted: Generation) -> int:
    """How many changes a whole run makes."""
    countdown = Countdown()
    run(serving(first), wanted, Steps(), countdown)
    return countdown.count


def is_whole(machine: ToyMachine, *wanted: Generation) -> bool:
    return any(machine.is_on_disk(one) for one in wanted)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("first", [None, OLD], ids=["first", "second"])
def test_killed_at_any_change_the_next_run_ends_proven(first: Generation | None, after: bool) -> None:
    """Old or new, never a mixture, at every moment; run again, the new one serves, proven, and nothing is left over."""
    for at in range(1, moments(first, NEW) + 1):
        machine, recorder = serving(first), Steps()
        with pytest.raises(Killed):
            run(machine, NEW, recorder, Countdown(at, after=after))
        assert machine.number() is None or is_whole(machine, NEW, *([first] if first else [])), f"mixed at change {at}"
        assert isinstance(run(machine, NEW, recorder), Verified | Unchanged), f"change {at}"
        assert machine.is_served(NEW), f"killed at change {at}, the second run ended with something else"
        names = machine.files.names(LAYOUT.generations)
        assert all(machine.files.exists(LAYOUT.generations / name / "manifest.json") for name in names)


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_the_next_run_ends_proven(after: bool) -> None:
    """The same at each of the flow's verbs, as they are recorded."""
    steps = Steps()
    run(serving(OLD), NEW, steps)
    for at in range(1, len(steps.steps) + 1):
        machine = serving(OLD)
        dying = Steps(at, after=after)
        with pytest.raises(Killed):
            run(machine, NEW, dying)
        again = Steps()
        again.plans = dying.plans
        run(machine, NEW, again)
        assert machine.is_served(NEW)


@pytest.mark.parametrize("after", [False, True])
def test_killed_while_a_bad_generation_is_applied_or_undone_the_proven_one_comes_back(after: bool) -> None:
    """A generation that no door proves is undone even when the run was killed on its way there and back: the way leads
    to the last proven one, not to whatever was current."""
    for at in range(1, moments(OLD, BROKEN) + 1):
        machine, recorder = serving(OLD), Steps()
        with pytest.raises(Killed):
            run(machine, BROKEN, recorder, Countdown(at, after=after))
        result = run(machine, BROKEN, recorder)
        assert isinstance(result, Undone), f"change {at}"
        assert isinstance(result.back, Verified), f"change {at}: {result.failed.what}"
        assert machine.number() == "generations/1"
        assert machine.is_served(OLD), f"change {at}"


def test_killed_twice_the_third_run_still_knows_what_was_proven() -> None:
    """Two kills in a row, each at any change, and a generation that can't be proven: the old one serves."""
    total = moments(OLD, BROKEN)
    for first in range(1, total + 1, 3):
        for second in range(1, total + 1, 2):
            machine, recorder = serving(OLD), Steps()
            with pytest.raises(Killed):
                run(machine, BROKEN, recorder, Countdown(first, after=True))
            try:
                run(machine, BROKEN, recorder, Countdown(second))
            except Killed:
                result = run(machine, BROKEN, recorder)
                assert isinstance(result, Undone)
            assert machine.is_served(OLD), f"killed at {first}, then at {second}"


def test_a_wish_that_changed_after_the_kill_is_what_is_served() -> None:
    """Killed while NEW was applied, and then asked for OLD again: every daemon has OLD's files, and none of NEW's."""
    for at in range(1, moments(OLD, NEW) + 1):
        machine, recorder = serving(OLD), Steps()
        with pytest.raises(Killed):
            run(machine, NEW, recorder, Countdown(at, after=True))
        run(machine, OLD, recorder)
        assert machine.is_served(OLD), f"change {at}"
