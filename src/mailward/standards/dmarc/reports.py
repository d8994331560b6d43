"""DMARC aggregate reports (RFC 9990 section 3 and Appendix A; RFC 7489 Appendix C, which is what the world still sends).

Read from strangers with expat, and with everything off that XML can do harm with: no DOCTYPE (so no entities), bounded
depth, text and number of rows. What is merely untidy (no namespace, other order, capitals, unknown elements) is read; a
row that makes no sense is left out and counted; a report without domain, period or a single row is refused (ReportError).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from xml.parsers import expat

from mailward.model.sentence import Sentence
from mailward.standards.dmarc.discovery import domain_of
from mailward.standards.dmarc.record import DmarcError
from mailward.standards.report_mail import MOST_DOCUMENT, ReportError, documents

MOST_ROWS = 50_000
MOST_RESULTS = 20  # DKIM and SPF results of one row
MOST_DEPTH = 12
LONGEST_TEXT = 255
LONGEST_PERIOD = timedelta(days=31)
MOST_MESSAGES = 10**9  # of one row: the sums of a year of them stay within 63 bits

_CHUNK = 64 * 1024

DISPOSITIONS = ("none", "pass", "quarantine", "reject")


@dataclass(frozen=True)
class Published:
    """The policy as the reporter found it; "" for what it didn't say."""

    domain: str
    p: str = ""
    sp: str = ""
    np: str = ""
    adkim: str = ""
    aspf: str = ""
    fo: str = ""
    testing: str = ""
    discovery: str = ""


@dataclass(frozen=True)
class AuthResult:
    """What DKIM or SPF said, before alignment: ``detail`` is the selector or the scope."""

    domain: str
    result: str
    detail: str = ""


@dataclass(frozen=True)
class ReportRow:
    """Messages of one source with the same outcome. ``dkim`` and ``spf``: passed *and* aligned."""

    source: str
    count: int
    disposition: str
    dkim: bool
    spf: bool
    header_from: str
    envelope_from: str = ""
    envelope_to: str = ""
    reasons: tuple[tuple[str, str], ...] = ()
    dkim_results: tuple[AuthResult, ...] = ()
    spf_results: tuple[AuthResult, ...] = ()

    @property
    def aligned(self) -> bool:
        """Whether these messages passed DMARC."""
        return self.dkim or self.spf


@dataclass(frozen=True)
class AggregateReport:
    """``begin`` and ``end`` are aware and in UTC; ``left_out`` counts rows that made no sense."""

    organization: str
    email: str
    report_id: str
    begin: datetime
    end: datetime
    published: Published
    rows: tuple[ReportRow, ...]
    contact: str = ""
    generator: str = ""
    errors: tuple[str, ...] = ()
    left_out: int = field(default=0, compare=False)

    @property
    def domain(self) -> str:
        """The domain whose policy was applied."""
        return self.published.domain


def parse_message(message: bytes) -> tuple[AggregateReport, ...]:
    """The aggregate reports in a mail message. Raises ReportError when there is none, or one can't be read."""
    reports = tuple(parse_report(one.content) for one in documents(message) if one.kind == "xml")
    if not reports:
        raise ReportError(Sentence("This message carries no report."), code="report-none")
    return reports


def parse_report(content: bytes) -> AggregateReport:
    """The report in an XML document. Raises ReportError."""
    if len(content) > MOST_DOCUMENT:
        raise ReportError(Sentence("This report is larger than anything that is read here."), code="report-too-big")
    reading = _Reading()
    try:
        reading.feed(content)
    except (expat.ExpatError, ValueError, LookupError) as trouble:
        raise ReportError(Sentence("This report is not well-formed XML."), code="report-xml") from trouble
    return reading.report()


class _Reading:
    """One pass of expat over a report. ``_said`` holds the first text of each known element that is open: of the report's
    head, and of one row at a time."""

    def __init__(self) -> None:
        self._open: list[_Known] = [_ELEMENTS]
        self._is_text = False
        self._buffer: list[str] = []
        self._said: dict[str, str] = {}
        self._results: list[tuple[str, AuthResult]] = []
        self._reasons: list[tuple[str, str]] = []
        self._rows: list[ReportRow] = []
        self._left_out = 0
        self._close = {
            "row": self._close_row,
            "dkim": self._close_dkim,
            "spf": self._close_spf,
            "reason": self._close_reason,
        }
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, content: bytes) -> None:
        for at in range(0, len(content), _CHUNK):
            self._parser.Parse(content[at : at + _CHUNK], False)
        self._parser.Parse(b"", True)

    def report(self) -> AggregateReport:
        begin, end = self._period()
        said = self._said.get
        try:
            domain = domain_of(said("domain", ""))
        except DmarcError as trouble:
            raise ReportError(
                Sentence("This report doesn't say which domain it is about."), code="report-domain"
            ) from trouble
        if not self._rows:
            raise ReportError(Sentence("This report has no usable row."), code="report-empty")
        asked = {name: said(name, "").lower()[:20] for name in _POLICY}
        published = Published(domain, testing=asked.pop("testing"), discovery=asked.pop("discovery_method"), **asked)
        return AggregateReport(
            said("org_name", ""),
            said("email", ""),
            said("report_id", ""),
            begin,
            end,
            published,
            tuple(self._rows),
            said("extra_contact_info", ""),
            said("generator", ""),
            tuple(text for text in [said("error", "")] if text),
            self._left_out,
        )

    def _period(self) -> tuple[datetime, datetime]:
        try:
            begin, end = (_moment(self._said.get(name, "")) for name in ("begin", "end"))
        except (ValueError, OverflowError, OSError) as trouble:
            raise _no_period() from trouble
        if not timedelta(0) <= end - begin <= LONGEST_PERIOD:
            raise _no_period()
        return begin, end

    def _doctype(self, *_declared: object) -> None:
        what = Sentence("This document has a DOCTYPE, which is never needed here and can do harm.")
        raise ReportError(what, code="report-doctype")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._open) > MOST_DEPTH:
            raise ReportError(Sentence("This report is nested too deeply."), code="report-xml")
        above = self._open[-1]
        known: _Known = None
        if type(above) is dict:
            known = above.get(name) or above.get(name.rpartition(":")[2].lower())
        if len(self._open) == 1 and known is None:
            raise ReportError(Sentence("This document is no DMARC report."), code="report-xml")
        self._open.append(known)
        self._is_text = type(known) is str
        self._buffer.clear()

    def _text(self, text: str) -> None:
        if self._is_text and len(self._buffer) < 16:
            self._buffer.append(text[: 4 * LONGEST_TEXT])

    def _end(self, _name: str) -> None:
        known = self._open.pop()
        if type(known) is str:
            self._said.setdefault(known, _tidy("".join(self._buffer)))
        elif type(known) is dict and (closed := known.get(_CLOSES)) is not None:
            self._close[str(closed)]()
        self._is_text = False

    def _close_row(self) -> None:
        row = self._made()
        if row is None or len(self._rows) >= MOST_ROWS:
            self._left_out += 1
        else:
            self._rows.append(row)
        for name in _OF_ROW:
            self._said.pop(name, None)
        self._results, self._reasons = [], []

    def _close_dkim(self) -> None:
        said = self._said.pop
        self._add("dkim", said("dkim_domain", ""), said("dkim_result", ""), said("dkim_selector", ""))

    def _close_spf(self) -> None:
        said = self._said.pop
        self._add("spf", said("spf_domain", ""), said("spf_result", ""), said("spf_scope", "").lower())

    def _add(self, kind: str, domain: str, result: str, detail: str) -> None:
        if len(self._results) < MOST_RESULTS and (domain or result):
            self._results.append((kind, AuthResult(domain.lower(), result.lower()[:20], detail)))

    def _close_reason(self) -> None:
        kind, comment = self._said.pop("type", ""), self._said.pop("comment", "")
        if kind and len(self._reasons) < MOST_RESULTS:
            self._reasons.append((kind.lower()[:40], comment))

    def _made(self) -> ReportRow | None:
        said = self._said.get
        try:
            source = str(ip_address(said("source_ip", "").strip("[]")))
            count = _number(said("count", ""))
        except ValueError:
            return None
        if count > MOST_MESSAGES:
            return None
        disposition = said("disposition", "").lower()
        return ReportRow(
            source,
            count,
            disposition if disposition in DISPOSITIONS else "none",
            said("dkim", "").lower() == "pass",
            said("spf", "").lower() == "pass",
            said("header_from", "").rstrip(".").lower(),
            said("envelope_from", "").lower(),
            said("envelope_to", "").lower(),
            tuple(self._reasons),
            tuple(one for kind, one in self._results if kind == "dkim"),
            tuple(one for kind, one in self._results if kind == "spf"),
        )


_Known = dict[str, Any] | str | None
"""What is known below an element (by name), the name under which its text is kept, or nothing."""
_CLOSES = ""  # no element has this name: what is done at the element's end
_POLICY = ("p", "sp", "np", "adkim", "aspf", "fo", "testing", "discovery_method")


def _texts(*names: str, before: str = "") -> dict[str, Any]:
    return {name: f"{before}{name}" for name in names}


_EVALUATED = _texts("disposition", "dkim", "spf") | {"reason": _texts("type", "comment") | {_CLOSES: "reason"}}
_RESULTS = {
    "dkim": _texts("domain", "selector", "result", before="dkim_") | {_CLOSES: "dkim"},
    "spf": _texts("domain", "scope", "result", before="spf_") | {_CLOSES: "spf"},
}
_ELEMENTS: dict[str, Any] = {
    "feedback": {
        "report_metadata": _texts("org_name", "email", "extra_contact_info", "report_id", "error", "generator")
        | {"date_range": _texts("begin", "end")},
        "policy_published": _texts("domain", *_POLICY),
        "record": {
            "row": _texts("source_ip", "count") | {"policy_evaluated": _EVALUATED},
            "identifiers": _texts("header_from", "envelope_from", "envelope_to"),
            "auth_results": _RESULTS,
            _CLOSES: "row",
        },
    }
}
_OF_ROW = ("source_ip", "count", "disposition", "dkim", "spf", "header_from", "envelope_from", "envelope_to")


def _tidy(text: str) -> str:
    """Without space around it, at most LONGEST_TEXT characters, nothing unprintable in it."""
    text = text.strip()[:LONGEST_TEXT]
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise ValueError(text)
    return int(text)


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(_number(text.partition(".")[0]), UTC)


def _no_period() -> ReportError:
    return ReportError(Sentence("This report doesn't say which days it is about."), code="report-period")
