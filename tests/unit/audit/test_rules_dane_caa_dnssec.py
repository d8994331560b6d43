"""DANE, CAA, DNSSEC and contradictions: each state of the world turns its own line, with the record that cures it."""

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fakes import papers
from fakes.still_clock import StillClock
from fakes.told_dialer import ToldDialer
from fakes.told_http import ToldHttp
from mailward.audit.rules import caa, contradictions, dane, dnssec
from mailward.audit.seen import Expected, Here, Remembering, Seen
from mailward.model.dns import DnsWish, HomeKind, Record
from mailward.model.outside import Dialled, DnsAnswer, HttpAnswer
from mailward.model.verdict import Verdict

HOST, OWNER = "mx.host.test", "_25._tcp.mx.host.test"
LEAF, OTHER = papers.leaf(HOST), papers.leaf("other.test")
KEY = sha256(LEAF.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
GOOD, WRONG = f"3 1 1 {KEY}", f"3 1 1 {'ab' * 32}"
HERE = Here(HOST, ("192.0.2.1",), smtp_port=2525, ca_issuers=("ca.test",), tlsa=(KEY,), tlsa_set=(KEY,))
DNSKEY = "257 3 13 " + "A" * 86 + "=="
BASE = {("a.test", "MX"): [f"10 {HOST}."], (HOST, "A"): ["192.0.2.1"], ("a.test", "SOA"): ["ns. root. 1 1 1 1 1"]}


class Told:
    """Answers as told: records, or an rcode; all of them authentic, or none. What nobody told is empty."""

    def __init__(self, answers, *, authentic: bool = True) -> None:
        self.answers, self.authentic = answers, authentic

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        said = self.answers.get((name, rdtype), [])
        if isinstance(said, str):
            return DnsAnswer(name, rdtype, said, (), "told")
        return DnsAnswer(name, rdtype, "NOERROR", tuple(said), "told", self.authentic)


def seeing(answers, *, leaf=LEAF, trouble=None, authentic=True, policy=None, unchecked=None) -> Seen:
    chain = (leaf.certificate.public_bytes(Encoding.DER),)
    dialer = ToldDialer(lambda target: Dialled(target, trouble, "told", () if trouble else chain))
    url = "https://mta-sts.a.test/.well-known/mta-sts.txt"
    http = ToldHttp({url: HttpAnswer(url, 200, "text/plain", policy)} if policy else {})
    return Seen(Told({**BASE, **answers}, authentic=authentic), http, dialer, StillClock(), "told", unchecked=unchecked)


def expected(*wanted: Record, here: Here = HERE) -> Expected:
    return Expected(DnsWish("a.test", "a.test", HomeKind.HERE), wanted, here)


@pytest.mark.parametrize(
    ("answers", "more", "verdict", "code"),
    [
        ({(OWNER, "TLSA"): [GOOD]}, {}, Verdict.PASS, "dane-pass"),
        ({(OWNER, "TLSA"): [WRONG, GOOD]}, {}, Verdict.PASS, "dane-pass"),
        ({}, {}, Verdict.WARN, "dane-missing"),
        ({}, {"authentic": False}, Verdict.NOT_APPLICABLE, "dane-not-signed"),
        ({(OWNER, "TLSA"): [GOOD]}, {"authentic": False}, Verdict.WARN, "dane-unsigned"),
        ({(OWNER, "TLSA"): [WRONG]}, {}, Verdict.FAIL, "dane-differs"),
        ({(OWNER, "TLSA"): [GOOD]}, {"leaf": OTHER}, Verdict.FAIL, "dane-differs"),
        ({(OWNER, "TLSA"): [f"1 1 1 {KEY}"]}, {}, Verdict.FAIL, "dane-unusable"),
        ({(OWNER, "TLSA"): [GOOD]}, {"trouble": "starttls-missing"}, Verdict.FAIL, "dane-no-starttls"),
        ({(OWNER, "TLSA"): [GOOD]}, {"trouble": "timeout"}, Verdict.UNKNOWN, "dane-not-met"),
        ({(OWNER, "TLSA"): "SERVFAIL"}, {}, Verdict.UNKNOWN, "dane-unknown"),
        ({("a.test", "MX"): "TIMEOUT"}, {}, Verdict.UNKNOWN, "dane-unknown"),
        ({("a.test", "MX"): []}, {}, Verdict.NOT_APPLICABLE, "dane-no-host"),
    ],
)
def test_dane(answers, more, verdict, code) -> None:
    """The published keys against the served one; silence and refused connections are unknown."""
    (found,) = dane.judge("a.test", expected(), seeing(answers, **more))
    assert (found.verdict, found.code) == (verdict, code)
    if code in ("dane-missing", "dane-differs", "dane-unusable"):
        assert [record.value for record in found.cure] == [GOOD]
    if code == "dane-differs" and not more:
        assert [record.value for record in found.replaces] == [WRONG]


@pytest.mark.parametrize("leads", [["10 elsewhere.test."], [], ["10 elsewhere.test.", f"20 {HOST}."]])
def test_mail_that_is_led_elsewhere_is_another_lines_matter(leads) -> None:
    """Where Mailward knows the mail host, its key is looked at, wherever the MX records lead: their own line says that."""
    meant = expected(Record("a.test", "MX", f"10 {HOST}."))
    (found,) = dane.judge("a.test", meant, seeing({("a.test", "MX"): leads, (OWNER, "TLSA"): [GOOD]}))
    assert (found.subject, found.verdict) == (OWNER, Verdict.PASS)


def test_dane_of_the_server_itself_is_its_own_line() -> None:
    """The host's name is judged as any mail host is, at its own port."""
    seen = seeing({(OWNER, "TLSA"): [GOOD]})
    (found,) = dane.judge_server(expected(), seen)
    assert (found.domain, found.subject, found.verdict) == ("server", OWNER, Verdict.PASS)
    assert "192.0.2.1:2525" in {evidence.server for evidence in found.evidence}


def test_the_next_keys_record_is_missed_before_it_is_needed() -> None:
    """Where the whole set is meant to be there and the next key's hash is not, it warns, with all that has to be there."""
    wanted = (Record(OWNER, "TLSA", GOOD), Record(OWNER, "TLSA", WRONG))
    (found,) = dane.judge_server(expected(*wanted), seeing({(OWNER, "TLSA"): [GOOD]}))
    assert (found.verdict, found.code, found.cure) == (Verdict.WARN, "dane-incomplete", wanted)
    (found,) = dane.judge_server(expected(*wanted), seeing({(OWNER, "TLSA"): [GOOD, WRONG]}))
    assert found.verdict is Verdict.PASS


ALLOW, BAN = '0 issue "ca.test"', '0 issue ";"'
WANTED = Record("a.test", "CAA", ALLOW)


@pytest.mark.parametrize(
    ("records", "wanted", "verdict", "code", "cure"),
    [
        ([ALLOW], (), Verdict.PASS, "caa-pass", []),
        ([ALLOW], (WANTED,), Verdict.PASS, "caa-pass", []),
        ([], (), Verdict.WARN, "caa-missing", [ALLOW]),
        ([BAN], (WANTED,), Verdict.FAIL, "caa-differs", [ALLOW]),
        (["nonsense"], (WANTED,), Verdict.FAIL, "caa-broken", [ALLOW]),
        ("SERVFAIL", (), Verdict.UNKNOWN, "caa-unknown", []),
    ],
)
def test_caa(records, wanted, verdict, code, cure) -> None:
    """Missing warns, what can't be had fails, silence is unknown."""
    (found,) = caa.judge("a.test", expected(*wanted), seeing({("a.test", "CAA"): records}))
    assert (found.verdict, found.code, [record.value for record in found.cure]) == (verdict, code, cure)


def ds() -> str:
    from mailward.standards.dnssec import ds_of

    return ds_of("a.test", DNSKEY)


@pytest.mark.parametrize(
    ("answers", "authentic", "verdict", "code"),
    [
        ({}, True, Verdict.PASS, "dnssec-pass"),
        ({}, False, Verdict.WARN, "dnssec-unsigned"),
        ({("a.test", "DNSKEY"): [DNSKEY]}, False, Verdict.WARN, "dnssec-no-ds"),
        ({("a.test", "DNSKEY"): [DNSKEY], ("a.test", "DS"): ["1 13 2 abcd"]}, False, Verdict.FAIL, "dnssec-other-keys"),
        ({("a.test", "DS"): ["1 13 2 abcd"]}, False, Verdict.FAIL, "dnssec-other-keys"),
        ({("a.test", "DNSKEY"): [DNSKEY], ("a.test", "DS"): [ds()]}, False, Verdict.UNKNOWN, "dnssec-not-checked"),
        ({("a.test", "SOA"): "SERVFAIL"}, True, Verdict.UNKNOWN, "dnssec-unknown"),
        ({("a.test", "DS"): "TIMEOUT"}, False, Verdict.UNKNOWN, "dnssec-unknown"),
    ],
)
def test_dnssec(answers, authentic, verdict, code) -> None:
    """A validating resolver's word is a pass; what the zone above lacks is made from the keys; silence is unknown."""
    (found,) = dnssec.judge("a.test", expected(), seeing(answers, authentic=authentic))
    assert (found.verdict, found.code) == (verdict, code)
    if code == "dnssec-no-ds":
        assert [(record.rdtype, record.value) for record in found.cure] == [("DS", ds())]


def test_a_broken_chain_is_told_with_its_place() -> None:
    """SERVFAIL of a validating resolver is bogus only when one that doesn't check sees the break."""
    unchecked = Remembering(Told({("test", "DNSKEY"): [], ("a.test", "DS"): []}))
    seen = seeing({("a.test", "SOA"): "SERVFAIL"}, unchecked=unchecked)
    seen = replace(seen, anchors={"test": ("1 13 2 abcd",)})
    (found,) = dnssec.judge_server(expected(), seen)
    assert (found.domain, found.verdict, found.code) == ("server", Verdict.FAIL, "dnssec-bogus")
    assert "test" in str(found.reason)


STS = {("_mta-sts.a.test", "TXT"): ['"v=STSv1; id=1;"'], ("mta-sts.a.test", "A"): ["192.0.2.1"]}
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.host.test\r\nmax_age: 604800\r\n"
REPORTS = {("_dmarc.a.test", "TXT"): ['"v=DMARC1; p=none; rua=mailto:x@reports.example"']}


@pytest.mark.parametrize(
    ("answers", "more", "codes"),
    [
        ({}, {}, ["contradiction-none"]),
        (STS, {"policy": POLICY}, ["contradiction-none"]),
        (STS, {"policy": POLICY, "leaf": OTHER}, ["contradiction-mta-sts-name"]),
        (STS, {"policy": POLICY.replace(b"enforce", b"testing"), "leaf": OTHER}, ["contradiction-none"]),
        (STS, {"policy": POLICY, "trouble": "timeout"}, ["contradiction-unknown"]),
        ({(OWNER, "TLSA"): [GOOD]}, {}, ["contradiction-none"]),
        ({(OWNER, "TLSA"): [GOOD, WRONG]}, {}, ["contradiction-tlsa"]),
        ({(OWNER, "TLSA"): [WRONG]}, {}, ["contradiction-none"]),  # DANE's own line
        ({("a.test", "CAA"): [BAN]}, {}, ["contradiction-caa"]),
        ({("a.test", "CAA"): [ALLOW]}, {}, ["contradiction-none"]),
        (REPORTS, {}, ["contradiction-dmarc-rua"]),
        ({**REPORTS, ("a.test._report._dmarc.reports.example", "TXT"): ['"v=DMARC1"']}, {}, ["contradiction-none"]),
        ({(HOST, "CNAME"): ["real.host.test."]}, {}, ["contradiction-mx-alias"]),
        ({("a.test", "MX"): "SERVFAIL"}, {}, ["contradiction-unknown"]),
        ({("_dmarc.a.test", "TXT"): "TIMEOUT", (HOST, "CNAME"): ["real.test."]}, {},
         ["contradiction-mx-alias", "contradiction-unknown"]),
    ],
)  # fmt: skip
def test_contradictions(answers, more, codes) -> None:
    """Each is found, and nothing else with it; what couldn't be seen is one line."""
    found = contradictions.judge("a.test", expected(), seeing(answers, **more))
    assert [one.code for one in found] == codes


def test_a_contradiction_comes_with_its_cure() -> None:
    """The record to publish, and the one that has to go."""
    (banned,) = contradictions.judge("a.test", expected(), seeing({("a.test", "CAA"): [BAN, '0 iodef "mailto:x@y.test"']}))
    assert [record.value for record in banned.cure] == ['0 iodef "mailto:x@y.test"', ALLOW]
    assert [record.value for record in banned.replaces] == [BAN]
    (rua,) = contradictions.judge("a.test", expected(), seeing(REPORTS))
    assert rua.cure == (Record("a.test._report._dmarc.reports.example", "TXT", "v=DMARC1"),)


def test_a_wished_spf_past_its_limits_is_told_before_it_is_published() -> None:
    """Eleven includes are counted before any receiver counts them."""
    terms = " ".join(f"include:i{number}.test" for number in range(11))
    answers = {(f"i{number}.test", "TXT"): ['"v=spf1 -all"'] for number in range(11)}
    wanted = Record("a.test", "TXT", f"v=spf1 {terms} ~all")
    (found,) = contradictions.judge("a.test", expected(wanted), seeing(answers))
    assert (found.code, found.verdict) == ("contradiction-spf-lookups", Verdict.FAIL)
    assert "11" in str(found.reason)
