"""Runs, steps, findings, events, orders and accounts: what is written down is read back, and nothing is kept twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.still_clock import StillClock
from mailward.certificates.accounts import Account
from mailward.certificates.records import Failure, OrderState, Proof, plan_order
from mailward.model.certificates import Challenge
from mailward.model.doors import Door, Tls
from mailward.model.findings import DoorFinding
from mailward.model.generations import Change, Generation, Plan
from mailward.model.people import Actor
from mailward.model.runs import Outcome, RunKind, RunState, Step
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA = Actor("anna")
pytestmark = pytest.mark.usefixtures("store")


def finding(domain: str, name: str, **changes) -> DoorFinding:
    made = DoorFinding(
        domain, name, Door.IMAPS, 993, "127.0.0.1", Tls.IMPLICIT, name or None, Verdict.FAIL, "self-signed",
        Sentence("{name} is self-signed", name=name), Sentence("secure it"), NOW, "ab" * 32, "cd" * 32,
        NOW + timedelta(days=3), "TLSv1.3", ("name-mismatch",),
    )  # fmt: skip
    return replace(made, **changes)


def test_findings_are_read_back_as_they_were_made() -> None:
    """Every field of a finding survives the store, also those that are empty, in the order of the questions."""
    from mailward.store import records

    made = (
        finding("b.test", "mail.b.test"),
        finding("a.test", "mail.a.test"),
        finding("a.test", "", sni=None, served_sha256=None, wanted_sha256=None, not_after=None, protocol=None, also=()),
    )
    records.keep_findings(made)
    assert records.known_findings() == made
    assert records.known_findings(["a.test"]) == made[1:]
    assert records.known_findings(["none.test"]) == ()


def test_a_new_look_replaces_the_old_one_at_the_same_door() -> None:
    """One finding per name, door, port and address: the latest; other doors keep theirs."""
    from mailward.store import records

    old, other = finding("a.test", "mail.a.test"), finding("a.test", "a.test")
    records.keep_findings([old, other])
    new = replace(old, verdict=Verdict.PASS, code="ok", checked_at=NOW + timedelta(hours=1), also=())
    records.keep_findings([new])
    assert set(records.known_findings()) == {new, other}


def test_a_domain_that_was_looked_at_whole_forgets_what_is_older() -> None:
    """A name or door that is not asked about any more doesn't stay on the board for ever."""
    from mailward.store import records

    records.keep_findings([finding("a.test", "gone.a.test"), finding("b.test", "b.test")])
    new = finding("a.test", "mail.a.test")
    records.keep_findings([new], ["a.test"])
    assert {f.name for f in records.known_findings()} == {"mail.a.test", "b.test"}


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(max_size=20), max_size=4))
def test_a_sentence_survives_its_column(values: dict[str, str]) -> None:
    """Template and values come back, so that each reader gets their own language later."""
    import json

    from mailward.store.sentences import from_json, to_json

    sentence = Sentence("a " + " ".join("{" + key + "}" for key in values), **values)
    assert from_json(json.loads(json.dumps(to_json(sentence)))) == sentence


def test_no_sentence_is_no_sentence() -> None:
    """An empty column reads as nothing said."""
    from mailward.store.sentences import from_json, to_json

    assert from_json(None) == NOTHING
    assert from_json(to_json(NOTHING)) == NOTHING


def test_a_run_goes_from_waiting_to_its_end() -> None:
    """Asked, begun, ended: each moment is kept, and an ended run is no longer taken up."""
    from mailward.store import records
    from mailward.store.models import Run

    run = records.ask(RunKind.DIRECTORY, "a.test", {"domains": ["a.test"]}, ANNA, NOW)
    assert [r.pk for r in records.unfinished()] == [run.pk]
    records.begin(run, NOW + timedelta(seconds=1))
    records.begin(run, NOW + timedelta(seconds=9))  # taken up again after a kill: it began when it began
    assert [r.pk for r in records.unfinished()] == [run.pk]
    end = Outcome(RunState.DONE, Sentence("{x} is there", x="a"), Sentence("rest"), NOW + timedelta(seconds=2))
    records.finish(run, end)
    kept = Run.objects.get(pk=run.pk)
    assert (kept.state, kept.started_at, kept.finished_at) == ("done", NOW + timedelta(seconds=1), end.finished_at)
    assert kept.request == {"domains": ["a.test"]}
    assert kept.asked_by == "anna"
    assert records.unfinished() == []


def test_unfinished_runs_come_oldest_first() -> None:
    """What was asked first is done first, also when a later one was begun."""
    from mailward.store import records

    runs = [records.ask(RunKind.DIRECTORY, str(n), {}, ANNA, NOW) for n in range(3)]
    records.begin(runs[2], NOW)
    assert [r.pk for r in records.unfinished()] == [r.pk for r in runs]


def test_a_step_is_written_before_it_is_taken() -> None:
    """While a step runs it stands in the store without an end; killed, it stays so; ended, it has its seconds."""
    from mailward.store import records
    from mailward.store.models import RunStep
    from mailward.store.records import StoreRecorder

    clock = StillClock()
    run = records.ask(RunKind.CONFIGURATION, "host", {}, ANNA, NOW)
    recorder = StoreRecorder(run, clock)
    with recorder.step(Step.STAGE):
        assert [(s.step, s.seconds) for s in RunStep.objects.all()] == [("stage", None)]
        clock.move(seconds=1.5)
    assert RunStep.objects.get().seconds == 1.5
    with pytest.raises(KeyboardInterrupt), recorder.step(Step.APPLY):
        raise KeyboardInterrupt
    assert RunStep.objects.get(step="apply").seconds is None


def test_a_plan_is_known_before_it_is_staged() -> None:
    """The number that a killed run had planned, the one before, and the changes as sentences are in the run's row."""
    from mailward.store import records
    from mailward.store.models import Run
    from mailward.store.records import StoreRecorder

    run = records.ask(RunKind.CONFIGURATION, "host", {}, ANNA, NOW)
    change = Change(PurePosixPath("nginx/nginx.conf"), "changed", Sentence("{path} changes", path="x"), "-a\n+b\n")
    StoreRecorder(run, StillClock()).planned(Plan(7, Generation({}), (change,), {}, 6))
    kept = Run.objects.get(pk=run.pk)
    assert (kept.generation, kept.previous) == (7, 6)
    assert kept.plan == [
        {
            "path": "nginx/nginx.conf",
            "kind": "changed",
            "sentence": {"text": "{path} changes", "values": {"path": "x"}},
            "diff": "-a\n+b\n",
        }
    ]


def test_an_event_is_gone_with_the_change_it_tells_of() -> None:
    """Who did what is written in the change's own transaction: undone, nothing is told."""
    from django.db import transaction

    from mailward.store import records
    from mailward.store.models import Event

    with pytest.raises(RuntimeError), transaction.atomic():
        records.tell(ANNA, "domain.added", "a.test", NOW)
        raise RuntimeError
    records.tell(ANNA, "domain.added", "b.test", NOW, customer="B", mailboxes=3)
    event = Event.objects.get()
    assert (event.who, event.what, event.subject, event.detail) == ("anna", "domain.added", "b.test", {"mailboxes": 3})
    assert event.customer == "B"


def lineage():
    from mailward.model.certificates import Source
    from mailward.store.lineages import new_lineage

    return new_lineage("a-wildcard", None, Source.ACME, ("a.test",))


def test_an_order_is_read_back_as_it_was_saved() -> None:
    """A killed steward goes on with exactly what it had written down: state, names, journal, key, failure."""
    from mailward.store import orders

    number = orders.new_order_row(lineage().pk, "le", NOW)
    record = plan_order(number, "a-wildcard", ("a.test", "*.a.test"), ("le", "other"), NOW, lifetime=timedelta(days=6))
    proof = Proof("*.a.test", "https://a", "https://c", "_acme-challenge.a.test", "value", "a.test")
    record = record.to(
        OrderState.PRESENTING,
        order_url="https://o/1",
        authorizations=("https://a",),
        proofs=(proof,),
        challenge=Challenge.DNS_01,
        not_before=NOW + timedelta(minutes=1),
    )
    failure = Failure(
        "domain-refused", Sentence("{why}", why="no"), Sentence("wait"), NOW + timedelta(hours=1), ("a.test",)
    )
    record = replace(record, sealed_key=b"\x01sealed", csr_pem=b"csr", failure=failure, updated_at=NOW)
    orders.StoreJournal().save(record)
    assert orders.order_record(number) == record
    assert orders.unfinished_order("a-wildcard") == record
    ended = replace(record, state=OrderState.FAILED, finished_at=NOW)
    orders.StoreJournal().save(ended)
    assert orders.unfinished_order("a-wildcard") is None
    assert orders.order_record(number) == ended
    assert orders.order_record(number + 1) is None


def test_a_freshly_planned_order_can_be_read() -> None:
    """Killed between the row and the first save, the order is found as planned, with nothing done."""
    from mailward.store import orders

    number = orders.new_order_row(lineage().pk, "le", NOW)
    found = orders.unfinished_order("a-wildcard")
    assert found is not None
    assert (found.id, found.state, found.ca) == (number, OrderState.PLANNED, "le")


def test_an_order_url_is_known_per_ca() -> None:
    """Whether an order at a CA is ours to adopt depends on what is written down for that CA."""
    from mailward.store import orders

    number = orders.new_order_row(lineage().pk, "le", NOW)
    record = plan_order(number, "a-wildcard", ("a.test",), ("le",), NOW).to(OrderState.ORDERED, order_url="https://o/1")
    orders.StoreJournal().save(record)
    assert orders.StoreJournal().knows("le", "https://o/1")
    assert not orders.StoreJournal().knows("other", "https://o/1")
    assert not orders.StoreJournal().knows("le", "https://o/2")


def test_an_account_is_kept_once_per_ca() -> None:
    """Saved again, an account is changed, not doubled."""
    from mailward.store import orders
    from mailward.store.models import AcmeAccount

    book = orders.StoreAccounts()
    assert book.load("le") is None
    book.save(Account("le", "https://le/dir", "", b"sealed"))
    book.save(Account("le", "https://le/dir", "https://le/acct/1", b"sealed"))
    assert book.load("le") == Account("le", "https://le/dir", "https://le/acct/1", b"sealed")
    assert AcmeAccount.objects.count() == 1


def test_writers_in_threads_do_not_lock_each_other_out() -> None:
    """Several orders write while a run is recorded: with WAL and IMMEDIATE transactions nobody meets a lock."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    from mailward.store import records
    from mailward.store.models import Event

    def write(number: int) -> None:
        try:
            for turn in range(20):
                records.tell(ANNA, "order.told", f"{number}.{turn}", NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert Event.objects.count() == 80
