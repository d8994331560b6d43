"""The TLSA set of the server's own name: a key is in DNS before it is served, at every moment, whatever happens."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fakes import papers
from fakes.sudden_death import Countdown, Killed
from mailward.model.dns import TlsaHash, TlsaState
from mailward.model.outside import DnsAnswer
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import RunState
from mailward.publishing import tlsa_rollover
from mailward.publishing.tlsa_rollover import Look, Obstacle

ANNA = Actor("anna")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TTL = 60
A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def hashed(key: str, state: TlsaState, *, age: float = 0, seen: float | None = None, first: bool = False) -> TlsaHash:
    seen_at = None if seen is None else NOW - timedelta(seconds=seen)
    return TlsaHash("mx.test", key, state, NOW - timedelta(seconds=age), seen_at, first)


def shown(*keys: str, silent: tuple[str, ...] = ()) -> Look:
    return Look(frozenset(keys), frozenset(keys), silent, bool(keys))


@pytest.mark.parametrize(
    ("before", "look", "after"),
    [
        (hashed(A, TlsaState.NEXT), shown(), TlsaState.NEXT),
        (hashed(A, TlsaState.NEXT), shown(A), TlsaState.NEXT),
        (hashed(A, TlsaState.NEXT, seen=59), shown(A), TlsaState.NEXT),
        (hashed(A, TlsaState.NEXT, seen=60), shown(A), TlsaState.VISIBLE),
        (hashed(A, TlsaState.NEXT, first=True), shown(A), TlsaState.VISIBLE),
        (hashed(A, TlsaState.VISIBLE, seen=90), shown(A), TlsaState.VISIBLE),
        (hashed(A, TlsaState.VISIBLE, seen=90), shown(B), TlsaState.NEXT),
        (hashed(A, TlsaState.VISIBLE, seen=90), shown(silent=("x",)), TlsaState.VISIBLE),
        (hashed(A, TlsaState.CURRENT, seen=90), shown(), TlsaState.CURRENT),
        (hashed(A, TlsaState.RETIRING, age=119), shown(A), TlsaState.RETIRING),
        (hashed(A, TlsaState.RETIRING, age=120), shown(A), TlsaState.GONE),
    ],
)
def test_a_hash_lives_by_what_servers_show(before: TlsaHash, look: Look, after: TlsaState) -> None:
    """Ready after a whole TTL at all servers, not ready any more when one lost it, gone after two."""
    (moved,) = tlsa_rollover.after_look([before], look, NOW, TTL)
    assert moved.state is after


@pytest.mark.parametrize(
    ("known", "look", "met"),
    [
        ([hashed(B, TlsaState.VISIBLE, seen=60)], shown(A, B), None),
        ([hashed(B, TlsaState.NEXT, seen=59)], shown(A, B), Obstacle.YOUNG),
        ([hashed(B, TlsaState.NEXT)], shown(A, B), Obstacle.YOUNG),
        ([], shown(A, B), Obstacle.YOUNG),
        ([hashed(B, TlsaState.VISIBLE, seen=60)], shown(A), Obstacle.MISSING),
        ([hashed(B, TlsaState.VISIBLE, seen=60)], shown(silent=("x",)), Obstacle.SILENT),
        ([hashed(B, TlsaState.VISIBLE, seen=60)], replace(shown(A, B), silent=("x",)), Obstacle.SILENT),
        ([hashed(B, TlsaState.NEXT, seen=0, first=True)], shown(A, B), None),
    ],
)
def test_a_key_is_served_only_when_nobody_can_miss_its_hash(
    known: list[TlsaHash], look: Look, met: Obstacle | None
) -> None:
    """Not shown, not long enough, not known: each is an obstacle of its own."""
    found = tlsa_rollover.obstacle(known, [B], look, NOW, TTL)
    assert (found[0] if found else None) is met


def test_what_was_served_retires_and_may_come_back() -> None:
    """After a switch the old hash stays for a while; switched back to, it is current again."""
    hashes = tlsa_rollover.after_switch("mx.test", [hashed(A, TlsaState.CURRENT), hashed(B, TlsaState.VISIBLE)], [B], NOW)
    assert {one.sha256: one.state for one in hashes} == {A: TlsaState.RETIRING, B: TlsaState.CURRENT}
    back = tlsa_rollover.after_switch("mx.test", hashes, [A], NOW)
    assert {one.sha256: one.state for one in back} == {A: TlsaState.CURRENT, B: TlsaState.RETIRING}
    assert [one.sha256 for one in tlsa_rollover.after_switch("mx.test", [], [C], NOW)] == [C]


# From here on with a whole host in memory.


class Published:
    """DNS follows what the store wants, when it is told to; every set that a cache may still hold is remembered."""

    def __init__(self, made) -> None:
        self.made = made
        self.owner = f"_25._tcp.{made.settings.hostname}"

    def publish(self) -> None:
        from mailward.store import dns

        keys = [f"3 1 1 {one.sha256}" for one in dns.facts(self.made.settings).tlsa]
        self.made.dns.replace("test", self.owner, "TLSA", keys, 2)

    def set(self) -> set[str]:
        return {text.split()[-1] for text in self.made.resolver.query(self.owner, "TLSA").records}

    def advance(self) -> bool:
        from mailward.steward import tlsa

        return tlsa.advance(self.made.host, self.made.clock.now())

    def settle(self) -> None:
        """A few of the minute's rounds, with DNS following each."""
        for _ in range(4):
            self.advance()
            self.publish()
            self.made.clock.move(seconds=3)

    def served(self) -> str:
        from mailward.store import dns

        pem = self.made.doors.served("smtp", self.made.settings.hostname)
        return dns.spki_sha256(pem)

    def states(self) -> dict[str, list[str]]:
        from mailward.store import tlsa

        found: dict[str, list[str]] = {}
        for one in tlsa.known(self.made.settings.hostname):
            found.setdefault(one.state.value, []).append(one.sha256)
        return found

    def run_free(self, asked) -> RunState:
        """Take the run once, whatever DNS says."""
        from mailward.actions import runs
        from mailward.steward.steward import Steward

        Steward(self.made.host).take(asked.run_id, Quiet())
        return runs.show_run(self.made.office, ANNA, asked.run_id).state

    def run(self, asked, rounds: int = 6):
        """Take the run again and again, DNS following, until it ends; the served key is in the set all the while."""
        from mailward.actions import runs
        from mailward.steward.steward import Steward

        for _ in range(rounds):
            waiting = Steward(self.made.host).take(asked.run_id, Quiet())
            assert self.served() in self.set()
            if waiting is None:
                break
            self.publish()
            self.made.clock.move(seconds=3)
        return runs.show_run(self.made.office, ANNA, asked.run_id)


@pytest.fixture
def world(made):
    published = Published(made)
    published.settle()
    return published


def renew(made, lineage: str = "mail-self-signed"):
    from mailward.actions import orders

    return orders.renew(made.office, ANNA, lineage)


def secure(made):
    from mailward.actions import choices

    return choices.secure(made.office, ANNA, "server")


def test_the_first_minute_has_a_set(world) -> None:
    """The self-signed key is in DNS from the first minute, with the next one beside it; DANE needs no CA."""
    assert world.set() == {key for keys in world.states().values() for key in keys}
    assert {state: len(keys) for state, keys in world.states().items()} == {"current": 1, "visible": 1}
    assert world.states()["current"] == [world.served()]


def test_the_key_that_was_made_ahead_is_the_one_that_is_ordered(world) -> None:
    """A CA's certificate, and the next one: each has the key whose hash was there before; nothing has to wait."""
    for asked in (secure, lambda made: renew(made, "server-san")):
        (ahead,) = world.states()["visible"]
        row = world.run(asked(world.made), rounds=1)
        assert row.state is RunState.DONE, str(row.what)
        assert world.served() == ahead
        world.settle()
    assert {state: len(keys) for state, keys in world.states().items()} == {"current": 1, "visible": 1}


def test_a_key_that_dns_does_not_know_waits_for_dns(world) -> None:
    """A certificate with a key from elsewhere: not served before its hash was shown for a TTL; published for it at once."""
    from mailward.actions import certificates, choices
    from mailward.store.models import Run

    made = world.made
    row, _ = certificates.upload(made.office, ANNA, "server", papers.bundle(papers.leaf(made.settings.hostname)))
    asked = choices.choose(made.office, ANNA, "server", mail=row.id)
    before = world.served()
    from mailward.steward.steward import Steward

    assert Steward(made.host).take(asked.run_id, Quiet()) is not None
    assert world.served() == before
    assert Run.objects.filter(kind="dns").count() == 1
    assert "TLSA" in str(Run.objects.get(pk=asked.run_id).what)
    assert world.run(asked).state is RunState.DONE
    assert world.served() != before
    assert before in world.set()  # whoever has to go back can
    world.settle()
    assert before not in world.set()


def test_a_switch_that_is_undone_is_not_held_back(world) -> None:
    """When the doors don't show the new certificate, the old one is back at once: its hash never left."""
    before = world.served()
    made = world.made
    made.doors.troubles = lambda target: "timeout" if target.protocol == "imap" else None
    asked = secure(made)
    row = world.run(asked, rounds=1)
    assert row.state is RunState.UNDONE, str(row.what)
    assert world.served() == before
    assert before in world.set()
    assert before in world.states()["current"]


def test_silent_name_servers_make_nothing_ready(world) -> None:
    """One of two servers doesn't answer: the switch waits for it, and goes on when it shows the set."""
    from mailward.steward.steward import Steward

    class Silent:
        def query(self, name: str, rdtype: str) -> DnsAnswer:
            return DnsAnswer(name, rdtype, "TIMEOUT", (), "second")

    made = world.made
    host = replace(made.host, authoritative=lambda _zone: [made.resolver, Silent()])
    asked = secure(made)
    before = world.served()
    assert Steward(host).take(asked.run_id, Quiet()) is not None
    assert world.served() == before
    assert world.run(asked).state is RunState.DONE


def test_by_hand_it_is_refused_with_the_record(world) -> None:
    """Where only people can change DNS: the record to publish is named, and nothing is switched."""
    from mailward.actions import certificates, choices
    from mailward.store.models import Zone

    made = world.made
    Zone.objects.create(name=made.settings.hostname.partition(".")[2], home="by-hand")
    row, _ = certificates.upload(made.office, ANNA, "server", papers.bundle(papers.leaf(made.settings.hostname)))
    before = world.served()
    ended = world.run(choices.choose(made.office, ANNA, "server", mail=row.id), rounds=1)
    assert ended.state is RunState.FAILED
    assert "3 1 1" in str(ended.remedy)
    assert world.served() == before
    made.dns.replace("test", world.owner, "TLSA", [], 2)  # they take the set away: nobody is misled any more
    assert world.run_free(choices.choose(made.office, ANNA, "server", mail=row.id)) is RunState.DONE


def test_by_hand_silent_servers_stop_nobody_who_published_nothing(made) -> None:
    """DNS that gives no answer at all doesn't keep a certificate from a host that never had TLSA records."""
    from mailward.store.models import Zone

    class Silent:
        def query(self, name: str, rdtype: str) -> DnsAnswer:
            return DnsAnswer(name, rdtype, "TIMEOUT", (), "nowhere")

    Zone.objects.create(name=made.settings.hostname.partition(".")[2], home="by-hand")
    world = Published(made)
    world.advance()
    asked = secure(made)
    from mailward.actions import runs
    from mailward.steward.steward import Steward

    Steward(replace(made.host, authoritative=lambda _zone: [Silent()])).take(asked.run_id, Quiet())
    assert runs.show_run(made.office, ANNA, asked.run_id).state is RunState.DONE


def test_a_later_choice_is_not_taken_back_by_one_that_waited(world) -> None:
    """A choice that waited for DNS, and another one made since: the later one stays."""
    from mailward.actions import certificates, choices
    from mailward.steward.steward import Steward

    made = world.made
    row, _ = certificates.upload(made.office, ANNA, "server", papers.bundle(papers.leaf(made.settings.hostname)))
    waited = choices.choose(made.office, ANNA, "server", mail=row.id)
    assert Steward(made.host).take(waited.run_id, Quiet()) is not None
    before = world.served()
    assert world.run(choices.choose(made.office, ANNA, "server", mail="self-signed")).state is RunState.DONE
    world.settle()
    assert world.run(waited).state is RunState.REFUSED
    assert world.served() == before


def test_rolled_over_unattended(world) -> None:
    """A year of the minute's rounds with the clock moved: renewals come and go, and the served key is always in the set."""
    from mailward.steward.daily import ask_for_renewals
    from mailward.steward.steward import Steward
    from mailward.store import records

    made = world.made
    assert world.run(secure(made)).state is RunState.DONE
    served = set()
    for _ in range(30):
        made.clock.move(days=12)
        ask_for_renewals(made.host)
        for _ in range(4):
            world.advance()
            assert world.served() in world.set()
            world.publish()
            for run in records.unfinished():
                if run.kind != "dns":
                    Steward(made.host).take(run.pk, Quiet())
                assert world.served() in world.set()
            made.clock.move(seconds=3)
        served.add(world.served())
    assert len(served) >= 5
    assert len(world.set()) <= 3


@pytest.mark.parametrize("ask", [renew, secure], ids=["renew", "secure"])
def test_killed_anywhere_the_served_key_is_in_dns(another: Callable, ask: Callable) -> None:
    """kill -9 at every change of the world: the next steward ends the run, and the served key never misses its hash."""
    from mailward.actions import runs
    from mailward.steward.steward import Steward

    def prepared() -> tuple[Published, int]:
        world = Published(another())
        world.settle()
        return world, ask(world.made).run_id

    world, run_id = prepared()
    counted = Countdown()
    assert Steward(world.made.mortal(counted)).take(run_id, Quiet()) is None
    for at in [*range(1, counted.count, 2), counted.count]:
        world, run_id = prepared()
        with pytest.raises(Killed):
            Steward(world.made.mortal(Countdown(at))).take(run_id, Quiet())
        assert world.served() in world.set(), f"killed before change {at}"
        world.advance()
        world.publish()
        assert world.served() in world.set(), f"killed before change {at}"
        Steward(world.made.host).take(run_id, Quiet())
        assert runs.show_run(world.made.office, ANNA, run_id).state is RunState.DONE, f"killed before change {at}"
        assert world.served() in world.set(), f"killed before change {at}"
        assert world.states()["current"] == [world.served()], f"killed before change {at}"


def test_both_keys_of_a_pair_are_in_the_set(another: Callable) -> None:
    """Two certificates behind one name: both keys are published before either is served."""
    from mailward.model.settings import KeyType

    settings = replace(another().settings, rsa=True, key_type=KeyType.BOTH)
    world = Published(another(settings))
    world.settle()
    assert {state: len(keys) for state, keys in world.states().items()} == {"current": 1, "visible": 2}
    ahead = set(world.states()["visible"])
    assert world.run(secure(world.made), rounds=1).state is RunState.DONE
    assert set(world.states()["current"]) == ahead
    world.settle()
    assert ahead < world.set()
