"""Block lists (RFC 5782) and names of addresses: what to ask, and what answers mean."""

import pytest

from fakes.told_resolver import ToldResolver
from mailward.model.outside import DnsAnswer
from mailward.standards import dnsbl
from mailward.standards.dnsbl import Listing, ListingState, ListKind
from mailward.standards.reverse_dns import Reverse, looked_up, reverse_name


def said(rcode: str, *records: str) -> DnsAnswer:
    return DnsAnswer("x.bl.test", "A", rcode, records, "told")


def test_what_to_ask() -> None:
    """Addresses are asked for as RFC 5782 writes them, byte by byte or nibble by nibble."""
    assert dnsbl.address_name("192.0.2.99", "bl.test.") == "99.2.0.192.bl.test"
    nibbles = "2.0.0.0.0.0.f.7.f.f.f.f" + ".0" * 20
    assert dnsbl.points_of("bl.test", ListKind.IPV6).listed == f"{nibbles}.bl.test"
    assert dnsbl.points_of("bl.test", ListKind.IPV4).not_listed == "1.0.0.127.bl.test"
    assert dnsbl.points_of("bl.test", ListKind.DOMAIN).listed == "test.bl.test"
    assert dnsbl.domain_name("Example.COM.", "dbl.test") == "example.com.dbl.test"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (said("NXDOMAIN"), ListingState.NOT_LISTED),
        (said("NOERROR"), ListingState.NOT_LISTED),
        (said("NOERROR", "127.0.0.2"), ListingState.LISTED),
        (said("NOERROR", "127.0.0.4", "127.0.0.10"), ListingState.LISTED),
        (said("NOERROR", "127.255.255.252"), ListingState.UNKNOWN),
        (said("NOERROR", "127.255.255.254"), ListingState.UNKNOWN),
        (said("NOERROR", "127.255.255.255"), ListingState.UNKNOWN),
        (said("NOERROR", "127.0.0.1"), ListingState.UNKNOWN),
        (said("NOERROR", "203.0.113.7"), ListingState.UNKNOWN),
        (said("NOERROR", "127.0.0.2", "203.0.113.7"), ListingState.UNKNOWN),
        (said("NOERROR", "nonsense"), ListingState.UNKNOWN),
        (said("SERVFAIL"), ListingState.UNKNOWN),
        (said("REFUSED"), ListingState.UNKNOWN),
        (said("TIMEOUT"), ListingState.UNKNOWN),
    ],
)
def test_what_an_answer_means(answer: DnsAnswer, state: ListingState) -> None:
    """Only a proper code is "listed", only "no such name" is "not listed"; a refusal or a hijacked answer is neither."""
    listing = dnsbl.meaning(answer)
    assert listing.state is state
    assert bool(str(listing.reason)) is (state is ListingState.UNKNOWN)


YES, NO = said("NOERROR", "127.0.0.2"), said("NXDOMAIN")


@pytest.mark.parametrize(
    ("listed", "not_listed", "works"),
    [
        (YES, NO, True),
        (NO, NO, False),  # closed: nothing is on it
        (YES, YES, False),  # closed: everything is on it
        (said("TIMEOUT"), NO, False),
        (YES, said("SERVFAIL"), False),
        (said("NOERROR", "127.255.255.254"), said("NOERROR", "127.255.255.254"), False),
        (said("NOERROR", "203.0.113.7"), said("NOERROR", "203.0.113.7"), False),
        (YES, said("NOERROR", "127.0.0.1"), False),
    ],
)
def test_a_list_that_fails_its_own_test_is_not_believed(listed: DnsAnswer, not_listed: DnsAnswer, works: bool) -> None:
    """Neither a "yes" nor a "no" of a list that is out of order counts."""
    for answer in (YES, NO):
        found = dnsbl.believed(answer, listed, not_listed)
        assert (found == dnsbl.meaning(answer)) if works else (found.state is ListingState.UNKNOWN)
    assert dnsbl.believed(NO, YES, NO) == Listing(ListingState.NOT_LISTED)


def test_names_of_addresses() -> None:
    """The reverse names of both kinds of addresses."""
    assert reverse_name("192.0.2.1") == "1.2.0.192.in-addr.arpa"
    assert reverse_name("2001:db8::1").startswith("1.0.0.0.") and reverse_name("2001:db8::1").endswith(
        ".8.b.d.0.1.0.0.2.ip6.arpa"
    )
    with pytest.raises(ValueError, match="address"):
        reverse_name("mail.example")


PTR = ("1.2.0.192.in-addr.arpa", "PTR")


@pytest.mark.parametrize(
    ("answers", "state", "confirmed"),
    [
        ({PTR: ["Mail.example."], ("mail.example", "A"): ["192.0.2.1"]}, Reverse.CONFIRMED, ("mail.example",)),
        ({PTR: ["a.example.", "b.example."], ("b.example", "A"): ["192.0.2.1"]}, Reverse.CONFIRMED, ("b.example",)),
        ({PTR: ["mail.example."], ("mail.example", "A"): ["192.0.2.2"]}, Reverse.UNCONFIRMED, ()),
        ({PTR: ["mail.example."]}, Reverse.UNCONFIRMED, ()),
        ({PTR: ["mail.example."], ("mail.example", "A"): "TIMEOUT"}, Reverse.UNKNOWN, ()),
        ({}, Reverse.MISSING, ()),
        ({PTR: "SERVFAIL"}, Reverse.UNKNOWN, ()),
    ],
)
def test_whether_a_name_leads_back(answers: dict, state: Reverse, confirmed: tuple[str, ...]) -> None:
    """One name that leads back is enough; silence is never "no"."""
    look = looked_up("192.0.2.1", ToldResolver(answers).query)
    assert (look.state, look.confirmed) == (state, confirmed)
    assert look.answers[0].rdtype == "PTR"
