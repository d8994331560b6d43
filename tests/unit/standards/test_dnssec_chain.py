"""A chain of DNSSEC explained: secure to the end, or where it broke."""

from collections.abc import Callable
from datetime import UTC, datetime

import dns.dnssec
import dns.name
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.model.errors import BadInput
from mailward.model.outside import DnsAnswer
from mailward.standards import dnssec
from mailward.standards.dnssec import Security

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOA = "ns.test. root.test. 1 60 60 60 30"


class Tree:
    """Signed zones: each has one key, and its parent holds the DS."""

    def __init__(self, *zones: str, begins: int = -3600, ends: int = 3600) -> None:
        self.answers: dict[tuple[str, str], DnsAnswer] = {}
        self.keys = {zone: ec.generate_private_key(ec.SECP256R1()) for zone in zones}
        self.span = NOW.timestamp() + begins, NOW.timestamp() + ends
        self.dnskeys = {
            zone: dns.dnssec.make_dnskey(key.public_key(), "ECDSAP256SHA256", flags=257).to_text()
            for zone, key in self.keys.items()
        }
        for zone in zones:
            self.tell(zone, "DNSKEY", [self.dnskeys[zone]], zone)
            self.tell(zone, "SOA", [SOA], zone)
            parent = next((other for other in zones if zone != other and zone.endswith(f".{other}")), None)
            if parent is not None:
                self.tell(zone, "DS", [dnssec.ds_of(zone, self.dnskeys[zone])], parent)

    def tell(self, name: str, rdtype: str, records: list[str], signer: str | None) -> None:
        signatures: tuple[str, ...] = ()
        if signer is not None:
            rrset = dns.rrset.from_text_list(f"{name}.", 60, "IN", rdtype, records)
            key = self.keys[signer]
            dnskey = dns.dnssec.make_dnskey(key.public_key(), "ECDSAP256SHA256", flags=257)
            made = dns.dnssec.sign(
                rrset, key, dns.name.from_text(signer), dnskey, inception=self.span[0], expiration=self.span[1]
            )
            signatures = (made.to_text(),)
        self.answers[name, rdtype] = DnsAnswer(name, rdtype, "NOERROR", tuple(records), "told", signatures=signatures)

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        return self.answers.get((name, rdtype), DnsAnswer(name, rdtype, "NOERROR", (), "told"))

    def explained(self, zone: str = "a.test") -> dnssec.Chain:
        return dnssec.explain(zone, self, NOW, {"test": (dnssec.ds_of("test", self.dnskeys["test"]),)})


def test_a_whole_chain_is_secure() -> None:
    """From the anchor to the zone, and to a name inside it; each zone is a link."""
    tree = Tree("a.test", "test")
    chain = tree.explained()
    assert (chain.security, chain.broke_at) == (Security.SECURE, None)
    assert [link.zone for link in chain.links] == ["test", "a.test"]
    assert tree.explained("www.a.test").security is Security.SECURE
    assert tree.explained("test").security is Security.SECURE


def no_ds(tree: Tree) -> None:
    del tree.answers["a.test", "DS"]


def other_key(tree: Tree) -> None:
    tree.keys["a.test"] = ec.generate_private_key(ec.SECP256R1())
    made = dns.dnssec.make_dnskey(tree.keys["a.test"].public_key(), "ECDSAP256SHA256", flags=257).to_text()
    tree.tell("a.test", "DNSKEY", [made], "a.test")


def unsigned_data(tree: Tree) -> None:
    tree.tell("a.test", "SOA", [SOA], None)


def changed_data(tree: Tree) -> None:
    signed = tree.answers["a.test", "SOA"]
    tree.answers["a.test", "SOA"] = DnsAnswer(
        "a.test", "SOA", "NOERROR", (SOA.replace(" 1 ", " 2 "),), "told", signatures=signed.signatures
    )


def no_keys(tree: Tree) -> None:
    del tree.answers["a.test", "DNSKEY"]


def unsigned_ds(tree: Tree) -> None:
    tree.tell("a.test", "DS", list(tree.answers["a.test", "DS"].records), None)


def silence(tree: Tree) -> None:
    tree.answers["a.test", "DNSKEY"] = DnsAnswer("a.test", "DNSKEY", "TIMEOUT", (), "told")


def odd_records(tree: Tree) -> None:
    tree.tell("a.test", "DS", ["what 13 2 ab"], None)


@pytest.mark.parametrize(
    ("change", "security", "words"),
    [
        (no_ds, Security.INSECURE, "no DS record"),
        (other_key, Security.BOGUS, "vouches for"),
        (unsigned_data, Security.BOGUS, "are not signed"),
        (changed_data, Security.BOGUS, "doesn't fit"),
        (no_keys, Security.BOGUS, "it has none"),
        (unsigned_ds, Security.BOGUS, "are not signed"),
        (silence, Security.UNKNOWN, "TIMEOUT"),
        (odd_records, Security.BOGUS, "can't be read"),
    ],
)
def test_it_says_where_it_broke(change: Callable[[Tree], None], security: Security, words: str) -> None:
    """Each break is its own, at its own zone, in words; silence is unknown."""
    tree = Tree("a.test", "test")
    change(tree)
    chain = tree.explained()
    assert (chain.security, chain.broke_at) == (security, "a.test")
    assert words in str(chain.links[-1].said)


@pytest.mark.parametrize(("begins", "ends", "words"), [(-99, -9, "has expired"), (9, 99, "not valid yet")])
def test_signatures_have_their_time(begins: int, ends: int, words: str) -> None:
    """An expired signature is bogus, whatever it signs."""
    chain = Tree("a.test", "test", begins=begins, ends=ends).explained()
    assert chain.security is Security.BOGUS
    assert words in str(chain.links[-1].said)


def test_without_an_anchor_nobody_knows() -> None:
    """A name above which nothing is trusted is unknown, not insecure."""
    assert Tree("a.test", "test").explained("b.example").security is Security.UNKNOWN


def test_the_ds_of_a_key_is_dnspythons() -> None:
    """What the parent needs is made from the DNSKEY; what is none is refused; keys that don't count are left out."""
    tree = Tree("a.test", "test")
    key = dns.rrset.from_text("a.test.", 60, "IN", "DNSKEY", tree.dnskeys["a.test"])[0]
    assert dnssec.ds_of("a.test.", tree.dnskeys["a.test"]) == dns.dnssec.make_ds("a.test.", key, "SHA256").to_text()
    with pytest.raises(BadInput):
        dnssec.ds_of("a.test", "257 3 13 !")
    zone_key, revoked = tree.dnskeys["test"].replace("257 ", "256 "), tree.dnskeys["test"].replace("257 ", "385 ")
    assert dnssec.entry_keys([tree.dnskeys["test"], zone_key, revoked]) == (tree.dnskeys["test"],)


def test_anchors_are_read_from_a_file() -> None:
    """DS records by zone, as a demo's anchors file has them; the rest is passed over."""
    text = "; a note\ntest. IN DS 1 13 2 ab\ntest. 60 IN DS 2 13 2 cd\nb.test. IN DNSKEY x\n. IN DS 3 8 2 ef\n"
    assert dnssec.anchors_of(text) == {"test": ("1 13 2 ab", "2 13 2 cd"), "": ("3 8 2 ef",)}


class Anything:
    """A resolver whose every answer is the same."""

    def __init__(self, records: tuple[str, ...], signatures: tuple[str, ...]) -> None:
        self.records, self.signatures, self.asked = records, signatures, 0

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        self.asked += 1
        return DnsAnswer(name, rdtype, "NOERROR", self.records, "told", signatures=self.signatures)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.lists(st.text(max_size=50), max_size=4), st.lists(st.text(max_size=50), max_size=4))
def test_whatever_dns_says_there_is_an_end(zone: str, records: list[str], signatures: list[str]) -> None:
    """Any name, any record: a chain that isn't secure, after few questions."""
    told = Anything(tuple(records), tuple(signatures))
    assert dnssec.explain(zone, told, NOW).security is not Security.SECURE
    assert told.asked < 100
