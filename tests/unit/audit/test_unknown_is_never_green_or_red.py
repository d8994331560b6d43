"""Every rule of the board, with answers that fail: whatever is cut off by a time-out, SERVFAIL or a refusal, no line turns
green or red because of it."""

from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.still_clock import StillClock
from fakes.told_dialer import ToldDialer
from fakes.told_http import ToldHttp
from fakes.told_resolver import ToldResolver
from mailward.audit.mechanisms import RULES, SERVER_RULES
from mailward.audit.seen import Expected, Here, Seen
from mailward.model.checks import SIX, Mechanism
from mailward.model.dns import DkimAlgorithm, DkimSelector, DkimState, DnsWish, HomeKind, MtaStsMode, Record
from mailward.model.outside import DnsAnswer, HttpAnswer
from mailward.model.verdict import Verdict, worst
from mailward.publishing import wanted
from mailward.publishing.wanted import HostFacts
from mailward.standards import txt
from mailward.steward.new_instance import demo

DOMAIN, LIST = "a.test", "list.test"
FAILURES = ("TIMEOUT", "SERVFAIL", "REFUSED")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.host.test\r\nmax_age: 604800\r\n"


@cache
def world():
    """What ought to be published for a domain and the host, and the answers when all of it is."""
    made = demo(ipv6=False)
    from dataclasses import replace

    made = replace(made, hostname="mx.host.test", addresses=("192.0.2.1",), dns=replace(made.dns, dnsbls=(LIST,)))
    key = DkimSelector(DOMAIN, "m1", DkimAlgorithm.ED25519, DkimState.SIGNING, ED25519, NOW, NOW)
    wish = DnsWish(DOMAIN, DOMAIN, HomeKind.HERE, mta_sts=MtaStsMode.ENFORCE, mta_sts_id="1", caa=("ca.test",), dkim=(key,))
    facts = HostFacts(made)
    here = Here("mx.host.test", ("192.0.2.1",), 25, 443, (LIST,), ("ca.test",))
    own, host = wanted.records(wish, facts), wanted.server_records(facts)
    others = [
        Record(ip_address("192.0.2.1").reverse_pointer, "PTR", "mx.host.test."),
        Record(f"2.0.0.127.{LIST}", "A", "127.0.0.2"),
        Record(f"{DOMAIN}._report._dmarc.mx.host.test", "TXT", "v=DMARC1"),  # what the wildcard answers
    ]
    published = (*own, *host, *others)
    server = DnsWish("mx.host.test", "host.test", HomeKind.HERE)
    return Expected(wish, (*own, *host), here), Expected(server, host, here), published


class Failing(ToldResolver):
    """Answers that fail, by number of the question in the order in which it was first asked."""

    def __init__(self, published, failing=None):
        super().__init__()
        for record in published:
            value = txt.quoted(record.value) if record.rdtype == "TXT" else record.value
            self.answers.setdefault((record.name, record.rdtype), []).append(value)
        self.failing = failing or {}
        self.seen = {}

    def query(self, name, rdtype):
        key = (name.rstrip(".").lower(), rdtype)
        number = self.seen.setdefault(key, len(self.seen))
        if number in self.failing:
            return DnsAnswer(name, rdtype, self.failing[number], (), "told")
        return super().query(name, rdtype)


def judged(published, failing=None, http_fails=False):
    """Of every mechanism, each subject's verdicts; for the domain and the host."""
    domain, server, _ = world()
    found = {}
    jobs = [(("domain", m), lambda seen, r=rule: r(DOMAIN, domain, seen)) for m, rule in RULES.items()]
    jobs += [(("server", m), lambda seen, r=rule: r(server, seen)) for m, rule in SERVER_RULES.items()]
    for (whose, mechanism), job in jobs:
        url = f"https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"
        answer = HttpAnswer(url, 0, "", b"", "timeout") if http_fails else HttpAnswer(url, 200, "text/plain", POLICY)
        seen = Seen(Failing(published, failing), ToldHttp({url: answer}), ToldDialer(), StillClock())
        found[whose, mechanism] = worst([one.verdict for one in job(seen)])
    return found


def is_honest(before, after):
    """What nobody could see is unknown; or what was seen was enough for what is so."""
    return after in (before, Verdict.UNKNOWN) or (before is Verdict.FAIL and after is Verdict.WARN)


BROKEN = st.lists(st.integers(0, 30), max_size=3, unique=True)
FAILING = st.dictionaries(st.integers(0, 25), st.sampled_from(FAILURES), min_size=1, max_size=12)


@settings(max_examples=120, deadline=None)
@given(broken=BROKEN, failing=FAILING, http_fails=st.booleans())
def test_failing_answers_turn_no_line_green_or_red(broken, failing, http_fails):
    """With some records missing and some answers failing: each mechanism is as it would be, or unknown."""
    published = [record for at, record in enumerate(world()[2]) if at not in broken]
    before, after = judged(published), judged(published, failing, http_fails)
    wrong = {what: (before[what].value, after[what].value) for what in before if not is_honest(before[what], after[what])}
    assert not wrong


@pytest.mark.parametrize("rcode", FAILURES)
def test_nothing_is_green_or_red_when_no_answer_comes(rcode):
    """A host that is cut off from DNS sees unknown alone."""
    found = judged(world()[2], dict.fromkeys(range(1000), rcode), http_fails=True)
    assert set(found.values()) <= {Verdict.UNKNOWN, Verdict.NOT_APPLICABLE}


def test_the_whole_world_is_green_on_the_six():
    """The world of these tests is right: every rule of the six that there is passes."""
    found = judged(world()[2])
    assert {m.value: found["domain", m].value for m in SIX if m in RULES} == {m.value: "pass" for m in SIX if m in RULES}


def test_each_missing_record_turns_its_own_mechanism():
    """One record taken away: the mechanisms that change are those it belongs to."""
    before = judged(world()[2])
    for name, rdtype, due in (
        (DOMAIN, "MX", {Mechanism.MX}),
        (f"_dmarc.{DOMAIN}", "TXT", {Mechanism.DMARC}),
        (f"_smtp._tls.{DOMAIN}", "TXT", {Mechanism.TLS_RPT}),
        (f"_imaps._tcp.{DOMAIN}", "SRV", {Mechanism.AUTOCONFIG}),
        (DOMAIN, "TXT", {Mechanism.SPF}),
        (f"m1._domainkey.{DOMAIN}", "TXT", {Mechanism.DKIM} & set(RULES)),
        (ip_address("192.0.2.1").reverse_pointer, "PTR", {Mechanism.RDNS}),
    ):
        left = [record for record in world()[2] if (record.name, record.rdtype) != (name, rdtype)]
        after = judged(left)
        turned = {m for (whose, m), verdict in after.items() if whose == "domain" and verdict is not before[whose, m]}
        assert turned == due, (name, rdtype)
