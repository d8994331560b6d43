"""The board over a real demo: a fresh ``up`` is green on the six; each deliberate break of a record turns its own line,
with the record that cures it, and the cure turns it back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from demo_host import DemoHost
from mailward.bootstrap.mailward import Mailward, has_failed, open_instance
from mailward.model.checks import SIX, CheckFinding
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.verdict import Verdict

pytestmark = pytest.mark.real

ALPHA, BETA, HOST = "alpha.localhost", "beta.localhost", "mx.mailward.localhost"
ROOT = Actor("root")
LISTED_6 = f"1.{'0.' * 31}dnsbl.localhost"  # 127.0.0.1 is a block list's own test point: ::1 is listed instead


@dataclass
class Board:
    """What a check finds of alpha, and breaks of the demo's records. Nobody else mends them: the steward is stopped."""

    mailward: Mailward

    def look(self) -> dict[tuple[str, str], CheckFinding]:
        found = self.mailward.check([ALPHA], Quiet())
        return {(one.mechanism.value, one.subject): one for one in found}

    def put(self, zone: str, name: str, rdtype: str, values: list[str]) -> list[str]:
        """Make the set so, as a person with the key could; what it was before."""
        before = self.mailward.host.authoritative(zone)[0].query(name, rdtype).records
        self.mailward.host.dns.replace(zone, name, rdtype, values, 60)
        return list(before)

    def cure(self, mechanism: str, subject: str) -> None:
        """Press the button."""
        from mailward.actions import dns_cures

        asked = dns_cures.cure_dns(self.mailward.office, ROOT, ALPHA, mechanism, subject)
        row = self.mailward.carry_out(asked.run_id, Quiet())
        assert not has_failed(row), str(row.what)


@pytest.fixture(scope="module")
def board(demo_host_of_module: DemoHost) -> Iterator[Board]:
    mailward = open_instance(demo_host_of_module.root)
    mailward.host.ground.supervisor.stop("steward")
    yield Board(mailward)


def told(findings: dict[tuple[str, str], CheckFinding]) -> dict[tuple[str, str], tuple[str, str]]:
    return {what: (one.verdict.value, one.code) for what, one in findings.items()}


def turned(before: dict[tuple[str, str], CheckFinding], after: dict[tuple[str, str], CheckFinding]) -> set[str]:
    """The mechanisms whose lines are other lines now."""
    old, new = told(before), told(after)
    return {what[0] for what in {*old, *new} if old.get(what) != new.get(what)}


def test_a_fresh_demo_is_green_on_the_six(demo_host_of_module: DemoHost, board: Board) -> None:
    """Both domains, as the command says it, with names, addresses and block list asked of the demo's own signed DNS."""
    ended = demo_host_of_module.run("check", "--all", "--json", check=False)
    rows: list[dict[str, Any]] = json.loads(ended.stdout)
    for domain in (ALPHA, BETA):
        six = {(row["mechanism"], row["verdict"]) for row in rows if row["domain"] == domain and row["mechanism"] in SIX}
        assert six == {(one.value, "pass") for one in SIX}, [row for row in rows if row["domain"] == domain]
    assert all(row["evidence"] for row in rows if row["mechanism"] in SIX)
    shown = demo_host_of_module.run("check", ALPHA, check=False).stdout
    assert "1 green" in shown


BREAKS = [
    ("spf", ALPHA, ALPHA, "TXT", []),
    ("dmarc", ALPHA, f"_dmarc.{ALPHA}", "TXT", []),
    ("dmarc", ALPHA, f"_dmarc.{ALPHA}", "TXT", ["v=DMARC1; p=none"]),
    ("mx", ALPHA, ALPHA, "MX", []),
    ("rdns", "127.in-addr.arpa", "1.0.0.127.in-addr.arpa", "PTR", []),
    ("dnssec", "localhost", ALPHA, "DS", []),
    ("dane", "localhost", f"_25._tcp.{HOST}", "TLSA", [f"3 1 1 {'ab' * 32}"]),
    ("tls_rpt", ALPHA, f"_smtp._tls.{ALPHA}", "TXT", []),
    ("autoconfig", ALPHA, f"_imaps._tcp.{ALPHA}", "SRV", []),
    ("autoconfig", ALPHA, f"mail.{ALPHA}", "A", ["127.0.0.99"]),
    ("contradiction", "localhost", f"*._report._dmarc.{HOST}", "TXT", []),
]


@pytest.mark.parametrize(
    ("mechanism", "zone", "name", "rdtype", "values"), BREAKS, ids=[f"{one[0]}-{one[3]}{len(one[4])}" for one in BREAKS]
)
def test_a_break_turns_its_own_line_and_the_cure_turns_it_back(
    board: Board, mechanism: str, zone: str, name: str, rdtype: str, values: list[str]
) -> None:
    """No other mechanism's line changes; the cure is the record that was there; pressing it brings all of them back."""
    before = board.look()
    was = board.put(zone, name, rdtype, values)
    assert was
    after = board.look()
    assert turned(before, after) == {mechanism}
    broken = [one for what, one in after.items() if what[0] == mechanism and told(before).get(what) != told(after)[what]]
    assert len(broken) == 1
    assert broken[0].verdict in (Verdict.FAIL, Verdict.WARN)
    assert str(broken[0].remedy)
    cure = {one.rdtype for one in broken[0].cure}
    assert rdtype in cure
    board.cure(mechanism, broken[0].subject)
    assert told(board.look()) == told(before)
    assert sorted(board.put(zone, name, rdtype, was)) == sorted(was), "what the cure published is what was there"


def test_each_missing_dkim_key_turns_its_own_line(board: Board) -> None:
    """RSA and Ed25519 are two lines; the cure brings back the very key."""
    before = board.look()
    keys = [subject for mechanism, subject in before if mechanism == "dkim"]
    assert len(keys) == 2
    for key in keys:
        board.put(ALPHA, key, "TXT", [])
        after = board.look()
        assert {what for what in before if told(before)[what] != told(after).get(what)} == {("dkim", key)}
        board.cure("dkim", key)
        assert told(board.look()) == told(before)


def test_a_listed_address_turns_its_own_line(board: Board) -> None:
    """Mailward can't take an address off somebody's list: it says where that is asked for."""
    before = board.look()
    board.put("dnsbl.localhost", LISTED_6, "A", ["127.0.0.2"])
    after = board.look()
    assert turned(before, after) == {"dnsbl"}
    assert "list" in str(after["dnsbl", "::1 dnsbl.localhost"].remedy)
    assert after["dnsbl", "::1 dnsbl.localhost"].verdict is Verdict.FAIL
    board.put("dnsbl.localhost", LISTED_6, "A", [])
    assert told(board.look()) == told(before)


def test_mta_sts_is_turned_on_by_its_cure_and_its_break_turns_its_own_line(
    demo_host_of_module: DemoHost, board: Board
) -> None:
    """Once the server's own name is secured: the policy is served, in testing first."""
    demo_host_of_module.run("secure", "server")
    board.cure("mta_sts", f"_mta-sts.{ALPHA}")
    before = board.look()
    assert told(before)["mta_sts", f"_mta-sts.{ALPHA}"] == ("warn", "mta-sts-testing")
    board.put(ALPHA, f"_mta-sts.{ALPHA}", "TXT", [])
    after = board.look()
    assert turned(before, after) == {"mta_sts"}
    board.cure("mta_sts", f"_mta-sts.{ALPHA}")
    assert told(board.look()) == told(before)


def test_a_caa_record_that_was_declared_comes_back(board: Board) -> None:
    """Somebody took it out; the cure is the one that was declared."""
    from mailward.actions.dns_policy import DnsPolicyWish, set_dns_policy

    asked = set_dns_policy(board.mailward.office, ROOT, ALPHA, DnsPolicyWish(caa=("ca.test",)))
    assert not has_failed(board.mailward.carry_out(asked.run_id, Quiet()))
    before = board.look()
    board.put(ALPHA, ALPHA, "CAA", [])
    after = board.look()
    assert turned(before, after) == {"caa"}
    assert [one.value for one in after["caa", ALPHA].cure] == ['0 issue "ca.test"']
    board.cure("caa", ALPHA)
    assert told(board.look()) == told(before)


def test_a_resolver_that_is_down_makes_everything_unknown(demo_host_of_module: DemoHost, board: Board) -> None:
    """Nothing turns red, nothing stays green."""
    supervisor = board.mailward.host.ground.supervisor
    supervisor.stop("unbound")
    try:
        found = board.look()
    finally:
        supervisor.start("unbound")
    verdicts = {one.verdict for what, one in found.items() if what[0] not in ("certificate", "door")}
    assert verdicts <= {Verdict.UNKNOWN, Verdict.NOT_APPLICABLE}
