"""Reports from strangers: DMARC aggregate reports and TLS reports, by mail, whole, untidy, broken and hostile."""

import gzip
import io
import json
import time
import zipfile
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailward.standards import report_mail, tls_rpt
from mailward.standards.dmarc import reports
from mailward.standards.dmarc.report_making import make_document, make_report
from mailward.standards.report_mail import ReportError

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
DAY = datetime(2026, 3, 1, tzinfo=UTC)
OLD = b"""<?xml version="1.0" encoding="UTF-8" ?>
<feedback><report_metadata><org_name>big.example</org_name><email>noreply@big.example</email>
<report_id>123456</report_id><date_range><begin>1772323200</begin><end>1772409599</end></date_range></report_metadata>
<policy_published><domain>Example.com</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct></policy_published>
<record><row><source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated><disposition>none</disposition>
<dkim>fail</dkim><spf>PASS</spf><reason><type>mailing_list</type><comment>list</comment></reason></policy_evaluated></row>
<identifiers><header_from>example.com</header_from></identifiers>
<auth_results><dkim><domain>list.example</domain><result>pass</result><selector>s1</selector></dkim>
<dkim><domain>example.com</domain><result>fail</result></dkim>
<spf><domain>example.com</domain><result>pass</result></spf></auth_results></record>
<record><row><source_ip>not an address</source_ip><count>1</count></row></record></feedback>"""

words = st.text(st.characters(categories=["L", "N"], max_codepoint=0x2FF), min_size=1, max_size=12)
domains = st.sampled_from(["a.test", "b.example.com", "xn--bcher-kva.example"])
results = st.builds(
    reports.AuthResult, domains, st.sampled_from(["pass", "fail", "temperror"]), st.sampled_from(["", "s1"])
)
rows = st.builds(
    reports.ReportRow,
    st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    st.integers(0, 10**9),
    st.sampled_from(reports.DISPOSITIONS),
    st.booleans(),
    st.booleans(),
    domains,
    st.sampled_from(["", "a.test"]),
    st.sampled_from(["", "b.test"]),
    st.lists(st.tuples(st.sampled_from(["forwarded", "local_policy"]), st.sampled_from(["", "a & b"])), max_size=2).map(
        tuple
    ),
    st.lists(results, max_size=3).map(tuple),
    st.lists(results, max_size=2).map(tuple),
)
made = st.builds(
    reports.AggregateReport,
    words,
    st.just("dmarc@reporter.test"),
    words,
    st.just(DAY),
    st.integers(0, 86400).map(lambda seconds: DAY + timedelta(seconds=seconds)),
    st.builds(reports.Published, domains, *(st.sampled_from(["", "none", "reject"]) for _ in range(3))).map(
        lambda said: said if said.p else reports.Published(said.domain, "none")
    ),
    st.lists(rows, min_size=1, max_size=4).map(tuple),
    st.sampled_from(["", "https://reporter.test/"]),
)


def mail(content, media_type="application/gzip", name="r!a.test!1!2.xml.gz"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "r@reporter.test", "reports@mx.test", "Report Domain: a.test"
    message.set_content("See the attachment.")
    main, _, sub = media_type.partition("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for number, content in enumerate(members):
            archive.writestr(f"{number}.xml", content)
    return packed.getvalue()


def refused(message, reader=reports.parse_message):
    with pytest.raises(ReportError) as error:
        reader(message)
    return error.value.code


@given(made)
@settings(max_examples=40)
def test_a_report_survives_the_mail(report):
    """What we make is what we read: the whole report, through XML, gzip and MIME."""
    message = make_report(report, reporter="mx.test", sender="dmarc@mx.test", recipient="rua@a.test", now=NOW)
    assert reports.parse_message(message) == (report,)
    assert b"\nSubject: Report Domain: " in message.replace(b"\r\n ", b" ")
    assert b"Auto-Submitted: auto-generated" in message


def test_what_the_world_sends_is_read():
    """A report of RFC 7489's form, untidy: capitals, no namespace, one row that makes no sense (left out and counted)."""
    (report,) = reports.parse_message(mail(zipped(OLD), "application/zip", "r.zip"))
    assert (report.organization, report.domain, report.report_id) == ("big.example", "example.com", "123456")
    assert (report.begin, report.end) == (DAY, DAY + timedelta(seconds=86399))
    (row,) = report.rows
    assert (row.source, row.count, row.dkim, row.spf, row.aligned) == ("192.0.2.1", 2, False, True, True)
    assert row.reasons == (("mailing_list", "list"),)
    assert [result.detail for result in row.dkim_results] == ["s1", ""]
    assert report.left_out == 1


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (gzip.compress(OLD), "application/octet-stream"),
        (gzip.compress(OLD), "text/plain"),
        (OLD, "text/xml"),
        (b"\xef\xbb\xbf" + OLD, "application/octet-stream"),
        (OLD.decode().replace('"UTF-8"', '"utf-16"').encode("utf-16"), "application/xml"),
        (zipped(b"read me", OLD), "application/x-zip-compressed"),
        (gzip.compress(OLD) + b"\0" * 20, "application/gzip"),
    ],
)
def test_the_media_type_is_not_trusted(content, media_type):
    """gzip, zip and XML are known by their first bytes."""
    assert reports.parse_message(mail(content, media_type))[0].domain == "example.com"


def test_one_message_may_carry_several():
    """A zip file with two reports gives two."""
    assert len(reports.parse_message(mail(zipped(OLD, OLD)))) == 2


def bomb(size=100_000_000):
    return gzip.compress(b"<feedback>" + b" " * size)


def test_bombs_cost_nothing():
    """100 MB in 100 kB are refused before they are unpacked, in gzip, in zip, and packed twice."""
    packed = bomb()
    began = time.perf_counter()
    assert refused(mail(packed)) == "report-too-big"
    assert refused(mail(gzip.compress(packed))) == "report-none"  # nobody unpacks twice
    assert time.perf_counter() - began < 2
    assert refused(mail(zipped(b" " * 50_000_000))) == "report-too-big"
    assert refused(mail(zipped(*[b" " * 5_000_000] * 5))) == "report-too-big"
    assert refused(mail(zipped(*[b"x"] * 50))) == "report-packed"
    assert refused(mail(zipped(OLD, method=zipfile.ZIP_BZIP2))) == "report-packed"
    assert refused(mail(b"".join(gzip.compress(b"x") for _ in range(50)))) == "report-packed"


LAUGHS = b"""<!DOCTYPE feedback [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><feedback>&b;</feedback>"""
OUTSIDE = b"""<!DOCTYPE feedback SYSTEM "http://127.0.0.1:1/x"><feedback/>"""


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (LAUGHS, "report-doctype"),
        (OUTSIDE, "report-doctype"),
        (b"<feedback>" * 50, "report-xml"),
        (b"<html/>", "report-xml"),
        (OLD[:300], "report-xml"),
        (OLD.replace(b"UTF-8", b"nonsense"), "report-xml"),
        (OLD.replace(b"Example.com", b""), "report-domain"),
        (OLD.replace(b"1772323200", b"soon"), "report-period"),
        (OLD.replace(b"1772323200", b"99999999999999"), "report-period"),
        (OLD.replace(b"1772409599", b"1972409599"), "report-period"),
        (OLD.replace(b"<count>2", b"<count>-2"), "report-empty"),
        (b"<feedback>&undefined;</feedback>", "report-xml"),
    ],
)
def test_what_is_refused(content, code):
    """Each reason has its code; entities aren't even declared, and nothing is fetched."""
    assert refused(mail(gzip.compress(content))) == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", "report-none"),
        (b"Subject: hello\n\nNo report.\n", "report-none"),
        (mail(gzip.compress(OLD)[:200]), "report-packed"),
        (mail(b"\x1f\x8bnonsense"), "report-packed"),
        (mail(b"PK\x03\x04nonsense"), "report-packed"),
        (b"\n" * 2_000_000, "report-too-big"),
        (b"x" * (report_mail.MOST_MESSAGE + 1), "report-too-big"),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--x\n" * 200, "report-message"),
        (b"Content-Type: message/rfc822\n\n" * 200, "report-message"),
        (b"Content-Type: multipart/mixed" + b';\n "' * 50_000 + b"\n\n", "report-message"),
        (b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\na\n" * 5000, "report-message"),
    ],
)
def test_messages_that_carry_none(message, code):
    """Broken, endless and hostile messages are refused with a reason, quickly."""
    began = time.perf_counter()
    assert refused(message) == code
    assert time.perf_counter() - began < 2


@given(st.integers(0, len(OLD)), st.integers(0, len(OLD)), st.binary(max_size=20), st.booleans())
@settings(max_examples=150)
def test_a_mutated_report_is_read_or_refused(start, length, put, packed):
    """Whatever is done to the bytes of a report, nothing but ReportError comes out, and texts stay short and printable."""
    content = OLD[:start] + put + OLD[start + length % 50 :]
    try:
        (report, *_) = reports.parse_message(mail(gzip.compress(content) if packed else content))
    except ReportError:
        return
    assert report.rows
    assert all(text.isprintable() and len(text) <= 255 for text in (report.organization, report.email, report.report_id))


WHOLE = mail(gzip.compress(OLD))


@given(st.integers(0, len(WHOLE)), st.integers(0, 80), st.binary(max_size=30))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_message_is_read_or_refused(start, length, put):
    """The same for the bytes of the message around it, for both kinds of reports."""
    message = WHOLE[:start] + put + WHOLE[start + length :]
    for reader in (reports.parse_message, tls_rpt.parse_message):
        try:
            assert reader(message)
        except ReportError as error:
            assert error.code.startswith("report-")


def test_a_long_report_is_read_in_no_time():
    """20,000 rows take less than four seconds; beyond the limit rows are left out, not kept in memory."""
    row = OLD[OLD.index(b"<record>") : OLD.index(b"</record>") + 9]
    long = OLD[: OLD.index(b"<record>")] + row * 10_000 + b"</feedback>"
    began = time.perf_counter()
    assert len(reports.parse_report(long).rows) == 10_000
    assert time.perf_counter() - began < 4


def test_our_document_has_the_norms_order():
    """Elements come in the order of RFC 9990's tables, in its namespace."""
    row = reports.ReportRow("192.0.2.1", 1, "none", True, False, "a.test")
    about = reports.AggregateReport(
        "o", "e@o.test", "1", DAY, DAY, reports.Published("a.test", "none", testing="n"), (row,)
    )
    text = make_document(about).decode()
    names = ["<version>", "<report_metadata>", "<policy_published>", "<record>", "<row>", "<identifiers>", "<auth_results"]
    assert sorted(names, key=text.index) == names
    assert 'xmlns="urn:ietf:params:xml:ns:dmarc-2.0"' in text


TLS = {
    "organization-name": "Company-X",
    "date-range": {"start-datetime": "2026-03-01T00:00:00Z", "end-datetime": "2026-03-01T23:59:59Z"},
    "contact-info": "sts-reporting@company-x.example",
    "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
    "policies": [
        {
            "policy": {
                "policy-type": "sts",
                "policy-string": ["version: STSv1", "mode: testing"],
                "policy-domain": "Company-Y.example",
                "mx-host": "*.mail.company-y.example",
            },
            "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
            "failure-details": [
                {
                    "result-type": "certificate-expired",
                    "sending-mta-ip": "2001:db8:abcd:0012::1",
                    "receiving-mx-hostname": "mx1.mail.company-y.example",
                    "failed-session-count": 100,
                }
            ],
        }
    ],
}


def test_a_tls_report_survives_the_mail():
    """RFC 8460's Appendix B is read, made again, and says the same."""
    report = tls_rpt.parse_report(json.dumps(TLS).encode())
    (policy,) = report.policies
    assert (policy.kind, policy.domain, policy.successes, policy.failures) == ("sts", "company-y.example", 5326, 303)
    assert policy.mx == ("*.mail.company-y.example",)
    assert policy.details[0].result == "certificate-expired"
    message = tls_rpt.make_report(report, reporter="mx.test", sender="t@mx.test", recipient="t@company-y.example", now=NOW)
    assert tls_rpt.parse_message(message) == (report,)
    assert b"TLS-Report-Domain: company-y.example\r\n" in message
    assert refused(message) == "report-none"


@pytest.mark.parametrize("media_type", ["application/tlsrpt+gzip", "application/tlsrpt+json", "application/octet-stream"])
def test_tls_reports_come_packed_or_plain(media_type):
    """Both of RFC 8460's media types, and none, are read by what the bytes are."""
    content = json.dumps(TLS).encode()
    packed = content if media_type.endswith("json") else gzip.compress(content)
    assert tls_rpt.parse_message(mail(packed, media_type, "x"))[0].organization == "Company-X"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{" + b'"a":[' * 100_000, "report-json"),
        (b'{"a":' + b"1" * 10_000 + b"}", "report-json"),
        (b"{}", "report-period"),
        (b'{"date-range": 1}', "report-json"),
        (json.dumps(TLS | {"policies": []}).encode(), "report-empty"),
        (json.dumps(TLS | {"date-range": {"start-datetime": "0001-01-01T00:00:00+14:00"}}).encode(), "report-period"),
        (b"{" + b" " * tls_rpt.MOST_JSON + b"}", "report-too-big"),
    ],
)
def test_tls_reports_that_are_refused(content, code):
    """Depth, numbers, size and form are bounded."""
    assert refused(mail(gzip.compress(content)), tls_rpt.parse_message) == code


jsons = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@given(st.sampled_from(["policies", "date-range", "report-id", "organization-name"]), jsons, st.booleans(), jsons)
@settings(max_examples=150)
def test_any_json_is_a_tls_report_or_refused(name, value, inner, other):
    """Whatever stands where something else is expected, nothing but ReportError comes out."""
    said = TLS | (
        {"policies": [{"policy": value, "summary": other, "failure-details": [other]}]} if inner else {name: value}
    )
    try:
        report = tls_rpt.parse_report(json.dumps(said).encode())
    except ReportError:
        return
    assert all(policy.successes >= 0 and policy.domain.isprintable() for policy in report.policies)
