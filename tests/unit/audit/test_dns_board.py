"""The board: many domains at once, one memory, and no rule that breaks takes others with it."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

from fakes.still_clock import StillClock
from fakes.told_dialer import ToldDialer
from fakes.told_http import ToldHttp
from fakes.told_resolver import ToldResolver
from mailward.audit import board_rows
from mailward.audit.board import Board, Subject
from mailward.audit.rules import autoconfig, looks
from mailward.audit.seen import Expected, Here, Once, Seen
from mailward.model.checks import Mechanism
from mailward.model.dns import DnsWish, HomeKind, Record
from mailward.model.doors import Door, Tls
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict

HERE = Here("mx.host.test", ("192.0.2.1",))
SRV = "0 1 993 mx.host.test."


def expected(domain, *wanted):
    return Expected(DnsWish(domain, domain, HomeKind.HERE), wanted, HERE)


def seeing(answers=None, clock=None, resolver=None):
    return Seen(resolver or ToldResolver(answers), ToldHttp(), ToldDialer({}), clock or StillClock(), "resolver told")


def autoconfig_of(domain, answers):
    wanted = (
        Record(f"autoconfig.{domain}", "A", "192.0.2.1"),
        Record(f"_imaps._tcp.{domain}", "SRV", SRV),
        Record(f"_imap._tcp.{domain}", "SRV", "0 0 0 ."),
        Record(domain, "A", "192.0.2.1"),
    )
    return {found.subject: found for found in autoconfig.judge(domain, expected(domain, *wanted), seeing(answers))}


ALL = {("autoconfig.a.test", "A"): ["192.0.2.1"], ("_imaps._tcp.a.test", "SRV"): [SRV.upper()]}


def test_records_for_mail_programs_pass_as_they_are_published():
    """Case and the trailing dot are no difference, and a service that isn't offered needs no record."""
    found = autoconfig_of("a.test", ALL)
    assert {one.code for one in found.values()} == {"autoconfig-pass"}
    assert sorted(found) == ["_imap._tcp.a.test", "_imaps._tcp.a.test", "autoconfig.a.test"]


def test_a_missing_and_a_different_record_turn_their_own_lines():
    """Each says the record that cures it, and what has to go."""
    found = autoconfig_of("a.test", {**ALL, ("autoconfig.a.test", "A"): ["198.51.100.7"]})
    wrong = found.pop("autoconfig.a.test")
    assert (wrong.verdict, wrong.code) == (Verdict.WARN, "autoconfig-differs")
    assert [record.value for record in wrong.cure] == ["192.0.2.1"]
    assert [record.value for record in wrong.replaces] == ["198.51.100.7"]
    assert {one.verdict for one in found.values()} == {Verdict.PASS}
    lacking = autoconfig_of("a.test", {("autoconfig.a.test", "A"): ["192.0.2.1"]})["_imaps._tcp.a.test"]
    assert (lacking.code, [record.value for record in lacking.cure]) == ("autoconfig-missing", [SRV])


def test_no_answer_is_no_fault_of_the_record():
    """SERVFAIL is unknown, never green and never red."""
    found = autoconfig_of("a.test", {**ALL, ("_imaps._tcp.a.test", "SRV"): "SERVFAIL"})
    assert found["_imaps._tcp.a.test"].verdict is Verdict.UNKNOWN


def breaking(domain, expected, seen):
    raise ValueError("a defect")


def asking(domain, expected, seen):
    seen.query("mx.host.test", "A")
    seen.query(domain, "MX")
    return [seen.finding(domain, Mechanism.MX, domain, Verdict.PASS, "mx-pass", NOTHING)]


def test_a_rule_that_breaks_costs_its_line_alone():
    """The broken mechanism is unknown with its own code; the others are as they are."""
    board = Board(seeing(), rules={Mechanism.SPF: breaking, Mechanism.MX: asking}, server_rules={})
    [(name, found)] = list(board.look([Subject("a.test", expected("a.test"))]))
    said = {one.mechanism: (one.verdict, one.code) for one in found}
    assert name == "a.test"
    assert said[Mechanism.SPF] == (Verdict.UNKNOWN, "check-broke")
    assert said[Mechanism.MX] == (Verdict.PASS, "mx-pass")
    assert list(said) == [one for one in Mechanism if one in said]


def test_the_hosts_own_names_are_asked_once_for_all_domains():
    """Fifty domains on eight threads: one question about the host, one about each domain."""
    resolver = ToldResolver({("mx.host.test", "A"): ["192.0.2.1"]})
    board = Board(seeing(resolver=resolver), threads=8, rules={Mechanism.MX: asking}, server_rules={})
    names = [f"d{number}.test" for number in range(50)]
    assert [name for name, _ in board.look([Subject(name, expected(name)) for name in names])] == names
    assert resolver.asked.count(("mx.host.test", "A")) == 1
    assert len(resolver.asked) == 51


def test_threads_that_ask_the_same_wait_for_one_answer():
    """While one thread asks, others wait for it; a failure is not remembered."""
    once, calls = Once(), []

    def slow():
        calls.append(1)
        time.sleep(0.05)
        return "answer"

    told = []
    threads = [threading.Thread(target=lambda: told.append(once.get("key", slow))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (told, len(calls)) == (["answer"] * 8, 1)


def test_memory_is_bounded_and_keeps_what_is_asked_again():
    """The oldest question is forgotten, not the one that every domain asks."""
    once = Once(3)
    for key in "abcadaeaf":
        once.get(key, lambda key=key: key)
    assert (once.known("a"), once.known("b"), once.known("f")) == ("a", None, "f")


class Slow:
    """Every answer takes 20 seconds of the clock."""

    def __init__(self, clock):
        self.clock, self.asked = clock, 0

    def query(self, name, rdtype):
        self.asked += 1
        self.clock.sleep(20)
        return DnsAnswer(name, rdtype, "TIMEOUT", (), "slow")


def test_a_domain_whose_servers_are_silent_is_given_up():
    """After a minute nothing more is asked for it, and what wasn't asked is unknown."""
    clock = StillClock()
    slow = Slow(clock)

    def many(domain, expected, seen):
        rcodes = {seen.query(f"n{number}.{domain}", "A").rcode for number in range(100)}
        assert rcodes == {"TIMEOUT"}
        return []

    list(
        Board(seeing(clock=clock, resolver=slow), rules={Mechanism.MX: many}, server_rules={}).look(
            [Subject("a.test", expected("a.test"))]
        )
    )
    assert slow.asked <= 4


def look(door=Door.IMAPS, code="ok", verdict=Verdict.PASS, name="mail.a.test", also=(), age=0):
    return DoorFinding(
        "a.test",
        name,
        door,
        993,
        "192.0.2.1",
        Tls.IMPLICIT,
        name,
        verdict,
        code,
        Sentence("why"),
        Sentence("do"),
        StillClock().now() - timedelta(minutes=age),
        also=also,
    )


def said_of(*found):
    now = StillClock().now()
    lines = [*looks.certificates("a.test", found, now), *looks.doors("a.test", found, now)]
    return {(line.mechanism.value, line.subject): line.verdict for line in lines}


def test_doors_and_certificates_are_two_things():
    """A wrong certificate is the certificate's line, a closed door the door's; what nobody saw is unknown."""
    assert said_of(look(code="expired", verdict=Verdict.FAIL)) == {
        ("certificate", "mail.a.test"): Verdict.FAIL, ("door", "imaps 993"): Verdict.PASS,
    }  # fmt: skip
    assert said_of(look(code="refused", verdict=Verdict.FAIL)) == {
        ("certificate", "mail.a.test"): Verdict.UNKNOWN, ("door", "imaps 993"): Verdict.FAIL,
    }  # fmt: skip
    assert (
        said_of(look(code="expired", verdict=Verdict.FAIL, also=("old-protocol",)))[("door", "imaps 993")] is Verdict.FAIL
    )
    assert set(said_of(look()).values()) == {Verdict.PASS}


def test_old_looks_at_doors_are_unknown():
    """What was found more than an hour ago says nothing about now; no look at all neither."""
    assert set(said_of(look(age=90)).values()) == {Verdict.UNKNOWN}
    assert set(said_of().values()) == {Verdict.UNKNOWN}


def test_rows_have_exactly_the_promised_keys():
    """Programs depend on them."""
    found = autoconfig_of("a.test", {})["autoconfig.a.test"]
    [row] = board_rows.rows([found])
    assert list(row) == [
        "domain", "mechanism", "subject", "verdict", "code", "reason", "evidence", "remedy", "source", "checked_at", "cure",
    ]  # fmt: skip
    assert row["cure"] == [{"name": "autoconfig.a.test", "type": "A", "value": "192.0.2.1", "ttl": 3600}]
    assert row["checked_at"].endswith("+00:00")
    assert replace(found, domain=SERVER).domain == "server"
