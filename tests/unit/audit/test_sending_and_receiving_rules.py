"""The board's lines for SPF, MX, rDNS and block lists: each break turns its own line, with its cure."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.still_clock import StillClock
from fakes.told_dialer import ToldDialer
from fakes.told_http import ToldHttp
from fakes.told_resolver import ToldResolver
from mailward.audit.rules import dnsbl, mx, rdns, spf
from mailward.audit.seen import Expected, Here, Seen
from mailward.model.checks import Mechanism
from mailward.model.dns import DnsWish, HomeKind, Record
from mailward.model.verdict import Verdict
from mailward.standards.dnsbl import address_name, points_of
from mailward.standards.reverse_dns import reverse_name

HOST, FOUR, SIX = "mx.host.test", "192.0.2.1", "2001:db8::1"
SPF = f"v=spf1 +a +mx include:_spf.{HOST} ~all"
LIST = "bl.test"
WANTED = (
    Record("a.test", "MX", f"10 {HOST}."),
    Record("a.test", "TXT", SPF),
    Record(HOST, "A", FOUR),
    Record(HOST, "AAAA", SIX),
    Record(HOST, "TXT", "v=spf1 a -all"),
    Record(f"_spf.{HOST}", "TXT", f"v=spf1 ip4:{FOUR} ip6:{SIX} -all"),
)
EXPECTED = Expected(DnsWish("a.test", "a.test", HomeKind.HERE), WANTED, Here(HOST, (FOUR, SIX), dnsbls=(LIST,)))
POINTS = [points_of(LIST, kind) for kind in ("ipv4", "ipv6")]


def published(**changed):
    """DNS as it should be. ``spf``, ``mx``, ``host`` (A), ``ptr``, ``listed`` …: other records, or an rcode."""
    answers = {
        ("a.test", "TXT"): [f'"{SPF}"', '"another=1"'],
        ("a.test", "MX"): [f"10 {HOST}."],
        ("a.test", "A"): [FOUR],
        (HOST, "A"): [FOUR],
        (HOST, "AAAA"): [SIX],
        (HOST, "TXT"): ['"v=spf1 a -all"'],
        (f"_spf.{HOST}", "TXT"): [f'"{WANTED[5].value}"'],
        (reverse_name(FOUR), "PTR"): [f"{HOST}."],
        (reverse_name(SIX), "PTR"): [f"{HOST}."],
        ("other.test", "A"): ["198.51.100.9"],
        ("open.test", "TXT"): ['"v=spf1 ip4:203.0.113.0/24 ~all"'],
        ("loop.test", "TXT"): ['"v=spf1 include:a.test -all"'],
        ("many.test", "TXT"): ['"v=spf1 ' + "a " * 9 + '-all"'],
        ("bad.test", "TXT"): ['"v=spf1 nonsense"'],
        ("slow.test", "TXT"): "TIMEOUT",
        **{(one.listed, "A"): ["127.0.0.2"] for one in POINTS},
    }
    keys = {
        "spf": ("a.test", "TXT"), "mx": ("a.test", "MX"), "host": (HOST, "A"), "ptr": (reverse_name(FOUR), "PTR"),
        "listed": (address_name(FOUR, LIST), "A"), "included": (f"_spf.{HOST}", "TXT"), "proof": (POINTS[0].listed, "A"),
        "proof6": (POINTS[1].listed, "A"), "host6": (HOST, "AAAA"),
    }  # fmt: skip
    for short, value in changed.items():
        answers[keys[short]] = value
    return {key: value for key, value in answers.items() if value}


def looked(rule, answers, expected=EXPECTED):
    seen = Seen(ToldResolver(answers), ToldHttp({}), ToldDialer({}), StillClock())
    lines = rule.judge("a.test", expected, seen)
    for line in lines:
        assert line.reason.template
        assert line.evidence
        assert line.remedy.template or line.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE)
    return lines


def text(value):
    return [f'"{one}"' for one in ([value] if isinstance(value, str) else value)]


@pytest.mark.parametrize(
    ("changed", "code", "verdict", "cure"),
    [
        ({}, "spf-pass", Verdict.PASS, None),
        ({"spf": text(f"v=spf1 include:open.test a mx include:_spf.{HOST} -all")}, "spf-pass", Verdict.PASS, None),
        ({"spf": text("another=1")}, "spf-missing", Verdict.FAIL, SPF),
        ({"spf": []}, "spf-missing", Verdict.FAIL, SPF),
        ({"spf": text([SPF, "v=spf1 include:open.test -all"])}, "spf-two-records", Verdict.FAIL,
         f"v=spf1 +a +mx include:_spf.{HOST} include:open.test ~all"),
        ({"spf": text("v=spf1 a mx inlcude:open.test ~all")}, "spf-broken", Verdict.FAIL, SPF),
        ({"spf": text("v=spf1 include:open.test -all")}, "spf-refuses-us", Verdict.FAIL,
         f"v=spf1 include:open.test +a +mx include:_spf.{HOST} -all"),
        ({"spf": text(f"v=spf1 a mx include:_spf.{HOST} include:many.test ~all")}, "spf-lookups", Verdict.FAIL, SPF),
        ({"spf": text(f"v=spf1 a mx include:_spf.{HOST} include:loop.test ~all")}, "spf-loop", Verdict.FAIL,
         f"v=spf1 a mx include:_spf.{HOST} ~all"),
        ({"spf": text(f"v=spf1 a mx include:_spf.{HOST} include:gone.test ~all")}, "spf-include", Verdict.FAIL,
         f"v=spf1 a mx include:_spf.{HOST} ~all"),
        ({"spf": text(f"v=spf1 a mx include:_spf.{HOST} include:bad.test ~all")}, "spf-include", Verdict.FAIL,
         f"v=spf1 a mx include:_spf.{HOST} ~all"),
        ({"included": []}, "spf-include", Verdict.FAIL, None),
        ({"spf": text(f"v=spf1 a:g1.test a:g2.test a:g3.test a mx include:_spf.{HOST} ~all")}, "spf-error", Verdict.FAIL,
         f"v=spf1 a:g1.test a:g2.test a mx include:_spf.{HOST} ~all"),
        ({"spf": text(f"v=spf1 a mx include:_spf.{HOST} +all")}, "spf-open", Verdict.FAIL,
         f"v=spf1 a mx include:_spf.{HOST} ~all"),
        ({"spf": text(f"v=spf1 a mx include:_spf.{HOST} ?all")}, "spf-neutral", Verdict.WARN,
         f"v=spf1 a mx include:_spf.{HOST} ~all"),
        ({"spf": text(f"v=spf1 a mx include:_spf.{HOST}")}, "spf-neutral", Verdict.WARN,
         f"v=spf1 a mx include:_spf.{HOST} ~all"),
        ({"spf": text("v=spf1 mx -all")}, "spf-lacks", Verdict.WARN, f"v=spf1 mx +a include:_spf.{HOST} -all"),
        ({"spf": text(f"v=spf1 a mx ptr include:_spf.{HOST} -all")}, "spf-ptr", Verdict.WARN, None),
        ({"spf": "SERVFAIL"}, "spf-unknown", Verdict.UNKNOWN, None),
        ({"spf": "TIMEOUT"}, "spf-unknown", Verdict.UNKNOWN, None),
        ({"spf": text(f"v=spf1 a mx include:_spf.{HOST} include:slow.test -all")}, "spf-unknown", Verdict.UNKNOWN, None),
        ({"mx": "REFUSED"}, "spf-unknown", Verdict.UNKNOWN, None),
    ],
)  # fmt: skip
def test_the_line_of_spf(changed, code, verdict, cure):
    """Every state of the record has its code; the cure is a whole record that keeps its owner's terms."""
    changed = {"host6": [SIX], **changed}
    (line,) = looked(spf, published(**changed))
    assert (line.code, line.verdict, line.mechanism, line.subject) == (code, verdict, Mechanism.SPF, "a.test")
    assert [one.value for one in line.cure] == ([cure] if cure else [])
    assert all(one.name == "a.test" and one.rdtype == "TXT" for one in (*line.cure, *line.replaces))
    assert line.evidence[0].name == "a.test"
    if code == "spf-include":  # the answer that it rests on is shown, too
        assert any(not one.records or "nonsense" in one.records[0] for one in line.evidence)
    if cure and code not in ("spf-lookups", "spf-error"):
        (cured,) = looked(spf, published(spf=text(cure)))
        assert cured.verdict is Verdict.PASS


def test_the_servers_own_spf():
    """The record that all domains include, and the one of the server's own name, have their own lines."""
    seen = Seen(ToldResolver(published()), ToldHttp({}), ToldDialer({}), StillClock())
    assert [(one.subject, one.verdict) for one in spf.judge_server(EXPECTED, seen)] == [
        (HOST, Verdict.PASS),
        (f"_spf.{HOST}", Verdict.PASS),
    ]
    broken = published(included=text(f"v=spf1 ip4:{FOUR} -all"))
    seen = Seen(ToldResolver(broken), ToldHttp({}), ToldDialer({}), StillClock())
    _, line = spf.judge_server(EXPECTED, seen)
    assert (line.domain, line.code) == ("server", "spf-refuses-us")
    assert line.cure == (Record(f"_spf.{HOST}", "TXT", f"v=spf1 ip4:{FOUR} ip6:{SIX} -all"),)


@pytest.mark.parametrize(
    ("changed", "code", "verdict", "cure", "replaces"),
    [
        ({}, "mx-pass", Verdict.PASS, (), []),
        ({"mx": []}, "mx-missing", Verdict.FAIL, WANTED[:1], []),
        ({"mx": ["0 ."]}, "mx-null", Verdict.FAIL, WANTED[:1], ["0 ."]),
        ({"mx": ["10 192.0.2.1."]}, "mx-address", Verdict.FAIL, WANTED[:1], ["10 192.0.2.1."]),
        ({"mx": ["10 other.test."]}, "mx-elsewhere", Verdict.FAIL, WANTED[:1], ["10 other.test."]),
        ({"mx": [f"10 {HOST}.", "20 other.test."]}, "mx-also-elsewhere", Verdict.WARN, WANTED[:1], ["20 other.test."]),
        ({"mx": ["10 gone.test."]}, "mx-no-address", Verdict.FAIL, WANTED[:1], ["10 gone.test."]),
        ({"mx": [f"10 {HOST}.", "20 gone.test."]}, "mx-no-address", Verdict.WARN, WANTED[:1], ["20 gone.test."]),
        ({"host": [], "host6": []}, "mx-no-address", Verdict.FAIL, WANTED[2:4], []),
        ({"host": ["198.51.100.9"], "host6": []}, "mx-elsewhere", Verdict.FAIL, WANTED[2:4], ["198.51.100.9"]),
        ({"host": [FOUR, "198.51.100.9"]}, "mx-strange-address", Verdict.WARN, WANTED[2:4], ["198.51.100.9"]),
        ({"mx": "SERVFAIL"}, "mx-unknown", Verdict.UNKNOWN, (), []),
        ({"host": "TIMEOUT", "host6": []}, "mx-unknown", Verdict.UNKNOWN, (), []),
        ({"host6": "TIMEOUT"}, "mx-pass", Verdict.PASS, (), []),
    ],
)
def test_the_line_of_mx(changed, code, verdict, cure, replaces):
    """Where mail goes is judged by addresses; what is wrong names the records that lead it here."""
    (line,) = looked(mx, published(**changed))
    assert (line.code, line.verdict, line.subject) == (code, verdict, "a.test")
    assert line.cure == cure
    assert [one.value for one in line.replaces] == replaces


PTR = Record(reverse_name(FOUR), "PTR", f"{HOST}.")


@pytest.mark.parametrize(
    ("changed", "code", "verdict", "cure"),
    [
        ({}, "rdns-pass", Verdict.PASS, ()),
        ({"ptr": []}, "rdns-missing", Verdict.FAIL, (PTR,)),
        ({"ptr": ["gone.test."]}, "rdns-unconfirmed", Verdict.FAIL, (PTR,)),
        ({"ptr": ["other.test."]}, "rdns-unconfirmed", Verdict.FAIL, (PTR,)),
        ({"host": ["198.51.100.9"]}, "rdns-unconfirmed", Verdict.FAIL, (WANTED[2],)),
        ({"ptr": ["a.test."]}, "rdns-other-name", Verdict.WARN, (PTR,)),
        ({"ptr": "SERVFAIL"}, "rdns-unknown", Verdict.UNKNOWN, ()),
        ({"host": "TIMEOUT"}, "rdns-unknown", Verdict.UNKNOWN, ()),
    ],
)
def test_the_lines_of_rdns(changed, code, verdict, cure):
    """Each address has its line; the other one stays as it was."""
    line, other = looked(rdns, published(**changed))
    assert (line.code, line.verdict, line.subject, line.cure) == (code, verdict, FOUR, cure)
    assert (other.code, other.subject) == ("rdns-pass", SIX)


@pytest.mark.parametrize(
    ("changed", "code", "verdict"),
    [
        ({}, "dnsbl-pass", Verdict.PASS),
        ({"listed": ["127.0.0.3"]}, "dnsbl-listed", Verdict.FAIL),
        ({"listed": ["127.255.255.254"]}, "dnsbl-unknown", Verdict.UNKNOWN),
        ({"listed": ["203.0.113.7"]}, "dnsbl-unknown", Verdict.UNKNOWN),
        ({"listed": "SERVFAIL"}, "dnsbl-unknown", Verdict.UNKNOWN),
        ({"listed": ["127.0.0.3"], "proof": []}, "dnsbl-unknown", Verdict.UNKNOWN),
        ({"proof": []}, "dnsbl-unknown", Verdict.UNKNOWN),
        ({"proof": "TIMEOUT"}, "dnsbl-unknown", Verdict.UNKNOWN),
    ],
)
def test_the_lines_of_block_lists(changed, code, verdict):
    """Only a working list's proper answer is yes or no; the other address stays as it was."""
    line, other = looked(dnsbl, published(**changed))
    assert (line.code, line.verdict, line.subject) == (code, verdict, f"{FOUR} {LIST}")
    assert other.verdict is Verdict.PASS
    assert line.cure == ()


def test_a_list_without_ipv6_is_no_reason_to_worry():
    """A list that works for IPv4 and has nothing at all about IPv6 doesn't apply there; a dead list is unknown."""
    assert [one.code for one in looked(dnsbl, published(proof6=[]))] == ["dnsbl-pass", "dnsbl-ipv4-only"]
    assert [one.code for one in looked(dnsbl, published(proof6=[], proof=[]))] == ["dnsbl-unknown"] * 2


def test_what_nobody_asked_for_is_not_green():
    """Without addresses, or without lists, there is no pass."""
    seen = Seen(ToldResolver(published()), ToldHttp({}), ToldDialer({}), StillClock())
    nowhere = Expected(EXPECTED.wish, WANTED, Here(HOST, (), dnsbls=(LIST,)))
    assert [rule.judge_server(nowhere, seen)[0].verdict for rule in (rdns, dnsbl)] == [Verdict.UNKNOWN] * 2
    unlisted = Expected(EXPECTED.wish, WANTED, Here(HOST, (FOUR,)))
    assert dnsbl.judge_server(unlisted, seen)[0].verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("changed", "turned"),
    [
        ({"spf": text("other=1")}, "spf"),
        ({"mx": ["10 other.test."]}, "mx"),
        ({"ptr": []}, "rdns"),
        ({"listed": ["127.0.0.2"]}, "dnsbl"),
    ],
)
def test_each_break_turns_its_own_line_alone(changed, turned):
    """One broken record, one line that isn't green."""
    rules = {"spf": spf, "mx": mx, "rdns": rdns, "dnsbl": dnsbl}
    bad = [
        name
        for name, rule in rules.items()
        if any(one.verdict is not Verdict.PASS for one in looked(rule, published(**changed)))
    ]
    assert bad == [turned]


@given(st.text(max_size=40), st.sampled_from(["v=spf1 ", "10 ", "0 .", "127.0.0.", "mx."]), st.text(max_size=20))
@settings(max_examples=80, deadline=None)
def test_whatever_dns_says_is_judged(said, start, more):
    """Any record ends in lines with reasons, never in an exception."""
    answers = {key: [start + said, more] for key in published(listed=["x"])}
    for rule in (spf, mx, rdns, dnsbl):
        assert looked(rule, answers)
