"""The watch for registered look-alikes: slow, bounded, round and round."""

import sys

import pytest

from fakes.scripted_processes import completed
from mailward.model.people import Actor
from mailward.steward.name_watch import MOST_VARIANTS, Watch
from mailward.store.models import NameWatch, WatchedName

ROOT = Actor("root")
VARIANTS = ["mybank.test", "mybannk.test", "my-bank.test", "mybank.example", "rnybank.test", "unrelated.test", "-x"]


@pytest.fixture
def guarding(made):
    from mailward.actions import name_lists

    name_lists.add_partner(made.office, ROOT, "mybank.test")
    made.processes.answers[(sys.executable, "-m", "dnstwist")] = lambda argv, _stdin: completed(0, "\n".join(VARIANTS))
    return made


def test_a_registered_look_alike_is_noted_and_forgotten_when_it_is_gone(guarding) -> None:
    """Who its name servers are, and where mail for it goes; when nobody holds it any more, it leaves the list."""
    from mailward.actions import name_lists

    answers = guarding.resolver.answers
    answers |= {("my-bank.test", "NS"): ["ns.evil.test."], ("my-bank.test", "MX"): ["10 mail.evil.test."]}
    answers[("rnybank.test", "NS")] = "SERVFAIL"
    assert Watch().go_on(guarding.host) == 4
    row = name_lists.list_watched(guarding.office, ROOT).rows[0]
    assert (row.name, row.of, row.kind) == ("my-bank.test", "mybank.test", "hyphen")
    assert (row.name_servers, row.mail_hosts) == (("ns.evil.test",), ("mail.evil.test",))
    state = name_lists.watch_state(guarding.office, ROOT)
    assert (state.asked, state.unanswered) == (4, 1)
    assert state.round_ended_at == guarding.clock.now()
    answers[("my-bank.test", "NS")] = "SERVFAIL"
    Watch().go_on(guarding.host)
    assert WatchedName.objects.count() == 1  # nobody knows: it stays
    del answers[("my-bank.test", "NS")], answers[("my-bank.test", "MX")]
    Watch().go_on(guarding.host)
    assert WatchedName.objects.count() == 0


def test_it_goes_on_where_it_was_and_around(guarding) -> None:
    """A few at once, from the place that the store remembers, and from the last name to the first."""
    from mailward.actions import domains

    domains.add_domain(guarding.office, ROOT, "shop.anna.test")  # guarded as anna.test
    for _ in range(3):
        Watch().go_on(guarding.host, most=2)  # a new process each time
    row = NameWatch.objects.get()
    assert row.asked >= 4
    seen = set()
    for _ in range(6):
        seen.add(NameWatch.objects.get().guarded)
        Watch().go_on(guarding.host, most=2)
    assert seen == {"anna.test", "mybank.test"}


def test_no_name_is_asked_for_without_end(guarding) -> None:
    """However many variants a name has, those that look most like it are asked for, and no more."""
    many = [f"myb{a}{b}nk.test" for a in "aàáâãäåāăąǎ" for b in "aàáâãäåāăąǎ"] * 10
    names = [name.encode("idna").decode() for name in many] + [f"mybank{n}.test" for n in range(10)]
    guarding.processes.answers[(sys.executable, "-m", "dnstwist")] = lambda argv, _stdin: completed(0, "\n".join(names * 9))
    asked = 0
    for _ in range(20):
        asked += Watch().go_on(guarding.host, most=100)
        if NameWatch.objects.get().round_ended_at is not None:
            break
    assert 0 < asked <= MOST_VARIANTS


def test_the_real_dnstwist_prints_its_variants(guarding) -> None:
    """The program that is installed is asked as it wants to be, and what it prints is read."""
    from dataclasses import replace

    from mailward.host.processes import RealProcesses

    host = guarding.host
    real = replace(host, ground=replace(host.ground, processes=RealProcesses()))
    assert Watch().go_on(real, most=5) == 5
    assert ("mybank.test", "NS") not in guarding.resolver.asked


def test_nothing_guarded_asks_nothing(made) -> None:
    """A host without domains and partners asks DNS nothing."""
    assert Watch().go_on(made.host) == 0
    assert not made.resolver.asked
