"""SPF records: what can be read, what is refused and why, what is added, and how many lookups it takes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.told_resolver import ToldResolver
from mailward.model.outside import DnsAnswer
from mailward.standards import spf


@pytest.mark.parametrize(
    ("text", "term", "reason"),
    [
        ("v=spf10 -all", "", "does not begin"),
        ("v=spf1\t-all", "", "does not begin"),
        ("v=spf1 -all:x", "-all:x", "nothing may follow"),
        ("v=spf1 include", "include", "needs a domain"),
        ("v=spf1 ip4:1.2.3", "ip4:1.2.3", "no IPv4 address"),
        ("v=spf1 ip4:1.2.3.4/33", "ip4:1.2.3.4/33", "from 0 to 32"),
        ("v=spf1 ip4:1.2.3.4/08", "ip4:1.2.3.4/08", "from 0 to 32"),
        ("v=spf1 ip6:fe80::1%eth0", "ip6:fe80::1%eth0", "no IPv6 address"),
        ("v=spf1 a:example.com:80", "a:example.com:80", "no domain name"),
        ("v=spf1 a//129", "a//129", "from 0 to 128"),
        ("v=spf1 mail.example.com", "mail.example.com", "no such mechanism"),
        ("v=spf1 exists:%{d0}.x.com", "exists:%{d0}.x.com", "no macro"),
        ("v=spf1 exists:%{t}.x.com", "exists:%{t}.x.com", "no macro"),
        ("v=spf1 redirect=a.com redirect=b.com", "redirect=b.com", "only once"),
        ("v=spf1 a é -all", "é", "ASCII"),
        ("v=spf1 exists:%%-", "exists:%%-", "no domain name"),
    ],
)
def test_a_wrong_record_is_refused_with_its_term(text: str, term: str, reason: str) -> None:
    """Whoever reads the error finds the word to change in their own record."""
    with pytest.raises(spf.SpfError, match=reason) as refused:
        spf.parse(text)
    assert refused.value.term == term


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text("v=spf1aiptmx:/.%{}~-?+ 0123\r", max_size=60)).map("v=spf1 ".__add__))
def test_reading_raises_nothing_but_its_own_error(text: str) -> None:
    """Whatever a stranger publishes, it is a record or an SpfError; a record's own text reads back the same."""
    try:
        record = spf.parse(text)
    except spf.SpfError:
        return
    assert spf.parse(str(record)) == record


NEEDED = ("+a", "+mx", "include:_spf.host.example", "~all")


@pytest.mark.parametrize(
    ("record", "merged"),
    [
        (None, "v=spf1 +a +mx include:_spf.host.example ~all"),
        ("v=spf1 -all", "v=spf1 +a +mx include:_spf.host.example -all"),
        ("v=spf1 mx include:other.example ?all", "v=spf1 mx include:other.example +a include:_spf.host.example ?all"),
        ("v=spf1 INCLUDE:_SPF.host.example. a mx ~all", "v=spf1 INCLUDE:_SPF.host.example. a mx ~all"),
        ("v=spf1 -a -all", "v=spf1 +a -a +mx include:_spf.host.example -all"),
        ("v=spf1 a mx redirect=x.example", "v=spf1 a mx include:_spf.host.example redirect=x.example"),
        ("v=spf1 a exp=why.example mx", "v=spf1 a exp=why.example mx include:_spf.host.example ~all"),
        ("v=spf1 a -all mx", "v=spf1 a +mx include:_spf.host.example -all mx"),
    ],
)
def test_a_record_is_completed_and_stays_its_owners(record: str | None, merged: str) -> None:
    """What is needed comes before all, once; what was there stays, in its order and spelling; nothing is flattened."""
    assert spf.merge(record, NEEDED) == merged
    assert spf.merge(merged, NEEDED) == merged
    assert all(spf.holds(merged, term) for term in NEEDED[:3])


def test_a_record_that_cant_be_read_is_not_completed() -> None:
    """A broken record is its owner's to mend: nothing is written over it."""
    with pytest.raises(spf.SpfError):
        spf.merge("v=spf1 a:: -all", NEEDED)


def zone(**records: str) -> ToldResolver:
    return ToldResolver({(f"{name}.example", "TXT"): [f'"{text}"'] for name, text in records.items()})


def test_a_forecast_counts_what_is_below() -> None:
    """Each term tells what it takes with all that it leads to, and the sum is what receivers count at worst."""
    told = zone(a="v=spf1 mx include:b.example ip4:192.0.2.1 -all", b="v=spf1 a ptr redirect=c.example", c="v=spf1 mx -all")
    found = spf.forecast("a.example", told)
    assert (found.lookups, found.known, found.too_many) == (6, True, False)
    assert [(line.depth, line.term, line.lookups) for line in found.lines] == [
        (0, "mx", 1),
        (0, "include:b.example", 5),
        (1, "a", 1),
        (1, "ptr", 1),
        (1, "redirect=c.example", 2),
        (2, "mx", 1),
    ]
    check = spf.check_host("192.0.2.9", "a.example", "x@a.example", told)
    assert check.result in (spf.SpfResult.FAIL, spf.SpfResult.PERMERROR)  # the voids end it sooner


def test_a_forecast_of_a_record_that_isnt_published_yet() -> None:
    """A merged record is counted before anybody publishes it."""
    found = spf.forecast("new.example", zone(h="v=spf1 a -all"), record="v=spf1 " + "a " * 9 + "include:h.example ~all")
    assert found.lookups == 11
    assert found.too_many


def test_a_forecast_finds_loops() -> None:
    """Two records that include each other are told as the loop they are, and counting ends."""
    found = spf.forecast("a.example", zone(a="v=spf1 include:b.example -all", b="v=spf1 include:a.example -all"))
    assert found.loops == ("a.example > b.example > a.example",)


@pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL", "REFUSED"])
def test_a_forecast_that_cant_see_says_so(rcode: str) -> None:
    """An answer that didn't come makes the count a lower bound, with the reason."""
    told = zone(a="v=spf1 include:b.example mx -all")
    told.answers["b.example", "TXT"] = rcode
    found = spf.forecast("a.example", told)
    assert (found.known, found.lookups, found.lines[0].problem) == (False, 2, "unknown")
    assert rcode in found.unknown[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("include:none.example", "no-record"),
        ("include:bad.example", "wrong-record"),
        ("include:%{o}", "depends-on-message"),
    ],
)
def test_a_forecast_tells_what_receivers_will_stumble_over(text: str, problem: str) -> None:
    """An include of a domain without a readable record is told with its term."""
    found = spf.forecast("a.example", zone(a=f"v=spf1 {text} -all", bad="v=spf1 nonsense"))
    assert found.lines[0].problem == problem


def test_a_forecast_ends_with_any_records() -> None:
    """Records that include each other many times over cost a bounded number of lines."""
    many = {f"d{n}": "v=spf1 " + f"include:d{n + 1}.example " * 30 + "-all" for n in range(12)}
    found = spf.forecast("d0.example", zone(**many))
    assert found.cut
    assert found.too_many
    assert len(found.lines) <= 200


class Anything:
    """A resolver that gives the same records, whatever they are, to every question."""

    def __init__(self, rcode: str, records: list[str]) -> None:
        self.rcode, self.records, self.asked = rcode, records, 0

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        self.asked += 1
        return DnsAnswer(name, rdtype, self.rcode, tuple(self.records), "any")


TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["10 a.test.", "0 .", "192.0.2.1", "2001:db8::1", "a.test.", '"%{p}.%{s}"']),
    st.text("%{}slodiphvr1.- :/ateinclud=", max_size=40).map(lambda more: f'"v=spf1 {more}"'),
    st.sampled_from(["include:%{d}.a.test", "mx ptr a -all exp=%{p}.a.test", "redirect=%{p}.a.test"]).map(
        '"v=spf1 {}"'.format
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["NOERROR", "NOERROR", "NXDOMAIN", "SERVFAIL"]),
    st.lists(TEXTS, max_size=12),
    st.text(max_size=30),
    st.sampled_from(["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0"]),
)
def test_a_check_ends_whatever_dns_says(rcode: str, records: list[str], sender: str, ip: str) -> None:
    """Any records and any sender end in one of the seven results, after a bounded number of questions."""
    told = Anything(rcode, records)
    check = spf.check_host(ip, sender.rpartition("@")[2] or "a.test", sender, told, helo=sender)
    assert isinstance(check.result, spf.SpfResult)
    assert check.lookups <= spf.MOST_LOOKUPS + 1
    assert told.asked <= 200
    spf.forecast("a.test", told)
    assert told.asked <= 500


def test_what_a_check_tells() -> None:
    """A check says which term decided, in whose words, what it took, and each step on the way."""
    told = zone(a="v=spf1 include:b.example -all exp=why.example", b="v=spf1 ip4:192.0.2.0/24 -all", why="%{i} is not ours")
    check = spf.check_host("198.51.100.7", "a.example", "x@a.example", told)
    assert (check.result, check.term, check.explanation) == (spf.SpfResult.FAIL, "-all", "198.51.100.7 is not ours")
    assert (check.lookups, check.void_lookups, check.record) == (1, 0, "v=spf1 include:b.example -all exp=why.example")
    assert [tuple(step) for step in check.trace] == [
        ("b.example", "ip4:192.0.2.0/24", "no match"),
        ("b.example", "-all", "match"),
        ("a.example", "include:b.example", "no match"),
        ("a.example", "-all", "match"),
    ]
    assert spf.check_host("192.0.2.9", "a.example", "x@a.example", told).term == "include:b.example"


@pytest.mark.parametrize("domain", ["localhost", "a..example", "x" * 64 + ".example", "[192.0.2.1]", "", "é" * 300])
def test_a_domain_that_cant_be_asked_for_has_no_policy(domain: str) -> None:
    """RFC 7208 section 4.3: none, with the reason, and no question."""
    told = zone()
    check = spf.check_host("192.0.2.1", domain, f"x@{domain}", told)
    assert (check.result, told.asked) == (spf.SpfResult.NONE, [])
    assert check.problem
