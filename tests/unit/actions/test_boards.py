"""The board as people and programs ask for it: in reach, searched, sorted, a page at a time, never green when it is old."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fakes.made_host import ANNA
from mailward.actions import checks
from mailward.model.checks import SIX, CheckFinding, Mechanism
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Grant, PersonRole
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.store import checks as kept
from mailward.store.models import Customer, Domain, Run


def known(made, domain, verdict=Verdict.PASS, *, age=0, but=None):
    """As if it had been looked at: everything has this verdict, ``but`` one mechanism's fails."""
    at = made.clock.now() - timedelta(hours=age)
    found = [
        CheckFinding(
            domain, m, domain, Verdict.FAIL if m is but else verdict, f"{m}-x", Sentence("so"), (), NOTHING, "t", at
        )
        for m in Mechanism
    ]
    kept.keep(found, [domain], at)


@pytest.fixture
def held(made):
    """Three domains of one customer: one green, one with a fault, one at which nobody looked."""
    customer = Customer.objects.create(name="Alpha Ltd")
    for name in ("green.test", "red.test", "new.test"):
        Domain.objects.create(name=name, customer=customer)
    known(made, "green.test")
    known(made, "red.test", but=Mechanism.DMARC)
    known(made, "server")
    return made


def names(found):
    return [row.domain for row in found]


def test_lists_are_searched_filtered_sorted_and_cut(held):
    """By the worst of the six; what wasn't looked at is unknown."""
    ask = lambda **wish: checks.list_boards(held.office, ANNA, **wish)  # noqa: E731
    assert names(ask()) == ["green.test", "new.test", "red.test"]
    assert names(ask(sort="-state")) == ["red.test", "new.test", "green.test"]
    assert names(ask(state=Verdict.UNKNOWN)) == ["new.test"]
    assert names(ask(search="re", limit=1, offset=1)) == ["red.test"]
    assert names(ask(search="alpha")) == ["green.test", "new.test", "red.test"]
    assert [row.is_green for row in ask()] == [True, False, False]


def test_a_look_of_yesterday_is_unknown(held):
    """In the list, in the one line, and in each finding, which still says what was seen then."""
    known(held, "green.test", age=25)
    [line] = [row for row in checks.list_boards(held.office, ANNA) if row.domain == "green.test"]
    assert (line.six, line.is_green, set(line.verdicts.values())) == (Verdict.UNKNOWN, False, {Verdict.UNKNOWN})
    found = checks.list_checks(held.office, ANNA, "green.test")
    assert {(one.verdict, one.code) for one in found} == {(Verdict.UNKNOWN, "check-stale")}
    assert "so" in str(found[0].reason)
    assert not checks.host_state(held.office, ANNA).is_green


def test_the_host_is_green_when_every_domain_and_the_server_are(held):
    """One fault anywhere, or one domain that nobody looked at, and it isn't."""
    state = checks.host_state(held.office, ANNA)
    assert (state.is_green, state.verdict, state.domains) == (False, Verdict.FAIL, 3)
    assert str(state.says) == "1 of 3 domains are green; with faults: 1, with warnings: 0, unknown: 1."
    known(held, "red.test")
    known(held, "new.test")
    assert checks.host_state(held.office, ANNA).is_green
    known(held, "server", but=Mechanism.DNSBL)
    state = checks.host_state(held.office, ANNA)
    assert (state.is_green, state.verdict) == (False, Verdict.FAIL)
    assert "server itself" in str(state.says)


def test_the_server_needs_only_those_of_the_six_that_it_has(held):
    """It has no DMARC of its own; what can't be asked of it doesn't keep it from being green."""
    at = held.clock.now()
    own = (Mechanism.SPF, Mechanism.RDNS, Mechanism.DNSBL)
    kept.keep(
        [CheckFinding("server", m, "x", Verdict.PASS, "x", NOTHING, (), NOTHING, "t", at) for m in own], ["server"], at
    )
    assert checks.show_board(held.office, ANNA, "server").is_green
    assert len(SIX) == 6


def test_customers_see_their_own_alone(held):
    """The list, the counts and the findings end at the reach; the server's own lines are the provider's."""
    other = Customer.objects.create(name="Beta")
    Domain.objects.create(name="beta.test", customer=other)
    actor = Actor("b@people.test", (Grant(PersonRole.CUSTOMER, customer="Beta"),), account=2)
    assert names(checks.list_boards(held.office, actor)) == ["beta.test"]
    state = checks.host_state(held.office, actor)
    assert (state.domains, state.server) == (1, None)
    with pytest.raises(BadInput):
        checks.list_checks(held.office, actor, "red.test")


def test_as_many_questions_for_many_domains_as_for_few(held):
    """A page of the list and the host's line cost the same with two hundred more domains."""

    def asked():
        with CaptureQueriesContext(
            connection,
        ) as found:
            checks.list_boards(held.office, ANNA, search="test", sort="-state", limit=500)
            checks.host_state(held.office, ANNA)
        return len(found)

    few = asked()
    customer = Customer.objects.get(name="Alpha Ltd")
    Domain.objects.bulk_create(Domain(name=f"d{n}.test", customer=customer) for n in range(200))
    for n in range(200):
        known(held, f"d{n}.test")
    assert asked() == few


def test_the_same_wish_asked_twice_is_one_run(held):
    """While it waits; another domain is another."""
    first = checks.request_check(held.office, ANNA, ["red.test"]).run_id
    assert checks.request_check(held.office, ANNA, ["red.test", "red.test"]).run_id == first
    assert checks.request_check(held.office, ANNA, ["server"]).run_id != first
    assert checks.request_check(held.office, ANNA).run_id != first
    assert Run.objects.get(pk=first).domain == "red.test"
