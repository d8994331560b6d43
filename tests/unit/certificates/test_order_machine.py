"""The state machine of ACME orders, with a CA that says what it is told to."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.order_world import World
from mailward.certificates.orders import (
    Limits,
    OrderState,
    advance,
    clean_up_again,
    issue_many,
    run_order,
)
from mailward.certificates.records import Failure, Journal
from mailward.host.clock import RealClock
from mailward.model.acme import AcmeError, AcmeProblem
from mailward.model.certificates import Challenge
from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence

REFUSED = NotPossible(Sentence("the name server refused"), code="dns-refused")


def down() -> AcmeProblem:
    return AcmeProblem("unreachable", "no connection to the CA")


def test_the_whole_way():
    """An order passes every state once, each saved, ends with a certificate for its names, and leaves nothing behind."""
    world = World()
    said = []
    ended = run_order(world.plan(), world.outside(), lambda record, what: said.append((record.state, str(what))))
    assert ended.state is OrderState.DONE
    assert [state for _, state in world.journal.states] == [state.value for state, _ in said]
    assert [state for state, _ in said] == [
        OrderState.KEYED,
        OrderState.ORDERING,
        OrderState.ORDERED,
        OrderState.PRESENTING,
        OrderState.PRESENTED,
        OrderState.VISIBLE,
        OrderState.ANSWERED,
        OrderState.READY,
        OrderState.FINALIZING,
        OrderState.ISSUED,
        OrderState.STORED,
        OrderState.DONE,
    ]
    assert set(world.delivered.only.certificate.names) == {"a.test", "*.a.test"}
    assert world.published == []
    assert b"PRIVATE" not in world.journal.records[1].sealed_key


def test_key_is_sealed_before_anything_is_ordered():
    """The private key and the request are saved, sealed, before the CA is asked for anything."""
    world = World()
    record = advance(world.plan(), world.outside())
    assert record.state is OrderState.KEYED
    assert record.sealed_key.startswith(b"sealed:")
    assert record.csr_pem.startswith(b"-----BEGIN CERTIFICATE REQUEST")
    assert world.ca.calls == []


def test_records_survive_json():
    """A journal and a failure come back from JSON as they were, at every step of an order."""
    world = World()
    record, outside = world.plan(profile="shortlived", replaces="x.y", lifetime=timedelta(days=6)), world.outside()
    while not record.state.is_end:
        record = advance(record, outside)
        assert Journal.from_json(json.loads(json.dumps(record.journal.to_json()))) == record.journal
    world.ca.refuses["a.test"] = AcmeError("caa", "forbidden", "a.test")
    failed = run_order(world.plan(number=2), outside)
    assert Failure.from_json(json.loads(json.dumps(failed.failure.to_json()))) == failed.failure


def test_both_values_at_one_name():
    """A domain and its wildcard need two values at one name: both stand there while the CA looks."""
    world = World()
    record, outside = world.plan(), world.outside()
    while record.state is not OrderState.PRESENTED:
        record = advance(record, outside)
    assert len(world.updates.records["_acme-challenge.a.test", "TXT"]) == 2


def test_alias_into_another_zone():
    """Where _acme-challenge is an alias into another zone, that zone is the one that is written to."""
    world = World()
    world.resolver.answers["_acme-challenge.b.example", "CNAME"] = ["b.challenges.a.test."]
    record, outside = world.plan("b.example"), world.outside()
    while record.state is not OrderState.PRESENTED:
        record = advance(record, outside)
    (proof,) = record.journal.proofs
    assert (proof.zone, proof.place) == ("a.test", "b.challenges.a.test")
    assert list(world.updates.records) == [("b.challenges.a.test", "TXT")]


def test_aliases_in_a_circle():
    """Aliases that lead in a circle end the order with a reason instead of for ever going round."""
    world = World()
    world.resolver.answers["_acme-challenge.a.test", "CNAME"] = ["x.a.test."]
    world.resolver.answers["x.a.test", "CNAME"] = ["_acme-challenge.a.test."]
    assert run_order(world.plan(), world.outside()).failure.code == "dns-broken"


@pytest.mark.parametrize("lists", [True, False])
def test_no_second_order_after_a_lost_answer(lists):
    """When newOrder was heard but its answer lost, the order is found again: in the CA's list, or by being given again."""
    world = World(lists=lists, reuses=not lists)
    world.ca.lost_answers = {"new_order"}
    ended = run_order(world.plan(), world.outside())
    assert ended.state is OrderState.DONE
    assert len(world.ca.orders_made) == 1


def test_another_ones_order_is_not_adopted():
    """After a crash only an order that no record knows is taken for one's own."""
    world = World()
    outside = world.outside()
    other = world.plan(number=7)
    while other.state is not OrderState.ORDERED:
        other = advance(other, outside)
        world.journal.save(other)
    mine = world.plan(number=8)
    while mine.state is not OrderState.ORDERING:
        mine = advance(mine, outside)
    mine = run_order(mine, world.outside())  # another process: it looks for an orphan, and finds only the other's
    assert mine.state is OrderState.DONE
    assert mine.journal.order_url != other.journal.order_url


def test_passing_trouble():
    """A CA that stumbles is asked again, with growing pauses, and the order goes on where it was."""
    world = World()
    world.ca.says["new_order"] = [down(), AcmeProblem("serverInternal", "oops")]
    world.ca.says["finalize"] = [down()]
    ended = run_order(world.plan(), world.outside())
    assert ended.state is OrderState.DONE
    assert len(world.ca.orders_made) == 1
    assert sum(world.clock.slept) >= 0.5 + 1.0 + 0.5


def test_ca_down_ends_with_a_date():
    """A CA that stays down ends the order with a code, a sentence and the date of the next try, and is not hammered."""
    world = World()
    world.ca.says["account"] = [down()] * 50
    ended = run_order(world.plan(), world.outside())
    assert (ended.state, ended.failure.code) == (OrderState.FAILED, "ca-unreachable")
    assert ended.failure.retry_at >= world.clock.now() + timedelta(minutes=1)
    assert world.ca.calls.count("account") <= 5
    assert "first" in str(ended.failure.sentence)


@pytest.mark.parametrize(
    ("method", "problem"),
    [
        ("account", AcmeProblem("unreachable", "down")),
        ("account", AcmeProblem("externalAccountRequired", "no binding")),
        ("new_order", AcmeProblem("rateLimited", "too many", retry_after=timedelta(hours=2))),
        ("new_order", AcmeProblem("badNonce", "refused 10 nonces in a row")),
        ("new_order", AcmeProblem("rejectedIdentifier", "policy")),
        ("finalize", AcmeProblem("serverInternal", "broken")),
        ("finalize", AcmeProblem("badCSR", "no")),
    ],
)
def test_next_ca(method, problem):
    """After a failure that isn't the domain's own fault the next CA issues, with the same key; nothing stays published."""
    world = World("first", "second")
    world.ca.says[method] = [problem] * 50
    ended = run_order(world.plan(), world.outside())
    assert (ended.state, ended.ca, ended.failure) == (OrderState.DONE, "second", None)
    assert any("first" in text for text in ended.journal.refusals)
    assert world.published == []


def test_the_domains_own_fault_stays_with_it():
    """A name that the CA could not validate is not carried to the next CA, and every refused name has its own detail."""
    world = World("first", "second")
    world.ca.refuses["a.test"] = AcmeError("dns", "NXDOMAIN looking up TXT")
    ended = run_order(world.plan("a.test", "mail.a.test"), world.outside())
    assert (ended.state, ended.ca, ended.failure.code) == (OrderState.FAILED, "first", "domain-refused")
    assert ended.failure.names == ("a.test",)
    assert "NXDOMAIN looking up TXT" in str(ended.failure.sentence)
    assert world.published == []


def test_rate_limit_is_kept():
    """rateLimited ends the order; the next try waits at least as long as the CA said."""
    world = World()
    world.ca.says["new_order"] = [AcmeProblem("rateLimited", "too many certificates", retry_after=timedelta(hours=30))]
    ended = run_order(world.plan(), world.outside())
    assert ended.failure.code == "rate-limited"
    assert ended.failure.retry_at >= world.clock.now() + timedelta(hours=30)
    assert world.ca.calls.count("new_order") == 1


def test_a_busy_ca_is_waited_for():
    """A CA that asks for a few seconds gets them, and then issues."""
    world = World()
    world.ca.says["new_order"] = [AcmeProblem("rateLimited", "busy", retry_after=timedelta(seconds=5))]
    assert run_order(world.plan(), world.outside()).state is OrderState.DONE
    assert max(world.clock.slept) >= 5


def test_forgotten_account():
    """A CA that has forgotten the account gets the same key registered again, and the order goes on."""
    world = World()
    world.ca.says["authorization"] = [AcmeProblem("accountDoesNotExist", "unknown")]
    ended = run_order(world.plan(), world.outside())
    assert ended.state is OrderState.DONE
    assert world.ca.calls.count("account") == 2
    assert world.published == []


def test_a_ca_that_always_forgets():
    """A CA that forgets the account each time is given up, not asked for ever."""
    world = World()
    world.ca.says["authorization"] = [AcmeProblem("accountDoesNotExist", "unknown")] * 100
    ended = run_order(world.plan(), world.outside())
    assert ended.state is OrderState.FAILED
    assert len(world.ca.calls) < 60


def test_lost_and_expired_orders():
    """An order that the CA no longer knows, or that expired while nobody was there, is made anew, once."""
    world = World()
    record, outside = world.plan(), world.outside()
    while record.state is not OrderState.PRESENTED:
        record = advance(record, outside)
    url = record.journal.order_url
    world.ca.orders_made[url] = replace(world.ca.orders_made[url], status="invalid")
    world.clock.move(days=10)
    ended = run_order(record, world.outside(limits=Limits(total=1e9)))
    assert ended.state is OrderState.DONE
    assert len(world.ca.orders_made) == 2
    assert world.published == []


def test_dns_update_refused():
    """A name server that refuses the update ends the order with its reason; nothing was answered to the CA."""
    world = World("first", "second")
    world.updates.refuses = REFUSED
    ended = run_order(world.plan(), world.outside())
    assert (ended.failure.code, ended.ca) == ("dns-update-failed", "first")
    assert str(ended.failure.sentence) == "the name server refused"
    assert "answer" not in world.ca.calls


def test_what_stays_behind_is_remembered():
    """What can't be taken away now is remembered with the ended order, and taken away later."""
    world = World()
    record, outside = world.plan(), world.outside()
    while record.state is not OrderState.STORED:
        record = advance(record, outside)
    world.updates.refuses = REFUSED
    ended = run_order(record, outside)
    assert ended.state is OrderState.DONE
    assert ended.has_leftovers
    assert len(world.published) == 2
    world.updates.refuses = None
    assert not clean_up_again(ended, outside).has_leftovers
    assert world.published == []


def test_never_visible():
    """A value that the name servers never show ends the order in time, is taken away, and says what to check."""
    world = World()

    class Deaf:
        def query(self, name, rdtype):
            return replace(world.resolver.query(name, rdtype), records=())

    solvers = dict(world.outside().solvers)
    solvers[Challenge.DNS_01] = replace(solvers[Challenge.DNS_01], authoritative=lambda _zone: (world.resolver, Deaf()))
    ended = run_order(world.plan(), world.outside(solvers=solvers))
    assert ended.failure.code == "not-visible"
    assert "a.test" in str(ended.failure.sentence)
    assert world.clock.monotonic() < 300
    assert world.published == []


def test_no_order_lasts_for_ever():
    """An order ends when its time is over, whatever it waits for; its challenges are taken away."""
    world = World()
    limits = Limits(total=30, validation=1e6)
    outside = world.outside(limits=limits)
    record = world.plan()
    while record.state is not OrderState.ANSWERED:
        record = advance(record, outside)
    for authorization in world.ca.authorizations_made.values():
        authorization.status = "pending"
    ended = run_order(record, outside)
    assert ended.failure.code == "took-too-long"
    assert world.clock.monotonic() < 60
    assert world.published == []


def test_store_in_trouble():
    """A certificate that can't be stored yet is tried again, without a second certificate; in the end it says so."""
    world = World()
    full = NotPossible(Sentence("The disk is full."))
    tries = []

    def deliver(record, material):
        tries.append(material.certificate.sha256)
        if len(tries) < 3:
            raise full
        world.delivered(record, material)

    assert run_order(world.plan(), world.outside(deliver=deliver)).state is OrderState.DONE
    assert len(set(tries)) == 1
    assert world.ca.calls.count("finalize") == 1

    def never(_record, _material):
        raise full

    ended = run_order(world.plan(number=2), world.outside(deliver=never))
    assert (ended.failure.code, str(ended.failure.sentence)) == ("not-stored", "The disk is full.")
    assert world.published == []


def test_replaces_is_announced_and_given_up_when_refused():
    """A renewal tells the CA what it replaces; a CA that says it was replaced already still issues."""
    world = World()
    run_order(world.plan(replaces="aki.serial"), world.outside())
    assert world.ca.replaced == ["aki.serial"]
    world.ca.says["new_order"] = [AcmeProblem("alreadyReplaced", "done before")]
    assert run_order(world.plan(replaces="aki.serial", number=2), world.outside()).state is OrderState.DONE
    assert world.ca.replaced == ["aki.serial"]


def test_http_tokens_are_no_paths():
    """A CA that sends a path for a token writes no file."""
    world = World()
    record, outside = world.plan("mail.a.test", challenge=Challenge.HTTP_01), world.outside()
    while record.state is not OrderState.ORDERED:
        record = advance(record, outside)
    for authorization in world.ca.authorizations_made.values():
        authorization.token = "../../etc/cron.d/evil"
    ended = run_order(record, outside)
    assert ended.state is OrderState.FAILED
    assert not any("evil" in str(path) for path in world.files.entries)


def test_our_own_mistakes_end_one_order_only():
    """A fault of ours ends its own order with a code, tells only its kind, and leaves the others alone."""
    world = World(clock=RealClock())
    outside = world.outside()
    real = outside.deliver

    def deliver(record, material):
        if record.id == 2:
            raise ZeroDivisionError("secret things")
        real(record, material)

    seen = []
    outside = world.outside(deliver=deliver, mishap=lambda record, trouble: seen.append((record.id, trouble)))
    ended = issue_many([world.plan(number=number) for number in (1, 2, 3)], outside, 2)
    assert [one.state for one in ended] == [OrderState.DONE, OrderState.FAILED, OrderState.DONE]
    assert ended[1].failure.code == "internal"
    assert "secret" not in repr(ended[1])
    assert seen[0][0] == 2


def test_waiting_orders_hold_no_thread():
    """With a single thread, orders that wait for a CA in trouble let all the others pass."""
    world = World("first", "broken", clock=RealClock())
    world.cas["broken"].says["account"] = [down()] * 1000
    outside = world.outside(limits=Limits(first_pause=0.2, troubles=2))
    ends = []
    records = [replace(world.plan(number=number), ca="broken", journal=Journal()) for number in (1, 2, 3)]
    records += [world.plan(number=number) for number in (4, 5, 6)]
    ended = issue_many(records, outside, 1, lambda record, _: ends.append(record.id) if record.state.is_end else None)
    assert ends[:3] == [4, 5, 6]
    assert [one.state for one in ended] == [OrderState.FAILED] * 3 + [OrderState.DONE] * 3


def test_one_account_for_many_orders():
    """Many orders at once share one account, registered once."""
    world = World(clock=RealClock())
    issue_many([world.plan(number=number) for number in range(8)], world.outside(), 8)
    assert world.ca.calls.count("account") == 1
