"""What changed between asking and carrying out: a domain removed, another choice made, the clock set, a disk that is full.
A run ends with what is true, and what is served is what is declared."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from fakes.made_host import ANNA
from fakes.still_clock import StillClock
from mailward.model.acme import AcmeError
from mailward.model.errors import BadInput
from mailward.model.progress import Quiet
from mailward.model.runs import RunState, Step
from mailward.model.sentence import Sentence


@pytest.fixture
def held(made):
    return made.holding("a.test", "b.test")


def lineage(lineage_id: str = "a.test-wildcard"):
    from mailward.store.models import Lineage

    return Lineage.objects.get(pk=lineage_id)


def secure(made, domain: str = "a.test"):
    from mailward.actions import choices

    return choices.secure(made.office, ANNA, domain)


def remove(made, domain: str = "a.test"):
    from mailward.actions import domains

    return domains.remove_domain(made.office, ANNA, domain)


def daily(made) -> None:
    """What the steward's daemon does every minute."""
    from mailward.steward.daily import ask_for_renewals

    ask_for_renewals(made.host)
    made.carry_out()


def server_choice() -> tuple[str | None, str | None]:
    from mailward.store.models import ServerChoice

    choice = ServerChoice.objects.get()
    return choice.panel_lineage_id, choice.mail_lineage_id


def test_an_order_of_a_removed_domain_never_becomes_the_servers_certificate(held) -> None:
    """Its lineage has no domain any more, as the server's own have none: it is not ordered, and chosen for nobody."""
    before = server_choice()
    asked = secure(held)
    remove(held)
    row = held.carry_out(asked)
    assert row.state is RunState.REFUSED
    assert server_choice() == before
    assert len(held.ca.orders_made) == 0


def test_a_domain_removed_while_the_ca_was_at_work_is_not_served(held) -> None:
    """The certificate comes, and nobody wants it: neither the domain's names nor the server's change."""
    before, sni = server_choice(), dict(held.sni.entries)
    asked = secure(held)
    made_order = held.ca.connect

    def connect(ca, key, uri):
        session = made_order(ca, key, uri)
        remove(held)
        return session

    from mailward.steward.steward import Steward

    Steward(replace(held.host, connect=connect)).take(asked.run_id, Quiet())
    row = held.carry_out(asked)
    assert row.state is RunState.REFUSED
    assert server_choice() == before
    assert held.sni.entries == sni
    assert lineage().renew_at is None, "nobody needs its successors"


def test_a_lineage_of_a_removed_domain_is_not_renewed_for_ever(held) -> None:
    """Asked by hand, its renewal is refused, and none is asked for afterwards."""
    from mailward.actions import choices, orders

    held.secured("a.test")
    held.carry_out(choices.choose(held.office, ANNA, "a.test", webmail="self-signed", mail="self-signed"))
    held.carry_out(remove(held))
    assert held.carry_out(orders.renew(held.office, ANNA, "a.test-wildcard")).state is RunState.REFUSED
    held.clock.move(days=300)
    daily(held)
    assert len(held.ca.orders_made) == 1


def test_a_choice_for_a_domain_that_was_removed_serves_nothing(held) -> None:
    """A run that waited longer than its domain was held leaves no name behind that would be served for ever."""
    from mailward.actions import choices

    held.secured("a.test")
    held.carry_out(choices.choose(held.office, ANNA, "a.test", webmail="self-signed", mail="self-signed"))
    names = set(held.sni.entries)
    asked = choices.choose(held.office, ANNA, "a.test", mail="a.test-wildcard")
    remove(held)
    assert held.carry_out(asked).state is RunState.REFUSED
    assert set(held.sni.entries) == names


def test_a_certificate_chosen_since_is_not_revoked(held) -> None:
    """What was asked for while nobody showed it is refused once somebody does."""
    from mailward.actions import choices, orders

    held.secured("a.test")
    held.carry_out(choices.choose(held.office, ANNA, "a.test", webmail="self-signed", mail="self-signed"))
    chosen = choices.choose(held.office, ANNA, "a.test", mail="a.test-wildcard")
    asked = orders.revoke(held.office, ANNA, "a.test-wildcard")
    assert held.carry_out(chosen).state is RunState.DONE
    assert held.carry_out(asked).state is RunState.REFUSED
    assert lineage().current == 1


def test_a_first_order_that_failed_is_tried_again_for_the_same_wish(held) -> None:
    """ "It is tried again after …" is kept without anybody's help, and ends with the doors that were asked for."""
    held.ca.refuses["a.test"] = AcmeError("unauthorized", "nothing found")
    assert held.carry_out(secure(held)).state is RunState.FAILED
    held.ca.refuses.clear()
    daily(held)
    assert lineage().current is None, "not before its date"
    held.clock.move(days=1)
    daily(held)
    from mailward.store.models import Domain

    domain = Domain.objects.get(name="a.test")
    assert (domain.webmail_lineage_id, domain.mail_lineage_id) == ("a.test-wildcard", "a.test-wildcard")


def test_trying_again_takes_no_later_choice_away(held) -> None:
    """Who chose something else for the domain since then meant that."""
    from mailward.actions import choices
    from mailward.store.models import Run

    held.ca.refuses["a.test"] = AcmeError("unauthorized", "nothing found")
    held.carry_out(secure(held))
    held.clock.move(hours=1)
    held.carry_out(choices.choose(held.office, ANNA, "a.test", mail="self-signed"))
    held.ca.refuses.clear()
    held.clock.move(days=1)
    daily(held)
    assert lineage().current == 1
    assert Run.objects.first().request["choose"] == []


def test_a_date_that_a_wrong_clock_gave_is_not_waited_for(held) -> None:
    """A failure while the clock was years ahead doesn't stop renewals for years."""
    held.ca.refuses["a.test"] = AcmeError("unauthorized", "nothing found")
    held.carry_out(secure(held))
    from mailward.store.models import Lineage

    Lineage.objects.update(retry_at=held.clock.now() + timedelta(days=2000))
    held.ca.refuses.clear()
    daily(held)
    assert lineage().current == 1


class SetClock(StillClock):
    """A clock that somebody sets back, while the monotonic one goes on."""

    def set(self, now: datetime) -> None:
        self._start += now - self._now
        self._now = now


def test_a_clock_that_is_set_back_stops_no_renewals(made) -> None:
    """The daemon's own pauses are counted by the clock that nobody can set."""
    from mailward.steward.daily import Day
    from mailward.store.models import Lineage, Run

    made.clock = SetClock(datetime(2036, 3, 1, tzinfo=UTC))
    day = Day(made.host)
    day.round()
    made.clock.set(datetime(2026, 3, 1, tzinfo=UTC))
    Lineage.objects.update(renew_at=made.clock.now())
    made.clock.move(minutes=1)
    day.round()
    assert Run.objects.filter(subject="web-self-signed").exists()


def test_a_run_left_half_way_waits_for_a_mailward_toml_that_can_be_read(held) -> None:
    """It was neither refused nor undone: nobody may say so."""
    from mailward.actions import configuration
    from mailward.steward.steward import Steward
    from mailward.store.models import Run

    def renew():
        raise BadInput("hostname", Sentence("mailward.toml, hostname: a text is wanted"))

    asked = configuration.apply(held.office, ANNA)
    Run.objects.update(state=RunState.RUNNING)
    with pytest.raises(BadInput):
        Steward(replace(held.host, renew=renew)).take(asked.run_id, Quiet())
    assert Run.objects.get(pk=asked.run_id).state == RunState.RUNNING
    assert held.carry_out(asked).state is RunState.DONE


@pytest.mark.parametrize("full_at", [Step.VERIFY, "findings"])
def test_a_store_that_can_not_be_written_leaves_what_is_declared_served(held, full_at) -> None:
    """The disk is full between a switch and its record: what was served before is served again, and the run says so."""
    from mailward.actions import choices, orders
    from mailward.steward.steward import Steward
    from mailward.store.records import StoreRecorder

    held.carry_out(orders.issue(held.office, ANNA, "a.test"))
    before = dict(held.sni.entries)
    asked = choices.choose(held.office, ANNA, "a.test", mail="a.test-wildcard")

    class Full(StoreRecorder):
        def step(self, step: Step):
            if step is full_at:
                raise OperationalError("database or disk is full")
            return super().step(step)

    class FullDoors:
        """The disk is full when the doors have been looked at: nothing found there can be kept."""

        def dial(self, targets):
            from django.db import connection

            found = held.doors.dial(targets)
            if full_at == "findings":
                connection.execute_wrappers.append(refuse)
            return found

    def refuse(execute, sql, params, many, context):
        if "store_finding" in sql and not sql.startswith("SELECT"):
            raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)

    from django.db import connection

    try:
        host = replace(held.host, dialer=FullDoors())
        Steward(host, lambda run, host: Full(run, host.clock)).take(asked.run_id, Quiet())
    finally:
        connection.execute_wrappers.clear()
    row = held.carry_out(asked)
    assert row.state is RunState.FAILED
    assert "full" in str(row.what)
    assert held.sni.entries == before
    assert held.doors.served("imap", "mail.a.test") == held.doors.served("imap", "unknown.test")
    assert lineage().current == 1


def test_a_demo_ca_that_was_started_anew_is_trusted_with_its_first_certificate(held) -> None:
    """Pebble has a new root at every start, and the daemon lives longer than Pebble: what it issued is not untrusted."""
    from fakes.chains import issue
    from mailward.model.outside import HttpAnswer

    new = issue("Another Root", ca=True).pem
    url = next(iter(held.management.answers))
    held.management.answers[url] = HttpAnswer(url, 200, "", new)
    held.secured("a.test")
    assert new.strip() in held.files.read(held.host.layout.trust_file(held.settings.trust))
