"""What DNS must say: made in one place, of what is declared and of nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailward.model.dns import (
    DkimAlgorithm,
    DkimSelector,
    DkimState,
    DnsWish,
    HomeKind,
    MtaStsMode,
    TlsaHash,
    TlsaState,
)
from mailward.model.dns_settings import DnsSettings
from mailward.model.errors import BadInput
from mailward.model.settings import Settings
from mailward.publishing import wanted
from mailward.publishing.wanted import HostFacts
from mailward.steward import new_instance

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SETTINGS: Settings = replace(new_instance.demo(ipv6=True), hostname="mx.host.test", addresses=("192.0.2.1", "2001:db8::1"))
HOST = HostFacts(SETTINGS)
WISH = DnsWish("a.test", "a.test", HomeKind.HERE)


def values(found, name, rdtype):
    return [one.value for one in found if (one.name, one.rdtype) == (name, rdtype)]


def test_a_domain_that_declared_nothing_gets_what_mail_needs():
    """MX, SPF, DMARC, TLS-RPT, addresses and SRV are there; what nobody asked for (CAA, MTA-STS) isn't."""
    found = wanted.records(WISH, HOST)
    assert values(found, "a.test", "MX") == ["10 mx.host.test."]
    assert values(found, "a.test", "TXT") == ["v=spf1 +a +mx include:_spf.mx.host.test ~all"]
    assert values(found, "_dmarc.a.test", "TXT") == ["v=DMARC1; p=quarantine; rua=mailto:reports@mx.host.test"]
    assert values(found, "_smtp._tls.a.test", "TXT") == ["v=TLSRPTv1; rua=mailto:reports@mx.host.test"]
    assert values(found, "mail.a.test", "A") == ["192.0.2.1"]
    assert values(found, "mail.a.test", "AAAA") == ["2001:db8::1"]
    assert values(found, "_submissions._tcp.a.test", "SRV")[0].endswith(" mx.host.test.")
    assert not [one for one in found if one.rdtype == "CAA" or one.name.startswith(("_mta-sts", "mta-sts"))]


def test_what_was_declared_is_said():
    """SPF terms stand before what ends the record; MTA-STS, CAA, testing and an own certificate appear."""
    wish = replace(
        WISH, spf_terms=("include:_spf.example.com", "+mx"), mta_sts=MtaStsMode.TESTING, mta_sts_id="7", caa=("ca.test",),
        dmarc_testing=True, own_certificate=True, tls_rpt=False,
    )  # fmt: skip
    found = wanted.records(wish, HOST)
    assert values(found, "a.test", "TXT") == ["v=spf1 +a +mx include:_spf.mx.host.test include:_spf.example.com ~all"]
    assert values(found, "_mta-sts.a.test", "TXT") == ["v=STSv1; id=7;"]
    assert values(found, "mta-sts.a.test", "A") == ["192.0.2.1"]
    assert values(found, "a.test", "CAA") == ['0 issue "ca.test"']
    assert values(found, "_dmarc.a.test", "TXT")[0].endswith("; t=y")
    assert values(found, "_imaps._tcp.a.test", "SRV")[0].endswith(" mail.a.test.")
    assert not values(found, "_smtp._tls.a.test", "TXT")


def test_a_selector_is_published_from_its_making_until_it_is_gone():
    """Mail that is under way can be verified for as long as the selector retires."""
    keys = tuple(DkimSelector("a.test", s, DkimAlgorithm.ED25519, s, f"v=DKIM1; {s}", NOW, NOW) for s in DkimState)
    found = wanted.records(replace(WISH, dkim=keys), HOST)
    shown = {one.name.partition(".")[0] for one in found if "_domainkey" in one.name}
    assert shown == {"made", "published", "signing", "retiring"}


def test_the_hosts_own_name_takes_reports_and_shows_its_keys():
    """Addresses, MX, SPF, the SPF that domains include, the leave for reports, and the TLSA set with the next key."""
    hashes = tuple(TlsaHash("mx.host.test", s * 3, s, NOW) for s in TlsaState)
    found = wanted.server_records(replace(HOST, tlsa=hashes))
    assert values(found, "mx.host.test", "MX") == ["10 mx.host.test."]
    assert values(found, "_spf.mx.host.test", "TXT") == ["v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"]
    assert values(found, "*._report._dmarc.mx.host.test", "TXT") == ["v=DMARC1"]
    assert len(values(found, "_25._tcp.mx.host.test", "TLSA")) == 4
    assert not any("gone" in one.value for one in found)


def test_a_host_in_its_own_domain_has_one_set_of_addresses():
    """Where the server's name is a label of the domain's, the name's records are made once."""
    settings = replace(SETTINGS, hostname="mail.a.test")
    found = (*wanted.records(WISH, HostFacts(settings)), *wanted.server_records(HostFacts(settings)))
    assert len(found) == len(set(found))


def test_the_world_may_reach_the_host_by_other_addresses():
    """Behind NAT the doors listen on others than DNS says."""
    settings = replace(SETTINGS, dns=DnsSettings(public_addresses=("198.51.100.9",)))
    assert values(wanted.records(WISH, HostFacts(settings)), "a.test", "A") == ["198.51.100.9"]
    with pytest.raises(BadInput):
        wanted.records(WISH, HostFacts(replace(SETTINGS, addresses=("0.0.0.0",))))


def test_an_address_is_written_backwards():
    """rDNS: the PTR record of an address is the host's name (RFC 1035 section 3.5)."""
    assert wanted.reverse("192.0.2.1", "mx.host.test").name == "1.2.0.192.in-addr.arpa"


def test_names_that_are_none_are_refused():
    """Root makes files and updates of names: a blank or a line's end must not come through."""
    for name in ("a b.test", "a\n.test", "..", "a" * 64 + ".test", "*.*.test"):
        with pytest.raises(BadInput):
            wanted.checked([wanted.Record(name, "TXT", "x")])
