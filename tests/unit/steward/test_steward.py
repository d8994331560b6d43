"""Taking up what was asked: every run ends with an outcome, the next one is taken, and nobody waits for a slow CA."""

import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from fakes.scripted_ca import ScriptedCa
from fakes.sudden_death import Killed
from mailward.model.errors import BadInput, NotPossible
from mailward.model.outside import HttpAnswer
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import RunState, Step
from mailward.model.sentence import Sentence

ANNA = Actor("anna")


def failing_with(trouble: BaseException) -> Callable:
    """A recording that meets ``trouble`` in the first step of the first run, and works for the next."""
    from mailward.store.records import StoreRecorder

    met = []

    class Recorder(StoreRecorder):
        @contextmanager
        def step(self, step: Step):
            with super().step(step):
                if not met:
                    met.append(step)
                    raise trouble
                yield

    return lambda run, host: Recorder(run, host.clock)


WRONG = BadInput("name", Sentence("{n} is wrong", n="it"), Sentence("say it better"))
FULL = NotPossible(Sentence("the disk is full"), Sentence("make room"))
OURS = ZeroDivisionError("secret detail")


@pytest.mark.parametrize(
    ("trouble", "state", "said", "remedy"),
    [
        (WRONG, RunState.REFUSED, "it is wrong", "say it better"),
        (FULL, RunState.FAILED, "the disk is full", "make room"),
        (OURS, RunState.FAILED, "ZeroDivisionError", "log/steward.log"),
    ],
)
def test_whatever_a_run_meets_it_ends_and_the_next_is_taken(
    made, capsys: pytest.CaptureFixture[str], trouble: Exception, state: RunState, said: str, remedy: str
) -> None:
    """Refused, failed, or broken by a fault of ours: an outcome with a reason and a remedy, and the queue goes on."""
    structlog.reset_defaults()  # another test may have opened an instance, which logs into its own file
    from mailward.actions import domains, runs
    from mailward.steward.steward import Steward

    first, second = (domains.add_domain(made.office, ANNA, name).run_id for name in ("a.test", "b.test"))
    steward = Steward(made.host, failing_with(trouble))
    for run_id in (first, second):
        steward.take(run_id, Quiet())
    row = runs.show_run(made.office, ANNA, first)
    assert row.state is state
    assert said in str(row.what)
    assert remedy in str(row.remedy)
    assert "secret detail" not in str(row.what)
    assert row.finished_at is not None
    assert runs.show_run(made.office, ANNA, second).state is RunState.DONE
    assert made.locks.held == set()
    if isinstance(trouble, ZeroDivisionError):
        logged = capsys.readouterr()
        assert "Traceback" in logged.out + logged.err  # the log has the whole story


def test_a_run_that_has_ended_is_not_taken_again(made) -> None:
    """Two stewards that want the same run: the second finds it done and touches nothing."""
    from mailward.actions import domains
    from mailward.steward.steward import Steward

    asked = domains.add_domain(made.office, ANNA, "a.test")
    steward = Steward(made.host)
    steward.take(asked.run_id, Quiet())
    done = len(made.directory.changes)
    steward.take(asked.run_id, Quiet())
    assert len(made.directory.changes) == done == 1


def test_a_broken_mailward_toml_refuses_the_run_and_changes_nothing(made) -> None:
    """Settings are read at each run: a wrong file is the run's reason, and the host serves on."""
    from mailward.actions import configuration, runs
    from mailward.steward.steward import Steward

    def renew():
        raise BadInput("hostname", Sentence("mailward.toml, hostname: a text is wanted"), Sentence("Correct it."))

    asked = configuration.apply(made.office, ANNA)
    Steward(replace(made.host, renew=renew)).take(asked.run_id, Quiet())
    row = runs.show_run(made.office, ANNA, asked.run_id)
    assert row.state is RunState.REFUSED
    assert "hostname" in str(row.what)
    assert made.files.target(made.host.layout.current) is None


def test_what_a_killed_steward_left_is_ended_before_anything_else_changes_the_host(made) -> None:
    """A command that brings about its own run first ends the one that was killed half-way: nobody builds on what was
    never proven."""
    from mailward.actions import configuration, domains, runs
    from mailward.steward.steward import Steward

    left = configuration.apply(made.office, ANNA).run_id
    with pytest.raises(Killed):
        Steward(made.host, failing_with(Killed())).take(left, Quiet())
    mine = domains.add_domain(made.office, ANNA, "a.test").run_id
    Steward(made.host).take(mine, Quiet())
    ended = [runs.show_run(made.office, ANNA, run_id) for run_id in (left, mine)]
    assert [row.state for row in ended] == [RunState.DONE, RunState.DONE]


class SlowCa(ScriptedCa):
    """Doesn't answer before it is let go."""

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        self.asked, self.go_on = threading.Event(), threading.Event()

    def account(self) -> str:
        self.asked.set()
        assert self.go_on.wait(20)
        return super().account()


def test_an_order_that_waits_for_its_ca_stops_nobody(made) -> None:
    """While one domain's CA is slow, mailboxes are published and another domain's run ends; only the order waits."""
    from django.db import connections

    from mailward.actions import choices, mailboxes, runs
    from mailward.steward.steward import Steward

    made.ca = SlowCa(made.clock.now)
    made.holding("a.test")
    slow = choices.secure(made.office, ANNA, "a.test").run_id

    def order() -> None:
        try:
            Steward(made.host).take(slow, Quiet())
        finally:
            connections.close_all()

    thread = threading.Thread(target=order)
    thread.start()
    try:
        assert made.ca.asked.wait(20)
        assert made.locks.held == {"order a.test-wildcard"}
        quick = mailboxes.add_mailbox(made.office, ANNA, "anna@a.test").run_id
        Steward(made.host).take(quick, Quiet())
        assert runs.show_run(made.office, ANNA, quick).state is RunState.DONE
        assert runs.show_run(made.office, ANNA, slow).state is RunState.RUNNING
    finally:
        made.ca.go_on.set()
        thread.join(20)
    assert runs.show_run(made.office, ANNA, slow).state is RunState.DONE
    assert made.locks.held == set()


def test_the_hosts_lock_is_held_while_the_host_is_changed(made) -> None:
    """Every link and entry of a switch is made by whoever holds "host", also at the end of an order."""
    held = []
    made.holding("a.test")
    original = made.sni.put

    def put(entries) -> None:
        held.append(set(made.locks.held))
        original(entries)

    made.sni.put = put  # the fake's own attribute
    made.secured("a.test")
    assert held == [{"host", "order a.test-wildcard"}]


class Progress:
    """Remembers the stages; a failed one leaves by an exception."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    @contextmanager
    def stage(self, sentence: Sentence):
        self.stages.append(str(sentence))
        yield

    def note(self, sentence: Sentence) -> None: ...


def test_people_are_told_what_is_being_done(made) -> None:
    """One stage per run, with its subject."""
    from mailward.actions import domains
    from mailward.steward.steward import Steward

    progress = Progress()
    Steward(made.host).take(domains.add_domain(made.office, ANNA, "a.test").run_id, progress)
    assert progress.stages == ["Publishing the directory: a.test"]


# The daemon


def until_quiet(day, made) -> None:
    """Rounds until nothing waits: orders work in threads of their own."""
    from mailward.store import records

    for _ in range(200):
        day.round()
        if not records.unfinished():
            return
        threading.Event().wait(0.02)  # real threads: their clock is not the fake one
    raise AssertionError("something never ended")


def test_a_round_takes_up_what_waits(made) -> None:
    """Host runs and orders are carried out without anybody's command line."""
    from mailward.actions import choices, domains, runs
    from mailward.steward.daily import Day

    domains.add_domain(made.office, ANNA, "a.test")
    day = Day(made.host)
    day.round()
    choices.secure(made.office, ANNA, "a.test")
    until_quiet(day, made)
    assert {row.state for row in runs.list_runs(made.office, ANNA)} == {RunState.DONE}
    assert domains.list_domains(made.office, ANNA).rows[0].mail == "a.test-wildcard"


def test_renewals_are_asked_once_and_not_while_they_wait(made) -> None:
    """A due lineage gets one run; none while that run waits or runs, none before its date after a failure, none after a
    revocation, and none for what isn't ours to renew."""
    from mailward.steward.daily import ask_for_renewals
    from mailward.store.models import Lineage, Run

    made.holding("a.test", "b.test").secured("a.test", "b.test")
    Run.objects.all().delete()
    now = made.clock.now()
    assert ask_for_renewals(made.host) == 0
    Lineage.objects.update(renew_at=now + timedelta(days=1))
    Lineage.objects.filter(pk="a.test-wildcard").update(renew_at=now)
    assert ask_for_renewals(made.host) == 1
    run = Run.objects.get()
    assert (run.kind, run.subject, run.asked_by) == ("order", "a.test-wildcard", "steward")
    assert ask_for_renewals(made.host) == 0
    Run.objects.update(state=RunState.RUNNING)
    assert ask_for_renewals(made.host) == 0
    Run.objects.update(state=RunState.FAILED)
    Lineage.objects.filter(pk="a.test-wildcard").update(retry_at=now + timedelta(hours=1))
    assert ask_for_renewals(made.host) == 0
    made.clock.move(hours=1)
    assert ask_for_renewals(made.host) == 1
    Run.objects.all().delete()
    Lineage.objects.filter(pk="a.test-wildcard").update(revoked_at=now)
    assert ask_for_renewals(made.host) == 0
    Lineage.objects.filter(pk="b.test-wildcard").update(renew_at=now, source="upload")
    assert ask_for_renewals(made.host) == 0


def test_a_dead_demo_ca_stops_no_mailbox(made) -> None:
    """The demo's CA can't be met: what waits is carried out all the same."""
    from mailward.actions import domains, runs
    from mailward.steward.daily import Day

    made.management.answers.clear()
    asked = domains.add_domain(made.office, ANNA, "a.test")
    Day(made.host).round()
    assert runs.show_run(made.office, ANNA, asked.run_id).state is RunState.DONE


def test_every_root_the_demo_ever_met_is_trusted(made) -> None:
    """Pebble has a new root at every start: certificates of the one before stay good."""
    from fakes.chains import issue
    from mailward.steward import demo_ca

    path = made.host.layout.trust_file(made.settings.trust)
    first = made.files.read(path)
    demo_ca.learn_roots(made.host)
    assert made.files.read(path).strip() == first.strip()  # known already
    new = issue("Another Root", ca=True).pem
    url = next(iter(made.management.answers))
    made.management.answers[url] = HttpAnswer(url, 200, "", new)
    demo_ca.learn_roots(made.host)
    demo_ca.learn_roots(made.host)
    assert made.files.read(path).count(b"BEGIN CERTIFICATE") == 2
    assert first.strip() in made.files.read(path)


def test_doors_are_looked_at_now_and_then(made) -> None:
    """After a quarter of an hour every door is looked at, and what was found is kept with its moment."""
    from mailward.steward.daily import Day
    from mailward.store import records

    made.holding("a.test")
    day = Day(made.host)
    day.round()
    assert records.known_findings() == ()
    made.clock.move(minutes=16)
    day.round()
    found = records.known_findings()
    assert {finding.domain for finding in found} == {"a.test", "server"}
    assert {finding.checked_at for finding in found} == {made.clock.now()}


def test_a_slow_order_is_not_taken_up_twice(made) -> None:
    """While a thread waits for the CA, further rounds leave its run alone."""
    from mailward.actions import choices
    from mailward.steward.daily import Day

    made.holding("a.test")
    made.ca = SlowCa(made.clock.now)
    choices.secure(made.office, ANNA, "a.test")
    day = Day(made.host)
    try:
        day.round()
        assert made.ca.asked.wait(20)
        for _ in range(3):
            day.round()
        assert made.locks.taken.count("order a.test-wildcard") == 1
    finally:
        made.ca.go_on.set()
    until_quiet(day, made)
    assert len(made.ca.orders_made) == 1
