"""Whose runs one sees: all of them, one's own, or those of one's domains; and never the host's files without the right."""

from datetime import timedelta

import pytest

from fakes.made_host import MadeHost
from mailward.actions import configuration, domains, mailboxes, orders, runs
from mailward.model.errors import BadInput
from mailward.model.people import Actor, Limits
from mailward.model.rights import Act, Grant, PersonRole
from mailward.model.sentence import Sentence
from mailward.steward.daily import ask_for_renewals
from mailward.store.models import Lineage, Run

ROOT = Actor("root")
OWNER = Actor("owner@a.test", (Grant(PersonRole.CUSTOMER, customer="A"),), account=1)
STRANGER = Actor("owner@b.test", (Grant(PersonRole.CUSTOMER, customer="B"),), account=2)
DNS = Actor("dns@a.test", (Grant(PersonRole.DNS_ADMINISTRATOR, domain="a.test"),), account=3)
READER = Actor("info@a.test", (Grant(PersonRole.MAILBOX_USER, mailbox="info@a.test"),), account=4)


@pytest.fixture
def held(made: MadeHost) -> MadeHost:
    domains.add_domain(made.office, ROOT, "a.test", "A")
    domains.add_domain(made.office, ROOT, "b.test", "B")
    made.carry_out(mailboxes.add_mailbox(made.office, ROOT, "info@a.test"))
    return made


def seen(made: MadeHost, actor: Actor) -> set[str]:
    return {row.subject for row in runs.list_runs(made.office, actor)}


def test_everybody_sees_the_runs_of_their_own(held: MadeHost) -> None:
    """Root all; a customer what is about their domains; of mailboxes only who may read mailboxes; who has but a mailbox
    what they asked for themselves."""
    configuration.apply(held.office, ROOT)
    assert seen(held, ROOT) == {"a.test", "b.test", "info@a.test", "host"}
    assert seen(held, OWNER) == {"a.test", "info@a.test"}
    assert seen(held, STRANGER) == {"b.test"}
    assert seen(held, DNS) == {"a.test"}
    assert seen(held, READER) == set()
    asked = mailboxes.change_password(held.office, READER, "info@a.test")
    assert [row.id for row in runs.list_runs(held.office, READER)] == [asked.run_id]
    assert runs.show_run(held.office, READER, asked.run_id).domain == "a.test"


def test_a_run_out_of_reach_is_unknown(held: MadeHost) -> None:
    """Another's run is answered like one that never was."""
    run = Run.objects.get(subject="b.test", kind="directory")
    for number in (run.pk, 999_999):
        with pytest.raises(BadInput) as caught:
            runs.show_run(held.office, OWNER, number)
        assert caught.value.code == "unknown"


def test_a_name_at_the_command_line_is_nobodys_account(held: MadeHost) -> None:
    """Who is named like whoever asked, and has no account, holds nothing by that name."""
    mailboxes.change_password(held.office, READER, "info@a.test")
    assert seen(held, Actor(READER.name, ())) == set()


def test_what_a_run_changed_on_the_host_is_for_who_may_read_runs(held: MadeHost) -> None:
    """A customer sees how the run of their domain ended, not the host's files."""
    told = Sentence("{path} changes", path="postfix/main.cf").to_json()
    change = {"path": "postfix/main.cf", "kind": "changed", "sentence": told, "diff": "-a\n+b"}
    run = Run.objects.get(subject="a.test", kind="directory")
    Run.objects.filter(pk=run.pk).update(plan=[change])
    assert runs.show_run(held.office, OWNER, run.pk).changes == ()
    assert len(runs.show_run(held.office, ROOT, run.pk).changes) == 1


def test_a_narrowed_token_sees_the_runs_of_its_domains_alone(held: MadeHost) -> None:
    """A provider's token for one domain doesn't see another's runs, nor the host's, nor those its owner asked for there."""
    configuration.apply(held.office, ROOT)
    whole = (Grant(PersonRole.PROVIDER),)
    narrow = Actor("ada@hosting.example", whole, 5, limits=Limits(domains=frozenset({"a.test"})))
    domains.remove_domain(held.office, Actor("ada@hosting.example", whole, 5), "b.test")
    assert seen(held, narrow) == {"a.test", "info@a.test"}
    nothing = Actor("ada@hosting.example", whole, 5, limits=Limits(acts=frozenset({Act.SERVER_READ})))
    assert seen(held, nothing) == {"b.test"}  # which was asked for by the same account


def test_a_customer_sees_the_renewals_that_nobody_asked_for(held: MadeHost) -> None:
    """What the steward orders by itself belongs to the domain that it is for."""
    held.carry_out(orders.issue(held.office, OWNER, "a.test"))
    Lineage.objects.filter(pk="a.test-wildcard").update(renew_at=held.clock.now() - timedelta(hours=1))
    assert ask_for_renewals(held.host) == 1
    newest = runs.list_runs(held.office, OWNER, limit=1).rows[0]
    assert (newest.asked_by, newest.domain, newest.subject) == ("steward", "a.test", "a.test-wildcard")
    assert "a.test-wildcard" not in seen(held, STRANGER)


def test_runs_are_found_and_paged(held: MadeHost) -> None:
    """By subject, by who asked, by state; a page at a time with how many there are."""
    assert {row.subject for row in runs.list_runs(held.office, ROOT, search="b.te")} == {"b.test"}
    assert runs.list_runs(held.office, ROOT, search="root").total == 3
    first = runs.list_runs(held.office, ROOT, limit=2)
    assert (len(first), first.total) == (2, 5)  # two of them are the steward's: what DNS must say
    assert len(runs.list_runs(held.office, ROOT, offset=4, limit=2)) == 1
