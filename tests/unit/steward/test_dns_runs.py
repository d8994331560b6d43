"""DNS runs: published, seen, or undone; killed anywhere; others' records left alone; watched where people change a zone."""

from dataclasses import replace

import pytest

from fakes.sudden_death import Countdown, Killed
from mailward.model.errors import BadInput, Forbidden
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.rights import Grant, PersonRole
from mailward.model.runs import RunKind, RunState

ANNA = Actor("anna")
SPF = ("a.test", "TXT")


@pytest.fixture
def held(made):
    return made.holding("a.test")


def publish(made, *overwrite):
    from mailward.actions import dns

    return made.carry_out(dns.publish_dns(made.office, ANNA, "a.test", overwrite))


def declare(made, **wish):
    from mailward.actions import dns_policy

    return dns_policy.set_dns_policy(made.office, ANNA, "a.test", dns_policy.DnsPolicyWish(**wish))


def shown(made):
    from mailward.actions import dns

    return dns.show_dns(made.office, ANNA, "a.test")


def last(made, zone="a.test"):
    from mailward.store.models import Run

    return Run.objects.filter(kind=RunKind.DNS, subject=zone).first()


def test_a_new_domain_says_it_all_and_was_seen(held) -> None:
    """Adding a domain publishes its records; each was seen at every server, and doing it again changes nothing."""
    assert last(held).state == RunState.DONE
    row = shown(held)
    assert row.records and all(one.seen_at is not None for one in row.records)
    assert not row.conflicts and not row.missing
    assert any("_domainkey" in one.name for one in row.records)
    assert publish(held).state is RunState.UNCHANGED


def test_a_changed_wish_is_published_and_shown_in_the_plan(held) -> None:
    """What is declared is what DNS says next; the run shows what was taken away and what came."""
    from mailward.model.dns import DmarcPolicy

    row = held.carry_out(declare(held, dmarc=DmarcPolicy.REJECT, caa=["ca.test"], spf_terms=["include:spf.example.com"]))
    assert row.state is RunState.DONE
    assert held.dns.records["a.test", "CAA"] == ['0 issue "ca.test"']
    assert "p=reject" in held.dns.records["_dmarc.a.test", "TXT"][0]
    assert "include:spf.example.com ~all" in held.dns.records[SPF][0]
    assert {change.path for change in row.changes} == {"a.test CAA", "_dmarc.a.test TXT", "a.test TXT"}
    assert held.carry_out(declare(held, caa=[])).state is RunState.DONE
    assert ("a.test", "CAA") not in held.dns.records


def test_others_records_are_left_and_shown_until_somebody_says_so(held) -> None:
    """Somebody's MX stays, the run says which, the page shows both; with consent it is replaced."""
    held.dns.replace("a.test", "a.test", "MX", ["5 elsewhere.test."], 300)
    row = publish(held)
    assert row.state is RunState.UNCHANGED
    assert "a.test MX" in str(row.remedy)
    assert held.dns.records["a.test", "MX"] == ["5 elsewhere.test."]
    assert [(c.name, c.rdtype, c.there) for c in shown(held).conflicts] == [("a.test", "MX", ("5 elsewhere.test.",))]
    assert publish(held, ("a.test", "MX")).state is RunState.DONE
    assert held.dns.records["a.test", "MX"] == [f"10 {held.settings.hostname}."]
    assert not shown(held).conflicts


def test_somebodys_spf_is_merged_and_remembered(held) -> None:
    """Its terms become the domain's own wish: the next publishing doesn't lose them."""
    held.dns.replace("a.test", "a.test", "TXT", ['"v=spf1 include:_spf.example.com -all"', '"site-proof=1"'], 300)
    assert publish(held).state is RunState.DONE
    assert sorted(held.dns.records[SPF]) == [
        '"site-proof=1"',
        f'"v=spf1 +a +mx include:_spf.{held.settings.hostname} include:_spf.example.com ~all"',
    ]
    assert publish(held).state is RunState.UNCHANGED


def test_what_a_server_does_not_show_is_undone(held) -> None:
    """A server that answers without the change: the zone is as it was before, and the run says which server and what."""
    from dataclasses import replace

    from fakes.told_resolver import ToldResolver
    from mailward.actions import runs
    from mailward.steward.steward import Steward

    stale = ToldResolver(dict(held.resolver.answers))
    before = dict(held.dns.records)
    asked = declare(held, caa=["ca.test"])
    Steward(replace(held.host, copies=lambda: [stale])).take(asked.run_id, Quiet())
    row = runs.show_run(held.office, ANNA, asked.run_id)
    assert row.state is RunState.UNDONE
    assert "told doesn't show a.test CAA" in str(row.what)
    assert dict(held.dns.records) == before
    assert held.carry_out(declare(held, caa=["ca.test"])).state is RunState.DONE


def test_a_silent_server_is_neither_shown_nor_undone(held) -> None:
    """Nobody knows what it says: the run waits, and ends after a day without taking anything back."""
    from dataclasses import replace

    from fakes.told_resolver import ToldResolver
    from mailward.actions import runs
    from mailward.steward.steward import Steward

    class Silent(ToldResolver):
        def query(self, name, rdtype):
            return replace(super().query(name, rdtype), rcode="TIMEOUT", records=())

    asked = declare(held, caa=["ca.test"])
    steward = Steward(replace(held.host, copies=lambda: [Silent()]))
    assert steward.take(asked.run_id, Quiet()) is not None
    held.clock.move(hours=25)
    assert steward.take(asked.run_id, Quiet()) is None
    row = runs.show_run(held.office, ANNA, asked.run_id)
    assert row.state is RunState.FAILED
    assert "nobody can say" in str(row.what)
    assert ("a.test", "CAA") in held.dns.records


def test_killed_anywhere_it_leaves_old_or_new_and_goes_on(another) -> None:
    """At every change of the world: each set is whole, and the next steward ends the run done."""
    from mailward.actions import runs
    from mailward.steward.steward import Steward

    def asked(made):
        return declare(made, caa=["ca.test"], spf_terms=["mx:b.test"]).run_id

    made = another().holding("a.test")
    run_id, counted = asked(made), Countdown()
    Steward(made.mortal(counted)).take(run_id, Quiet())
    new = dict(made.dns.records)
    assert counted.count > 0
    for at in range(1, counted.count + 1):
        for after in (False, True):
            made = another().holding("a.test")
            old = {key: made.dns.records[key] for key in made.dns.records if "_domainkey" not in key[0]}
            run_id = asked(made)
            with pytest.raises(Killed):
                Steward(made.mortal(Countdown(at, after=after))).take(run_id, Quiet())
            for key in (SPF, ("a.test", "CAA")):
                assert made.dns.records.get(key) in (old.get(key), new.get(key)), (at, after, key)
            Steward(made.host).take(run_id, Quiet())
            assert runs.show_run(made.office, ANNA, run_id).state is RunState.DONE, (at, after)
            assert made.dns.records[SPF] == new[SPF]
            assert made.dns.records["a.test", "CAA"] == new["a.test", "CAA"]


def by_hand(made):
    from mailward.actions import dns
    from mailward.model.dns import HomeKind

    return dns.set_dns_home(made.office, ANNA, "a.test", HomeKind.BY_HAND)


def test_a_zone_changed_by_hand_is_watched_until_it_says_it(held) -> None:
    """Nothing is written; the page says what is missing, as a zone file, too; the run ends when it was all seen."""
    from mailward.steward.steward import Steward

    wanted = shown(held)
    held.dns.replace("a.test", "a.test", "MX", [], 300)
    before = dict(held.dns.records)
    asked = by_hand(held)
    steward = Steward(held.host)
    assert steward.take(asked.run_id, Quiet()) is not None
    assert dict(held.dns.records) == before
    row = shown(held)
    assert row.missing == ("told a.test MX",)
    assert f"a.test. 3600 IN MX 10 {held.settings.hostname}.\n" in row.zone_text
    assert {one.name for one in row.records} == {one.name for one in wanted.records}
    held.dns.replace("a.test", "a.test", "MX", [f"10 {held.settings.hostname}."], 300)
    held.clock.move(minutes=2)
    assert steward.take(asked.run_id, Quiet()) is None
    assert last(held).state == RunState.DONE
    assert not shown(held).missing


def test_a_later_run_takes_over(held) -> None:
    """Two that wait for one zone don't look for what the other doesn't want."""
    from mailward.steward.steward import Steward

    held.dns.replace("a.test", "a.test", "MX", [], 300)
    first = by_hand(held)
    Steward(held.host).take(first.run_id, Quiet())
    publish(held)
    assert Steward(held.host).take(first.run_id, Quiet()) is None
    from mailward.store.models import Run

    assert Run.objects.get(pk=first.run_id).state == RunState.UNCHANGED


def test_the_round_asks_where_something_else_must_be_said(held) -> None:
    """A zone that says what it must is left alone; a changed address is published by nobody's asking."""
    from dataclasses import replace

    from mailward.model.dns_settings import DnsSettings
    from mailward.steward import dns_day
    from mailward.store.models import Run

    count = Run.objects.count()
    assert dns_day.onward(held.host, "") == ""
    held.carry_out()
    count = Run.objects.count()
    held.clock.move(minutes=1)
    dns_day.onward(held.host, "")
    assert Run.objects.count() == count
    held.settings = replace(held.settings, dns=DnsSettings(public_addresses=("192.0.2.99",)))
    dns_day.onward(held.host, "")
    held.carry_out()
    assert held.dns.records["a.test", "A"] == ["192.0.2.99"]


def test_a_removed_domain_takes_its_records_out_of_anothers_zone(held) -> None:
    """At a provider the zone stays with its owner: only what Mailward put there goes."""
    from mailward.actions import dns, domains
    from mailward.model.dns import HomeKind

    asked = dns.set_dns_home(
        held.office,
        ANNA,
        "a.test",
        HomeKind.PROVIDER,
        provider="powerdns",
        options={"url": "x"},
        secret="s",
    )
    held.carry_out(asked)
    held.dns.replace("a.test", "www.a.test", "A", ["192.0.2.7"], 300)
    held.carry_out(domains.remove_domain(held.office, ANNA, "a.test"))
    held.clock.move(minutes=1)
    left = {key for key in held.dns.records if key[0].endswith("a.test") and key[1] not in ("NS", "PTR")}
    assert left == {("www.a.test", "A")}


def test_what_is_no_policy_is_refused(held) -> None:
    """Flattened, endless or foreign SPF terms, and names outside the domain, are refused with the reason."""
    from mailward.actions import dns, dns_policy
    from mailward.model.dns import HomeKind

    for terms in (["-all"], ["redirect=b.test"], [f"ip4:192.0.2.{n}" for n in range(30)], ["nonsense:x"], ["é"]):
        with pytest.raises(BadInput):
            declare(held, spf_terms=terms)
    with pytest.raises(BadInput) as caught:
        declare(held, spf_terms=[f"include:s{n}.test" for n in range(9)])
    assert caught.value.code == "spf-lookups"
    with pytest.raises(BadInput):
        dns.publish_dns(held.office, ANNA, "a.test", [("b.test", "MX")])
    with pytest.raises(BadInput):
        dns_policy.set_dns_policy(held.office, ANNA, "a.test", dns_policy.DnsPolicyWish())
    customer = Actor("carl", grants=(Grant(PersonRole.CUSTOMER, customer="a.test"),))
    with pytest.raises(Forbidden):
        dns.set_dns_home(held.office, customer, "a.test", HomeKind.PROVIDER, provider="powerdns", options={"url": "x"})


def test_a_cure_is_published(held) -> None:
    """The button: a broken record that the check found is put right, whoever broke it."""
    from mailward.actions import dns_cures
    from mailward.model.checks import CheckFinding, Mechanism
    from mailward.model.dns import Record
    from mailward.model.sentence import NOTHING
    from mailward.model.verdict import Verdict
    from mailward.store import checks

    held.dns.replace("a.test", "_dmarc.a.test", "TXT", ['"v=DMARC1; p=none"'], 300)
    now = held.clock.now()
    found = CheckFinding(
        "a.test", Mechanism.DMARC, "a.test", Verdict.WARN, "dmarc-none", NOTHING, (), NOTHING, "test", now,
        (Record("_dmarc.a.test", "TXT", "v=DMARC1; p=quarantine"),),
    )  # fmt: skip
    checks.keep([found], ["a.test"], now)
    assert held.carry_out(dns_cures.cure_dns(held.office, ANNA, "a.test", "dmarc", "a.test")).state is RunState.DONE
    assert "p=quarantine" in held.dns.records["_dmarc.a.test", "TXT"][0]
    with pytest.raises(BadInput):
        dns_cures.cure_dns(held.office, ANNA, "a.test", "spf", "a.test")
    assert dns_cures.cure_dns(held.office, ANNA, "a.test", "dmarc").run_id  # the only one needs no name
    checks.keep([found, replace(found, subject="b.a.test")], ["a.test"], now)
    with pytest.raises(BadInput, match="not clear"):
        dns_cures.cure_dns(held.office, ANNA, "a.test", "dmarc")
