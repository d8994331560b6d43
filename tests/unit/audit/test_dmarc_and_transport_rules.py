"""The board's lines for DMARC, MTA-STS and TLS-RPT: each break turns its own line, with its cure."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.still_clock import StillClock
from fakes.told_dialer import ToldDialer
from fakes.told_http import ToldHttp
from fakes.told_resolver import ToldResolver
from mailward.audit.rules import dmarc, mta_sts, tls_rpt
from mailward.audit.seen import Expected, Here, Seen
from mailward.model.checks import Mechanism
from mailward.model.dns import DmarcPolicy, DnsWish, HomeKind, MtaStsMode, Record
from mailward.model.outside import HttpAnswer
from mailward.model.verdict import Verdict

HOST = "mx.host.test"
RUA = f"mailto:reports@{HOST}"
WANTED = (
    Record("a.test", "MX", f"10 {HOST}."),
    Record("_dmarc.a.test", "TXT", f"v=DMARC1; p=quarantine; rua={RUA}"),
    Record("_mta-sts.a.test", "TXT", "v=STSv1; id=2;"),
    Record("mta-sts.a.test", "A", "192.0.2.1"),
    Record("_smtp._tls.a.test", "TXT", f"v=TLSRPTv1; rua={RUA}"),
)
EXPECTED = Expected(
    DnsWish("a.test", "a.test", HomeKind.HERE, dmarc=DmarcPolicy.QUARANTINE, mta_sts=MtaStsMode.ENFORCE, mta_sts_id="2"),
    WANTED,
    Here(HOST, ("192.0.2.1",), https_port=8443),
)
URL = "https://mta-sts.a.test/.well-known/mta-sts.txt"
POLICY = f"version: STSv1\nmode: enforce\nmx: {HOST}\nmax_age: 604800\n"


def published(**changed):
    """DNS as Mailward wants it, but for what is changed: ``dmarc``, ``sts``, ``host`` or ``rpt`` to other values."""
    names = {"dmarc": "_dmarc.a.test", "sts": "_mta-sts.a.test", "rpt": "_smtp._tls.a.test", "above": "_dmarc.test"}
    answers = {(one.name, one.rdtype): [f'"{one.value}"' if one.rdtype == "TXT" else one.value] for one in WANTED}
    for short, value in changed.items():
        key = ("mta-sts.a.test", "A") if short == "host" else (names[short], "TXT")
        answers[key] = value if isinstance(value, str) else [f'"{text}"' for text in value]
    return answers


def policy(body=POLICY, status=200, media_type="text/plain; charset=utf-8", trouble=None, url=URL):
    return HttpAnswer(url, status, media_type, body.encode(), trouble)


def judged(rule, answers, http=None, expected=EXPECTED):
    seen = Seen(ToldResolver(answers), ToldHttp({URL: http or policy()}), ToldDialer({}), StillClock())
    (line,) = rule.judge("a.test", expected, seen)
    assert line.remedy.template or line.verdict is Verdict.PASS
    assert line.evidence
    return line


@pytest.mark.parametrize(
    ("texts", "code", "verdict"),
    [
        ([WANTED[1].value], "dmarc-pass", Verdict.PASS),
        ([f"v=DMARC1; p=reject; rua=mailto:x@y.test,{RUA}"], "dmarc-pass", Verdict.PASS),
        ([f"v=DMARC1; p=quarantine; pct=100; rua={RUA}", "v=spf1 -all"], "dmarc-pass", Verdict.PASS),
        ([f"v=DMARC1; p=none; rua={RUA}"], "dmarc-none", Verdict.WARN),
        ([f"v=DMARC1; p=quarantine; t=y; rua={RUA}"], "dmarc-testing", Verdict.WARN),
        ([f"v=DMARC1; p=quarantine; adkim=strict; rua={RUA}"], "dmarc-faults", Verdict.WARN),
        (["v=DMARC1; p=quarantine"], "dmarc-no-reports", Verdict.WARN),
        (["v=DMARC1; p=reject; rua=mailto:x@y.test"], "dmarc-reports-elsewhere", Verdict.WARN),
        ([WANTED[1].value, "v=DMARC1; p=none"], "dmarc-two-records", Verdict.FAIL),
        (["v=DMARC1; p=quarantined"], "dmarc-broken", Verdict.FAIL),
        (["v=DMARC1;" + "x" * 9000], "dmarc-broken", Verdict.FAIL),
        (["v=spf1 -all"], "dmarc-missing", Verdict.FAIL),
        ("SERVFAIL", "dmarc-unknown", Verdict.UNKNOWN),
        ("TIMEOUT", "dmarc-unknown", Verdict.UNKNOWN),
    ],
)  # fmt: skip
def test_the_line_of_dmarc(texts, code, verdict):
    """Every state of the record has its code; what isn't right names Mailward's record as the cure and what it replaces."""
    line = judged(dmarc, published(dmarc=texts))
    assert (line.code, line.verdict, line.mechanism, line.subject) == (code, verdict, Mechanism.DMARC, "_dmarc.a.test")
    if verdict in (Verdict.WARN, Verdict.FAIL):
        assert line.cure == (WANTED[1],)
        assert {one.value for one in line.replaces} == {text for text in texts if text.startswith("v=DMARC1")}


def test_dmarc_of_a_domain_above():
    """Its record speaks for the domain, with a warning; one that only watches doesn't; silence above is unknown."""
    none = {**published(dmarc=["nothing"]), ("_dmarc.test", "TXT"): ['"v=DMARC1; p=reject; rua=mailto:x@y.test"']}
    assert judged(dmarc, none).code == "dmarc-inherited"
    assert (
        judged(dmarc, {**none, ("_dmarc.test", "TXT"): ['"v=DMARC1; p=none; rua=mailto:x@y.test"']}).code == "dmarc-missing"
    )
    assert judged(dmarc, {**none, ("_dmarc.test", "TXT"): "TIMEOUT"}).verdict is Verdict.UNKNOWN


def test_less_than_was_chosen_is_said():
    """Quarantine in DNS where reject was chosen."""
    wish = DnsWish("a.test", "a.test", HomeKind.HERE, dmarc=DmarcPolicy.REJECT)
    assert judged(dmarc, published(), expected=Expected(wish, WANTED, EXPECTED.here)).code == "dmarc-weaker"


@pytest.mark.parametrize(
    ("changed", "http", "code", "verdict"),
    [
        ({}, None, "mta-sts-pass", Verdict.PASS),
        ({"sts": []}, None, "mta-sts-missing", Verdict.WARN),
        ({"sts": "SERVFAIL"}, None, "mta-sts-unknown", Verdict.UNKNOWN),
        ({"sts": ["v=STSv1; id=2;", "v=STSv1; id=3;"]}, None, "mta-sts-two-records", Verdict.FAIL),
        ({"sts": ["v=STSv1; id=;"]}, None, "mta-sts-record", Verdict.FAIL),
        ({"sts": ["v=STSv1; id=1;"]}, None, "mta-sts-old-id", Verdict.WARN),
        ({"host": []}, None, "mta-sts-no-address", Verdict.FAIL),
        ({"host": "TIMEOUT"}, None, "mta-sts-unknown", Verdict.UNKNOWN),
        ({}, policy(trouble="timeout", status=0), "mta-sts-unknown", Verdict.UNKNOWN),
        ({}, policy(trouble="refused", status=0), "mta-sts-unserved", Verdict.FAIL),
        ({}, policy(trouble="handshake-failed", status=0), "mta-sts-certificate", Verdict.FAIL),
        ({}, policy(status=404), "mta-sts-unserved", Verdict.FAIL),
        ({}, policy(url="https://mta-sts.a.test/elsewhere"), "mta-sts-unserved", Verdict.FAIL),
        ({}, policy("<html>"), "mta-sts-policy", Verdict.FAIL),
        ({}, policy(media_type="text/html"), "mta-sts-media-type", Verdict.WARN),
        ({}, policy(POLICY.replace("enforce", "none")), "mta-sts-none", Verdict.WARN),
        ({}, policy(POLICY.replace("enforce", "testing")), "mta-sts-testing", Verdict.WARN),
        ({}, policy(POLICY.replace(HOST, "mx2.host.test")), "mta-sts-other-servers", Verdict.FAIL),
        ({}, policy(POLICY.replace(HOST, "*.host.test")), "mta-sts-pass", Verdict.PASS),
        ({}, policy(POLICY.replace("604800", "600")), "mta-sts-short", Verdict.WARN),
    ],
)
def test_the_line_of_mta_sts(changed, http, code, verdict):
    """The record, the address, the certificate, the policy and its servers are looked at as a sender does."""
    line = judged(mta_sts, published(**changed), http)
    assert (line.code, line.verdict, line.subject) == (code, verdict, "_mta-sts.a.test")
    if code in ("mta-sts-missing", "mta-sts-record", "mta-sts-two-records", "mta-sts-old-id"):
        assert line.cure == (WANTED[2],)
    if code == "mta-sts-no-address":
        assert line.cure == (WANTED[3],)


@pytest.mark.parametrize(
    ("texts", "code", "verdict"),
    [
        ([WANTED[4].value], "tls-rpt-pass", Verdict.PASS),
        ([], "tls-rpt-missing", Verdict.WARN),
        ([WANTED[4].value] * 2 + ["v=TLSRPTv1; rua=mailto:x@y.test"], "tls-rpt-two-records", Verdict.WARN),
        (["v=TLSRPTv1; rua=x"], "tls-rpt-broken", Verdict.WARN),
        (["v=TLSRPTv1; rua=mailto:x@y.test"], "tls-rpt-elsewhere", Verdict.WARN),
        ("REFUSED", "tls-rpt-unknown", Verdict.UNKNOWN),
    ],
)
def test_the_line_of_tls_reports(texts, code, verdict):
    """Absent, doubled, broken and foreign records warn, with the record that cures it."""
    line = judged(tls_rpt, published(rpt=texts))
    assert (line.code, line.verdict) == (code, verdict)
    assert line.cure == ((WANTED[4],) if verdict is Verdict.WARN else ())


def test_each_break_turns_its_own_line_alone():
    """Taking one record away leaves the other two lines as they were."""
    rules = {"dmarc": dmarc, "sts": mta_sts, "rpt": tls_rpt}
    for broken in rules:
        lines = {name: judged(rule, published(**{broken: []})).verdict for name, rule in rules.items()}
        assert [name for name, verdict in lines.items() if verdict is not Verdict.PASS] == [broken]


@given(st.text(max_size=40), st.sampled_from(["v=DMARC1;", "v=STSv1;", "v=TLSRPTv1;", ""]), st.binary(max_size=60))
@settings(max_examples=100)
def test_whatever_dns_and_the_web_say_is_judged(text, start, body):
    """Any record and any policy end in one line with a reason."""
    answers = {(one.name, one.rdtype): [start + text] for one in WANTED}
    for rule in (dmarc, mta_sts, tls_rpt):
        assert judged(rule, answers, HttpAnswer(URL, 200, text, body)).reason.template
