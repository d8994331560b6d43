"""Our SPF against pyspf (in the environment of development only), on records and zones that hypothesis makes up.

Left out is where pyspf leaves RFC 7208, each with its reason: it counts ``redirect=`` before the mechanisms (so records
with one stay below the limit here), asks for all MX hosts before it compares (so all of them have addresses), calls an
include of the domain itself wrong even behind a match, doesn't know modifiers in capitals, allows an unknown modifier
only once, and leaves an empty local part empty in ``%{s}``.
"""

import ipaddress
import itertools
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.model.outside import DnsAnswer
from mailward.standards.spf import SpfResult, check_host
from mailward.standards.txt import quoted

oracle = pytest.importorskip("spf", reason="pyspf is not installed: it is in the dev extra")

CLIENTS = ("192.0.2.1", "192.0.2.77", "198.51.100.5", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8:1::7")
HOSTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("four.test", "A"): ("192.0.2.1", "203.0.113.9"),
    ("six.test", "AAAA"): ("2001:db8::1",),
    ("both.test", "A"): ("198.51.100.5",),
    ("both.test", "AAAA"): ("2001:db8:1::7",),
    ("m0.test", "A"): ("192.0.2.77",),
    ("m0.test", "AAAA"): ("2001:db8::9",),
    ("one.test", "MX"): ("10 m0.test.",),
    ("two.test", "MX"): ("20 both.test.", "10 m0.test."),
    ("many.test", "MX"): tuple(f"{n} m0.test." for n in range(11)),
    ("1.2.0.192.in-addr.arpa", "PTR"): ("four.test.",),
    ("77.2.0.192.in-addr.arpa", "PTR"): ("mail.d0.test.", "m0.test."),
    ("mail.d0.test", "A"): ("192.0.2.77",),
    ("why.test", "TXT"): ('"%{i} may not send for %{s} (%{L}), see %{d2r}"',),
    ("odd.test", "TXT"): ('"v=spf2 nothing" "else"', '"other"'),
}


@dataclass(frozen=True)
class Zone:
    """HOSTS and the records of one example; names below _x.test exist or not by a sum over the name."""

    policies: dict[str, tuple[str, ...]]

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        plain = re.sub(r"\\(\d{3}|.)", lambda found: chr(int(found[1])) if len(found[1]) == 3 else found[1], name).lower()
        if plain == "slow.test":
            return DnsAnswer(name, rdtype, "TIMEOUT", (), "made up")
        records = HOSTS.get((plain, rdtype), ())
        if rdtype == "TXT":
            records += tuple(quoted(text) for text in self.policies.get(plain, ()))
        if rdtype == "A" and plain.endswith("_x.test") and zlib.crc32(plain.encode()) % 2:
            records = ("127.0.0.2",)
        return DnsAnswer(name, rdtype, "NOERROR" if records else "NXDOMAIN", records, "made up")

    def for_pyspf(self, name: str, qtype: str, *_settings: object) -> Iterator[tuple[tuple[str, str], Any]]:
        answer = self.query(name, qtype)
        if answer.rcode == "TIMEOUT":
            raise oracle.TempError("DNS timeout")
        for record in answer.records:
            yield (name, qtype), _for_pyspf(qtype, record)


def _for_pyspf(qtype: str, record: str) -> Any:
    if qtype == "AAAA":
        return ipaddress.IPv6Address(record).packed
    if qtype == "TXT":
        return tuple(part.encode() for part in re.findall(r'"([^"]*)"', record))
    if qtype == "MX":
        preference, _, exchange = record.partition(" ")
        return int(preference), exchange.rstrip(".")
    return record.rstrip(".")


SIGNS = st.sampled_from(["", "+", "-", "~", "?"])
NAMES = st.sampled_from(
    ["four.test", "six.test", "both.test", "one.test", "two.test", "many.test", "gone.test", "slow.test", "odd.test"]
)
ADDRESSES = st.sampled_from(["192.0.2.1", "192.0.2.0/24", "198.51.100.5/32", "192.0.2.64/26", "0.0.0.0/0"]).map(
    "ip4:".__add__
)
NETWORKS = st.sampled_from(["2001:db8::/32", "2001:db8::1", "2001:DB8:1::/48", "::/0"]).map("ip6:".__add__)
PREFIXES = st.sampled_from(["", "/24", "/0", "//64", "/26//127", "/32//128"])
MACROS = st.sampled_from(
    [
        "%{ir}.%{v}",
        "%{l}",
        "%{l1r-}",
        "%{lr+-}.%{d2}",
        "%{i}",
        "%{o}",
        "%{S}",
        "%{d1}",
        "%{h}",
        "%{dr}",
        "a%%b%_c%-d",
        "%{L2}",
    ]
).map(lambda macro: f"exists:{macro}._x.test")
WRONG = st.sampled_from(
    ["a/33", "mx//129", "ip4:1.2.3", "ip4:192.0.2.1/33", "ip6:192.0.2.1", "ip6:2001:db8::1/129", "exists", "include",
     "all:x", "a:museum", "a:", "mx:/24", "foo", "foo:four.test", "-", "exists:%{x}.test", "a:four.test:25", "ptr/24",
     "a:%{d", "redirect=", "exp=", "ip4", "ip4:", "include:one.test/24"]
)  # fmt: skip


def terms(include: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    asking = st.builds("{}{}:{}{}".format, SIGNS, st.sampled_from(["a", "mx", "A", "Mx"]), NAMES, PREFIXES)
    plain = st.builds("{}{}{}".format, SIGNS, st.sampled_from(["a", "mx"]), PREFIXES)
    signed = st.builds(
        "{}{}".format, SIGNS, ADDRESSES | NETWORKS | MACROS | st.sampled_from(["ptr", "ptr:d0.test"]) | include
    )
    other = st.sampled_from(["all", "-all", "?ALL", "exp=why.test", "exp=gone.test", "x-y=%{d}.z", "exists:gone.test"])
    return st.one_of(asking, plain, signed, signed, other)


def _modifier_or_place() -> Callable[[str], object]:
    """Each modifier once, anything else as often as one likes."""
    places = itertools.count()
    return lambda word: word.partition("=")[0] if "=" in word and ":" not in word else next(places)


@st.composite
def zones(draw: st.DrawFn) -> Zone:
    """Five domains that include each other in any way, with now and then a wrong term or a second record."""
    policies: dict[str, tuple[str, ...]] = {}
    for number in range(5):
        others = [f"include:d{n}.test" for n in range(6) if n != number] + ["include:slow.test", "include:odd.test"]
        words = draw(st.lists(terms(st.sampled_from(others)), max_size=6, unique_by=_modifier_or_place()))
        if draw(st.integers(0, 11)) == 11:
            words.insert(draw(st.integers(0, len(words))), draw(WRONG))
        policies[f"d{number}.test"] = (" ".join(["v=spf1", *words]),) * (2 if draw(st.integers(0, 30)) == 30 else 1)
    return Zone(policies)


@st.composite
def redirecting(draw: st.DrawFn) -> Zone:
    """Few terms that ask, and at the end of each record a redirect to a later domain."""
    policies = {}
    for number in range(4):
        words = draw(st.lists(st.one_of(st.builds("{}{}".format, SIGNS, ADDRESSES | NETWORKS | MACROS)), max_size=2))
        words.append(draw(st.sampled_from(["-all", "?all", "exp=why.test"] + [f"redirect=d{number + 1}.test"] * 5)))
        words += draw(st.sampled_from([[], ["exp=why.test"], ["exp=gone.test"]])) if words[-1] != "exp=why.test" else []
        policies[f"d{number}.test"] = (" ".join(["v=spf1", *words]),)
    return Zone(policies)


SENDERS = st.sampled_from(["user@d0.test", "a-b+c@d0.test", "Jack&Jill=x@D0.test", "x@d1.test"])


def agree(zone: Zone, ip: str, sender: str) -> None:
    domain = sender.rpartition("@")[2]
    oracle.DNSLookup = zone.for_pyspf  # pyspf's own way of being given answers
    query = oracle.query(i=ip, s=sender, h="helo.d0.test", strict=True, querytime=0)
    query.set_default_explanation("DEFAULT")
    wanted, _, explanation = query.check()
    check = check_host(ip, domain, sender, zone, helo="helo.d0.test")
    assert check.result.value == wanted, (check, query.mechanism)
    if check.result is SpfResult.FAIL:
        assert (check.explanation or "DEFAULT") == explanation


@settings(max_examples=150, deadline=None)
@given(zones(), st.sampled_from(CLIENTS), SENDERS)
def test_agrees_on_made_up_zones(zone: Zone, ip: str, sender: str) -> None:
    """For any records, client and sender both come to the same result, and a fail to the same words."""
    agree(zone, ip, sender)


@settings(max_examples=60, deadline=None)
@given(redirecting(), st.sampled_from(CLIENTS), SENDERS)
def test_agrees_where_records_redirect(zone: Zone, ip: str, sender: str) -> None:
    """Redirections and whose explanation counts after them come to the same."""
    agree(zone, ip, sender)
