"""An order that has to wait holds no thread of the steward's daemon, and a look at thousands of domains stops nobody."""

from dataclasses import replace

from fakes.told_resolver import ToldResolver
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import RunKind, RunState

ANNA = Actor("anna")


def steward(made, hidden: set[str]):
    """A steward as the daemon has it; the name servers of the domains in ``hidden`` show nothing new."""
    from mailward.steward import issuance
    from mailward.steward.steward import ENGINES, Steward

    blind = ToldResolver()
    host = replace(made.host, authoritative=lambda zone: [blind if zone in hidden else made.resolver])
    return Steward(host, engines={**ENGINES, RunKind.ORDER: issuance.go_on})


def test_an_order_that_waits_is_given_back_and_goes_on_later(made) -> None:
    """A domain whose DNS shows nothing gives its thread back at once, and is served as soon as its DNS does."""
    from mailward.actions import choices, runs

    made.holding("a.test")
    hidden = {"a.test"}
    daemon = steward(made, hidden)
    asked = choices.secure(made.office, ANNA, "a.test").run_id
    waiting = daemon.take(asked, Quiet())
    assert waiting is not None and waiting.until > made.clock.now()
    assert made.locks.held == set()
    assert runs.show_run(made.office, ANNA, asked).state is RunState.RUNNING
    hidden.clear()
    assert daemon.take(asked, Quiet()) == waiting  # asked too early: nothing is done
    made.clock.move(seconds=(waiting.until - made.clock.now()).total_seconds())
    assert daemon.take(asked, Quiet()) is None
    assert runs.show_run(made.office, ANNA, asked).state is RunState.DONE
    assert len(made.ca.orders_made) == 1


def test_an_order_that_waits_for_ever_ends_with_its_reason_and_a_date(made) -> None:
    """However often it is given back, a wait has its limit: then the order fails, and is tried again after its date."""
    from mailward.actions import choices, runs
    from mailward.store.models import Lineage

    made.holding("a.test")
    daemon = steward(made, {"a.test"})
    asked = choices.secure(made.office, ANNA, "a.test").run_id
    for _ in range(200):
        waiting = daemon.take(asked, Quiet())
        if waiting is None:
            break
        made.clock.move(seconds=max(0.1, (waiting.until - made.clock.now()).total_seconds()))
    row = runs.show_run(made.office, ANNA, asked)
    assert row.state is RunState.FAILED
    assert "did not show" in str(row.what)
    assert Lineage.objects.get(pk="a.test-wildcard").retry_at > made.clock.now()


def test_many_domains_are_looked_at_in_parts(made) -> None:
    """A look at every door is cut into parts, so that no run waits for thousands of handshakes; each domain has its turn,
    and the server itself is looked at with the first part."""
    from mailward.steward.daily import LOOK_AT, LOOK_EVERY, LOOK_PAUSE, Day
    from mailward.store.models import Customer, Domain, Finding

    names = [f"d{number:03}.test" for number in range(LOOK_AT + 1)]
    customer = Customer.objects.create(name="many")
    Domain.objects.bulk_create([Domain(name=name, customer=customer) for name in names])
    day = Day(made.host)
    made.clock.move(seconds=LOOK_EVERY.total_seconds())
    day.round()
    seen = set(Finding.objects.values_list("domain", flat=True))
    assert seen == {"server", *names[:LOOK_AT]}
    day.round()
    assert set(Finding.objects.values_list("domain", flat=True)) == seen
    made.clock.move(seconds=LOOK_PAUSE.total_seconds())
    day.round()
    assert set(Finding.objects.values_list("domain", flat=True)) == {"server", *names}
