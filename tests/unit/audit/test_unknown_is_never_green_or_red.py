"""Every rule of the board, with answers that fail: whatever is cut off by a time-out, SERVFAIL or a refusal, no line turns
green or red because of it."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.chains import authority
from fakes.still_clock import StillClock
from fakes.told_dialer import ToldDialer
from fakes.told_http import ToldHttp
from fakes.told_resolver import ToldResolver
from mailward.audit.mechanisms import RULES, SERVER_RULES
from mailward.audit.seen import Expected, Here, Seen
from mailward.model.checks import SIX, Mechanism
from mailward.model.dns import DkimAlgorithm, DkimSelector, DkimState, DnsWish, HomeKind, MtaStsMode, Record
from mailward.model.outside import Dialled, DnsAnswer, HttpAnswer
from mailward.model.verdict import Verdict, worst
from mailward.publishing import wanted
from mailward.publishing.wanted import HostFacts
from mailward.standards import dane, txt
from mailward.steward.new_instance import demo

DOMAIN, HOST, ADDRESS, LIST = "a.test", "mx.host.test", "192.0.2.1", "list.test"
REVERSE = ip_address(ADDRESS).reverse_pointer
FAILURES = ("TIMEOUT", "SERVFAIL", "REFUSED")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
URL = f"https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"
POLICY = f"version: STSv1\r\nmode: enforce\r\nmx: {HOST}\r\nmax_age: 604800\r\n".encode()
HTTP = HttpAnswer(URL, 200, "text/plain", POLICY)


@cache
def world():
    """What is expected of a domain and of the host, all that is published when it is right, and what port 25 shows."""
    made = replace(demo(ipv6=False), hostname=HOST, addresses=(ADDRESS,))
    made = replace(made, dns=replace(made.dns, dnsbls=(LIST,)))
    key = DkimSelector(DOMAIN, "m1", DkimAlgorithm.ED25519, DkimState.SIGNING, ED25519, NOW, NOW)
    wish = DnsWish(DOMAIN, DOMAIN, HomeKind.HERE, mta_sts=MtaStsMode.ENFORCE, mta_sts_id="1", caa=("ca.test",), dkim=(key,))
    leaf = authority().leaf(HOST)
    sha256 = dane.key_of(leaf.der)
    own, host = wanted.records(wish, HostFacts(made)), wanted.server_records(HostFacts(made))
    host = (*host, Record(f"_25._tcp.{HOST}", "TLSA", f"3 1 1 {sha256}"))
    here = Here(HOST, (ADDRESS,), 25, 443, (LIST,), ("ca.test",), (sha256,))
    others = (Record(REVERSE, "PTR", f"{HOST}."), Record(f"2.0.0.127.{LIST}", "A", "127.0.0.2"))
    others = (*others, Record(f"{DOMAIN}._report._dmarc.{HOST}", "TXT", "v=DMARC1"))  # the told resolver knows no wildcards
    soa = tuple(Record(zone, "SOA", "ns. host. 1 1 1 1 1") for zone in (DOMAIN, "host.test"))
    server = DnsWish(HOST, "host.test", HomeKind.HERE)
    return Expected(wish, (*own, *host), here), Expected(server, host, here), (*own, *host, *others, *soa), leaf


class Failing(ToldResolver):
    """Some questions get no answer, by their number in the order in which they were first asked. ``signed``: a validating
    resolver vouches for all others."""

    def __init__(self, published, failing, *, signed):
        super().__init__()
        for record in published:
            value = txt.quoted(record.value) if record.rdtype == "TXT" else record.value
            self.answers.setdefault((record.name, record.rdtype), []).append(value)
        self.failing, self.signed, self.numbers = failing, signed, {}

    def query(self, name, rdtype):
        number = self.numbers.setdefault((name.rstrip(".").lower(), rdtype), len(self.numbers))
        if number in self.failing:
            return DnsAnswer(name, rdtype, self.failing[number], (), "told")
        return replace(super().query(name, rdtype), authentic=self.signed)


def judged(published, failing=None, *, cut_off=False, signed=True):
    """The worst verdict of every mechanism, for the domain and the host. ``cut_off``: no connection comes about."""
    domain, server, _, leaf = world()
    jobs = [("domain", m, lambda seen, rule=rule: rule(DOMAIN, domain, seen)) for m, rule in RULES.items()]
    jobs += [("server", m, lambda seen, rule=rule: rule(server, seen)) for m, rule in SERVER_RULES.items()]
    http = ToldHttp({URL: HttpAnswer(URL, 0, "", b"", "timeout") if cut_off else HTTP})

    def dialled(target):
        return Dialled(target, "timeout", "") if cut_off else Dialled(target, None, "", (leaf.der,), "TLSv1.3")

    found = {}
    for whose, mechanism, job in jobs:
        resolver = Failing(published, failing or {}, signed=signed)
        seen = Seen(resolver, http, ToldDialer(dialled), StillClock(NOW))
        found[whose, mechanism] = worst([one.verdict for one in job(seen)])
    return found


def is_honest(before, after):
    """What nobody could see is unknown; or what was seen was enough for what is so."""
    return after in (before, Verdict.UNKNOWN) or (before is Verdict.FAIL and after is Verdict.WARN)


BROKEN = st.lists(st.integers(0, 33), max_size=3, unique=True)
FAILING = st.dictionaries(st.integers(0, 25), st.sampled_from(FAILURES), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(broken=BROKEN, failing=FAILING, cut_off=st.booleans(), signed=st.booleans())
def test_failing_answers_turn_no_line_green_or_red(broken, failing, cut_off, signed):
    """With some records missing and some answers failing: each mechanism is as it would be, or unknown."""
    published = [record for at, record in enumerate(world()[2]) if at not in broken]
    before = judged(published, signed=signed)
    after = judged(published, failing, cut_off=cut_off, signed=signed)
    wrong = {what: (before[what].value, after[what].value) for what in before if not is_honest(before[what], after[what])}
    assert not wrong


@pytest.mark.parametrize("rcode", FAILURES)
def test_nothing_is_green_or_red_when_no_answer_comes(rcode):
    """A host that is cut off from DNS sees unknown alone."""
    found = judged(world()[2], dict.fromkeys(range(1000), rcode), cut_off=True)
    assert set(found.values()) <= {Verdict.UNKNOWN, Verdict.NOT_APPLICABLE}


def test_the_world_of_these_tests_is_right():
    """Everything passes: the six, and all others."""
    assert {m for m in SIX if m not in RULES} == set()
    assert {what: verdict for what, verdict in judged(world()[2]).items() if verdict is not Verdict.PASS} == {}


@pytest.mark.parametrize(
    ("name", "rdtype", "mechanism"),
    [
        (DOMAIN, "MX", Mechanism.MX),
        (DOMAIN, "TXT", Mechanism.SPF),
        (f"m1._domainkey.{DOMAIN}", "TXT", Mechanism.DKIM),
        (f"_dmarc.{DOMAIN}", "TXT", Mechanism.DMARC),
        (REVERSE, "PTR", Mechanism.RDNS),
        (f"_mta-sts.{DOMAIN}", "TXT", Mechanism.MTA_STS),
        (f"_smtp._tls.{DOMAIN}", "TXT", Mechanism.TLS_RPT),
        (DOMAIN, "CAA", Mechanism.CAA),
        (f"_25._tcp.{HOST}", "TLSA", Mechanism.DANE),
        (f"_imaps._tcp.{DOMAIN}", "SRV", Mechanism.AUTOCONFIG),
    ],
)
def test_each_missing_record_turns_its_own_line_alone(name, rdtype, mechanism):
    """One record taken away: its mechanism turns, and no other."""
    before = judged(world()[2])
    after = judged([record for record in world()[2] if (record.name, record.rdtype) != (name, rdtype)])
    assert {m for (whose, m), verdict in after.items() if whose == "domain" and verdict is not before[whose, m]} == {
        mechanism
    }
