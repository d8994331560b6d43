"""What a place of zones promises (model.zones.ZoneHome): the fake, our Knot, PowerDNS, and that by dns-lexicon."""

from collections.abc import Iterator

import pytest

from fakes.memory_zone import MemoryZoneHome
from fakes.told_resolver import MemoryDnsUpdates
from knot_lab import free_port, knot_lab
from mailward.host.dns_update import Rfc2136
from mailward.host.zone_lexicon import LexiconHome
from mailward.host.zone_powerdns import PowerDnsHome
from mailward.host.zone_rfc2136 import Rfc2136Home
from mailward.model.errors import NotPossible
from mailward.model.zones import RecordSet, ZoneHome
from powerdns_lab import KEY, make_zone, powerdns

PLACES = ["memory", *(pytest.param(name, marks=pytest.mark.real) for name in ("knot", "powerdns"))]


@pytest.fixture(scope="module")
def knot_place() -> Iterator[ZoneHome]:
    with knot_lab() as lab:
        lab.put_zone("a.test")
        yield lab.home


@pytest.fixture(scope="module")
def pdns() -> Iterator[str]:
    with powerdns() as (url, _):
        yield url


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> ZoneHome:
    if request.param == "knot":
        made: ZoneHome = request.getfixturevalue("knot_place")
        return made
    if request.param == "powerdns":
        return PowerDnsHome(request.getfixturevalue("pdns"), KEY)
    return MemoryZoneHome(MemoryDnsUpdates())


def held(place: ZoneHome, zone: str = "a.test") -> dict[tuple[str, str], tuple[str, ...]]:
    return {(one.name, one.rdtype): one.values for one in place.read(zone) if one.rdtype != "NS"}


def wipe(place: ZoneHome) -> None:
    place.replace("a.test", [RecordSet(*key, ()) for key in held(place)])


def test_sets_come_change_and_go(place: ZoneHome) -> None:
    """What is replaced is exactly that; the neighbours stay; many sets go in one call."""
    wipe(place)
    long = " ".join(f'"{part * 200}"' for part in "ab")
    place.replace(
        "a.test",
        [
            RecordSet("a.test", "MX", ("10 mx.host.test.",)),
            RecordSet("a.test", "TXT", ('"v=spf1 -all"', '"a \\"quoted\\" one"')),
            RecordSet("k._domainkey.a.test", "TXT", (long,)),
            RecordSet("_25._tcp.mx.a.test", "TLSA", ("3 1 1 " + "ab" * 32,)),
            RecordSet("_imaps._tcp.a.test", "SRV", ("0 1 993 mx.host.test.",)),
            RecordSet("a.test", "CAA", ('0 issue "ca.test"',)),
        ],
    )
    assert held(place)["k._domainkey.a.test", "TXT"] == (long,)
    assert held(place)["a.test", "TXT"] == ('"a \\"quoted\\" one"', '"v=spf1 -all"')
    place.replace("a.test", [RecordSet("a.test", "MX", ("5 b.host.test.",)), RecordSet("a.test", "CAA", ())])
    now = held(place)
    assert now["a.test", "MX"] == ("5 b.host.test.",)
    assert ("a.test", "CAA") not in now and len(now) == 5


def test_an_alias_makes_way_in_one_step(place: ZoneHome) -> None:
    """A CNAME goes and what takes its place comes with the same call."""
    wipe(place)
    place.replace("a.test", [RecordSet("mail.a.test", "CNAME", ("elsewhere.test.",))])
    place.replace("a.test", [RecordSet("mail.a.test", "A", ("192.0.2.1",)), RecordSet("mail.a.test", "CNAME", ())])
    assert held(place) == {("mail.a.test", "A"): ("192.0.2.1",)}


@pytest.mark.real
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_dns_lexicon_keeps_the_same_promises(pdns: str) -> None:
    """The optional extra, over a provider that it knows: a set is made right, and never empty in between."""
    pytest.importorskip("lexicon", reason="the extra mailward[lexicon] is not installed")
    from urllib.parse import urlsplit

    parts = urlsplit(pdns)
    options = {"auth_token": KEY, "pdns_server": f"http://{parts.netloc}", "pdns_server_id": "localhost"}
    options["pdns_disable_notify"] = "true"
    place = LexiconHome("powerdns", options)
    make_zone(pdns, "example.org")  # lexicon asks the list of public suffixes what a zone is
    place.replace(
        "example.org",
        [RecordSet("x.example.org", "TXT", ('"one"', '"two"')), RecordSet("example.org", "MX", ("10 mx.host.test.",))],
    )
    place.replace("example.org", [RecordSet("x.example.org", "TXT", ('"two"', '"three"'))])
    there = held(PowerDnsHome(pdns, KEY), "example.org")
    assert there["x.example.org", "TXT"] == ('"three"', '"two"')
    assert there["example.org", "MX"] == ("10 mx.host.test.",)
    assert held(place, "example.org")["x.example.org", "TXT"] == ('"three"', '"two"')


@pytest.mark.real
def test_a_refusal_says_why_and_shows_no_secret(pdns: str) -> None:
    """A wrong key, an unknown zone and a silent server become one reason each, without the key."""
    wrong = PowerDnsHome(pdns, "wrong-key-as-it-happens")
    silent = PowerDnsHome(f"http://127.0.0.1:{free_port()}", KEY)
    with knot_lab() as lab:
        lab.put_zone("a.test")
        stranger = Rfc2136Home(lab.server, Rfc2136(lab.server, "mailward", b"d3Jvbmc="))
        for place, zone in (
            (wrong, "a.test"),
            (PowerDnsHome(pdns, KEY), "b.test"),
            (silent, "a.test"),
            (stranger, "a.test"),
        ):
            for ask in (
                lambda p=place, z=zone: p.read(z),
                lambda p=place, z=zone: p.replace(z, [RecordSet(f"x.{z}", "TXT", ('"x"',))]),
            ):
                with pytest.raises(NotPossible) as caught:
                    ask()
                told = f"{caught.value.what} {caught.value!r} {place!r}"
                assert KEY not in told and "wrong-key" not in told and "d3Jvbmc" not in told
