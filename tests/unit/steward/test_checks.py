"""Runs that look at DNS, and the steward's own round of checks."""

import time
from datetime import timedelta

import pytest

from fakes.made_host import ANNA
from mailward.actions.domains import remove_domain
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.progress import Quiet
from mailward.model.runs import RunKind, RunState
from mailward.model.sentence import NOTHING
from mailward.model.verdict import Verdict
from mailward.steward import check_round
from mailward.steward.check_round import CheckRound, due, part_of
from mailward.steward.steward import Steward
from mailward.store import checks, records
from mailward.store.models import Check, Customer, Domain, DomainBoard


def kept(domain, verdict, at):
    """As if it had been looked at then, with this verdict for everything."""
    found = [CheckFinding(domain, m, domain, verdict, "x", NOTHING, (), NOTHING, "told", at) for m in Mechanism]
    checks.keep(found, [domain], at)


@pytest.fixture
def held(made):
    """Four domains' rows alone: nothing is published."""
    customer = Customer.objects.create(name="c")
    for name in ("a.test", "b.test", "c.test", "d.test"):
        Domain.objects.create(name=name, customer=customer)
    return made


def test_a_check_that_was_asked_for_looks_and_keeps_what_it_found(held):
    """The run ends well whatever DNS says; every mechanism has its line, and the server its own."""
    run = records.ask(RunKind.CHECK, "a.test", {"domains": ["a.test", "server"]}, ANNA, held.clock.now())
    Steward(held.host).take(run.pk, Quiet())
    run.refresh_from_db()
    assert run.state == RunState.DONE, run.what
    mechanisms = {found.mechanism for found in checks.known("a.test")}
    assert {Mechanism.AUTOCONFIG, Mechanism.CERTIFICATE, Mechanism.DOOR} <= mechanisms
    assert set(DomainBoard.objects.values_list("domain", flat=True)) == {"a.test", "server"}


def test_a_check_of_what_is_not_held_is_refused(made):
    """It was removed while the run waited."""
    run = records.ask(RunKind.CHECK, "gone.test", {"domains": ["gone.test"]}, ANNA, made.clock.now())
    Steward(made.host).take(run.pk, Quiet())
    run.refresh_from_db()
    assert run.state == RunState.REFUSED


def test_removed_domains_are_forgotten(made):
    """What was found of them is nobody's any more."""
    made.holding("a.test")
    kept("a.test", Verdict.PASS, made.clock.now())
    made.carry_out(remove_domain(made.office, ANNA, "a.test"))
    assert not Check.objects.filter(domain="a.test").exists()
    assert not DomainBoard.objects.filter(domain="a.test").exists()


def test_the_most_urgent_come_first(held):
    """The server and new domains, then the oldest and what isn't well; what passed lately waits."""
    now = held.clock.now()
    kept("a.test", Verdict.PASS, now - timedelta(hours=2))
    kept("b.test", Verdict.FAIL, now - timedelta(hours=2))
    kept("c.test", Verdict.PASS, now - timedelta(hours=13))
    assert due(now) == ["server", "d.test", "c.test", "b.test"]
    kept("server", Verdict.PASS, now)
    kept("d.test", Verdict.FAIL, now)
    assert due(now) == ["c.test", "b.test"]


def test_domains_whose_records_are_being_published_wait_and_are_looked_at_afterwards(held):
    """A look at what is half done says nothing."""
    now = held.clock.now()
    for name in ("server", "a.test", "b.test", "c.test"):
        kept(name, Verdict.PASS, now)
    run = records.ask(RunKind.DNS, "d.test", {}, ANNA, now, domain="d.test")
    assert due(now) == []
    run.state, run.finished_at = RunState.DONE, now + timedelta(minutes=2)
    run.save()
    kept("d.test", Verdict.FAIL, now)
    assert due(now + timedelta(minutes=3)) == ["d.test"]


def test_what_is_not_well_never_keeps_others_from_being_looked_at(held):
    """However many are red, half of each part is for the oldest."""
    now = held.clock.now()
    customer = Customer.objects.get()
    Domain.objects.bulk_create(Domain(name=f"d{n}.test", customer=customer) for n in range(100))
    for name in ("server", "a.test", "b.test", "c.test", "d.test"):
        kept(name, Verdict.PASS, now - timedelta(hours=13) if name != "server" else now)
    for n in range(100):
        kept(f"d{n}.test", Verdict.FAIL, now - timedelta(hours=3))
    found = due(now)
    assert len(found) == check_round.LEAST
    assert {"a.test", "b.test", "c.test", "d.test"} <= set(found)


def test_fifty_thousand_domains_are_spread_over_the_hours():
    """In a minute no more than twice what keeps all of them younger than half a day."""
    assert part_of(4) == 20
    assert part_of(50_000) == 140


def test_the_round_looks_beside_everything_else(held):
    """Once a minute, in a thread of its own; the moment it is called costs nothing."""
    round_ = CheckRound(held.host)
    round_.round()
    assert DomainBoard.objects.count() == 0
    held.clock.move(minutes=2)
    round_.round()
    end = time.monotonic() + 10
    while DomainBoard.objects.count() < 5 and time.monotonic() < end:
        time.sleep(0.02)
    assert DomainBoard.objects.count() == 5
