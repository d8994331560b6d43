"""SMTP TLS reporting (RFC 8460): the TXT record at ``_smtp._tls.<domain>``, and reports read (JSON, section 4.4) and made.

A report comes from a stranger: it is bounded before and while it is read, and what it says is kept as plain, printable,
short text. Unknown fields are passed over; a report without a period or a policy is refused (ReportError).
"""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from mailward.model.errors import BadInput
from mailward.model.sentence import NOTHING, Sentence
from mailward.standards.report_mail import Attachment, ReportError, documents, make_message

LONGEST_RECORD = 4096
MOST_URIS = 20
MOST_JSON = 2 * 1024 * 1024  # bytes: JSON grows about tenfold in memory
MOST_POLICIES = 100
MOST_DETAILS = 500
MOST_STRINGS = 50
LONGEST_TEXT = 255
MOST_SESSIONS = 10**12
LONGEST_PERIOD = timedelta(days=31)

_RECORD = re.compile(r"v=TLSRPTv1[ \t]*(?:;|$)")
_URI = re.compile(r"(?:mailto:[^\s,!;@]+@[^\s,!;@]+|https://[^\s,!;]+)", re.I)


class TlsRptError(BadInput):
    """What was read is no TLS-RPT record."""

    def __init__(self, what: Sentence, remedy: Sentence = NOTHING) -> None:
        super().__init__("tls_rpt", what, remedy, code="tls-rpt-record")


@dataclass(frozen=True)
class TlsRptRecord:
    """Where reports are to go: ``mailto:`` and ``https:`` URIs."""

    rua: tuple[str, ...]

    def __str__(self) -> str:
        return f"v=TLSRPTv1; rua={','.join(self.rua)}"


@dataclass(frozen=True)
class FailureDetail:
    """Sessions that failed for one reason (``result`` is section 4.3's word, such as "certificate-expired")."""

    result: str
    sessions: int
    sending_ip: str = ""
    receiving_host: str = ""
    receiving_ip: str = ""
    reason: str = ""


@dataclass(frozen=True)
class PolicyReport:
    """What was counted under one policy. ``kind`` is "tlsa", "sts" or "no-policy-found"."""

    kind: str
    domain: str
    successes: int
    failures: int
    policy: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    details: tuple[FailureDetail, ...] = ()


@dataclass(frozen=True)
class TlsReport:
    """``begin`` and ``end`` are aware and in UTC."""

    organization: str
    contact: str
    report_id: str
    begin: datetime
    end: datetime
    policies: tuple[PolicyReport, ...]


def is_record(text: str) -> bool:
    """Whether a TXT record begins as a TLS-RPT record must; others at the name are passed over."""
    return _RECORD.match(text) is not None


def parse_record(text: str) -> TlsRptRecord:
    """The record. Raises TlsRptError."""
    if len(text) > LONGEST_RECORD or not is_record(text):
        what = Sentence("A TLS-RPT record begins with v=TLSRPTv1; and this one doesn't.")
        raise TlsRptError(what, _RECORD_FORM)
    for part in text.split(";")[1:]:
        name, equals, value = (piece.strip(" \t") for piece in part.partition("="))
        uris = [uri for uri in (one.strip(" \t") for one in value.split(",")) if _URI.fullmatch(uri) and uri.isascii()]
        if name == "rua" and equals and uris:
            return TlsRptRecord(tuple(dict.fromkeys(uris))[:MOST_URIS])
    raise TlsRptError(Sentence("The TLS-RPT record names no address that reports can be sent to."), _RECORD_FORM)


def parse_message(message: bytes) -> tuple[TlsReport, ...]:
    """The TLS reports in a mail message. Raises ReportError when there is none, or one can't be read."""
    reports = tuple(parse_report(one.content) for one in documents(message) if one.kind == "json")
    if not reports:
        raise ReportError(Sentence("This message carries no report."), code="report-none")
    return reports


def parse_report(content: bytes) -> TlsReport:
    """The report in a JSON document. Raises ReportError."""
    if len(content) > MOST_JSON:
        raise ReportError(Sentence("This report is larger than anything that is read here."), code="report-too-big")
    try:
        said = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as trouble:
        raise ReportError(Sentence("This report is not well-formed JSON."), code="report-json") from trouble
    whole = _mapping(said)
    period = _mapping(whole.get("date-range"))
    begin, end = _moment(period.get("start-datetime")), _moment(period.get("end-datetime"))
    if not timedelta(0) <= end - begin <= LONGEST_PERIOD:
        raise _no_period()
    policies = tuple(_policy(_mapping(one)) for one in _list(whole.get("policies"))[:MOST_POLICIES])
    if not policies:
        raise ReportError(Sentence("This report has no usable row."), code="report-empty")
    organization, contact = _text(whole.get("organization-name")), _text(whole.get("contact-info"))
    return TlsReport(organization, contact, _text(whole.get("report-id")), begin, end, policies)


def make_document(report: TlsReport) -> bytes:
    """The report in JSON (section 4.4)."""
    said = {
        "organization-name": report.organization,
        "date-range": {"start-datetime": _rfc3339(report.begin), "end-datetime": _rfc3339(report.end)},
        "contact-info": report.contact,
        "report-id": report.report_id,
        "policies": [_as_json(policy) for policy in report.policies],
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode()


def make_report(report: TlsReport, *, reporter: str, sender: str, recipient: str, now: datetime) -> bytes:
    """The message (section 5.3), gzipped. ``now`` is aware. Its header fields are those of section 5.3, so that filters
    let it through even when TLS is broken."""
    domain = report.policies[0].domain if report.policies else reporter
    begin, end = int(report.begin.timestamp()), int(report.end.timestamp())
    unique = re.sub(r"[^A-Za-z0-9.-]", "-", report.report_id).strip(".-") or str(begin)
    made = make_message(
        sender=sender,
        recipient=recipient,
        subject=f"Report Domain: {domain} Submitter: {reporter} Report-ID: <{unique}@{reporter}>",
        text=f"SMTP TLS report about {domain}, from {reporter}.\n",
        attachment=Attachment(
            f"{reporter}!{domain}!{begin}!{end}.json.gz",
            "application/tlsrpt+gzip",
            gzip.compress(make_document(report), mtime=begin),
        ),
        message_id=f"<{unique}@{reporter}>",
        date=format_datetime(now),
    )
    return f"TLS-Report-Domain: {domain}\r\nTLS-Report-Submitter: {reporter}\r\n".encode() + made


def _policy(one: Mapping[str, object]) -> PolicyReport:
    policy, summary = _mapping(one.get("policy")), _mapping(one.get("summary"))
    return PolicyReport(
        _text(policy.get("policy-type")).lower(),
        _text(policy.get("policy-domain")).lower().rstrip("."),
        _count(summary.get("total-successful-session-count")),
        _count(summary.get("total-failure-session-count")),
        _texts(policy.get("policy-string")),
        _texts(policy.get("mx-host")),
        tuple(_detail(_mapping(detail)) for detail in _list(one.get("failure-details"))[:MOST_DETAILS]),
    )


def _detail(detail: Mapping[str, object]) -> FailureDetail:
    return FailureDetail(
        _text(detail.get("result-type")).lower(),
        _count(detail.get("failed-session-count")),
        _text(detail.get("sending-mta-ip")),
        _text(detail.get("receiving-mx-hostname")).lower(),
        _text(detail.get("receiving-ip")),
        _text(detail.get("failure-reason-code")),
    )


def _as_json(policy: PolicyReport) -> dict[str, object]:
    named = {"policy-type": policy.kind, "policy-string": list(policy.policy), "policy-domain": policy.domain}
    details = [
        {
            "result-type": detail.result,
            "sending-mta-ip": detail.sending_ip,
            "receiving-mx-hostname": detail.receiving_host,
            "receiving-ip": detail.receiving_ip,
            "failed-session-count": detail.sessions,
            "failure-reason-code": detail.reason,
        }
        for detail in policy.details
    ]
    counted = {"total-successful-session-count": policy.successes, "total-failure-session-count": policy.failures}
    return {"policy": {**named, "mx-host": list(policy.mx)}, "summary": counted, "failure-details": details}


def _mapping(said: object) -> Mapping[str, object]:
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise ReportError(Sentence("This report doesn't have the form of RFC 8460."), code="report-json")
    return said


def _list(said: object) -> list[object]:
    return said if isinstance(said, list) else []


def _text(said: object) -> str:
    text = said.strip()[:LONGEST_TEXT] if isinstance(said, str) else ""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def _texts(said: object) -> tuple[str, ...]:
    """A list of texts; some senders write one text where a list is wanted."""
    texts = [said] if isinstance(said, str) else _list(said)
    return tuple(_text(one) for one in texts[:MOST_STRINGS])


def _count(said: object) -> int:
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) <= 13:
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said <= MOST_SESSIONS:
        return 0
    return said


def _moment(said: object) -> datetime:
    try:
        moment = datetime.fromisoformat(said[:40]) if isinstance(said, str) else None
        if moment is not None:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as trouble:
        raise _no_period() from trouble
    raise _no_period()


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _no_period() -> ReportError:
    return ReportError(Sentence("This report doesn't say which days it is about."), code="report-period")


_RECORD_FORM = Sentence("Write it like v=TLSRPTv1; rua=mailto:reports@example.com")
