"""DMARC aggregate reports (RFC 9990 section 3 and Appendix A; RFC 7489 Appendix C, which is what the world still sends).

Read from strangers with expat, and with everything off that XML can do harm with: no DOCTYPE (so no entities), bounded
depth, text and number of rows. What is merely untidy (no namespace, other order, capitals, unknown elements) is read; a
row that makes no sense is left out and counted; a report without domain, period or a single row is refused (ReportError).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
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
MOST_MESSAGES = 10**12

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
    """One pass of expat over a report. ``texts`` holds the elements of what is open: the whole report, or one row."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._buffer: list[str] = []
        self._head: dict[str, list[str]] = {}
        self._row: dict[str, list[str]] = {}
        self._results: list[tuple[str, AuthResult]] = []
        self._reasons: list[tuple[str, str]] = []
        self._rows: list[ReportRow] = []
        self._left_out = 0
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
        try:
            domain = domain_of(self._said("policy_published/domain"))
        except DmarcError as trouble:
            raise ReportError(
                Sentence("This report doesn't say which domain it is about."), code="report-domain"
            ) from trouble
        if not self._rows:
            raise ReportError(Sentence("This report has no usable row."), code="report-empty")
        asked = {name: self._said(f"policy_published/{name}").lower()[:20] for name in _POLICY}
        published = Published(domain, testing=asked.pop("testing"), discovery=asked.pop("discovery_method"), **asked)
        return AggregateReport(
            self._said("report_metadata/org_name"),
            self._said("report_metadata/email"),
            self._said("report_metadata/report_id"),
            begin,
            end,
            published,
            tuple(self._rows),
            self._said("report_metadata/extra_contact_info"),
            self._said("report_metadata/generator"),
            tuple(text for text in self._head.get("report_metadata/error", []) if text)[:5],
            self._left_out,
        )

    def _said(self, path: str) -> str:
        return next(iter(self._head.get(path, [])), "")

    def _period(self) -> tuple[datetime, datetime]:
        try:
            begin, end = (_moment(self._said(f"report_metadata/date_range/{name}")) for name in ("begin", "end"))
        except (ValueError, OverflowError, OSError) as trouble:
            raise _no_period() from trouble
        if not timedelta(0) <= end - begin <= LONGEST_PERIOD:
            raise _no_period()
        return begin, end

    def _doctype(self, *_declared: object) -> None:
        what = Sentence("This document has a DOCTYPE, which is never needed here and can do harm.")
        raise ReportError(what, code="report-doctype")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._path) >= MOST_DEPTH:
            raise ReportError(Sentence("This report is nested too deeply."), code="report-xml")
        name = name.rpartition(":")[2].lower()
        if not self._path and name != "feedback":
            raise ReportError(Sentence("This document is no DMARC report."), code="report-xml")
        self._path.append(name)
        self._buffer.clear()

    def _text(self, text: str) -> None:
        if len(self._buffer) < 16:
            self._buffer.append(text[: 4 * LONGEST_TEXT])

    def _end(self, _name: str) -> None:
        path, text = "/".join(self._path[1:]), _tidy("".join(self._buffer))
        self._path.pop()
        self._buffer.clear()
        if not path.startswith("record"):
            if path in _HEAD:
                _keep(self._head, path, text)
        elif path == "record":
            self._close_row()
        elif (close := _GROUPS.get(path)) is not None:
            close(self)
        elif path in _ROW:
            _keep(self._row, path, text)

    def _close_row(self) -> None:
        row = self._made()
        if row is None or len(self._rows) >= MOST_ROWS:
            self._left_out += 1
        else:
            self._rows.append(row)
        self._row, self._results, self._reasons = {}, [], []

    def _close_result(self, kind: str) -> None:
        said = {
            name: self._taken(f"record/auth_results/{kind}/{name}") for name in ("domain", "result", "selector", "scope")
        }
        if len(self._results) < MOST_RESULTS and (said["domain"] or said["result"]):
            detail = said["selector"] if kind == "dkim" else said["scope"].lower()
            self._results.append((kind, AuthResult(said["domain"].lower(), said["result"].lower()[:20], detail)))

    def _close_reason(self) -> None:
        kind = self._taken("record/row/policy_evaluated/reason/type")
        comment = self._taken("record/row/policy_evaluated/reason/comment")
        if kind and len(self._reasons) < MOST_RESULTS:
            self._reasons.append((kind.lower()[:40], comment))

    def _taken(self, path: str) -> str:
        return next(iter(self._row.pop(path, [])), "")

    def _made(self) -> ReportRow | None:
        try:
            source = str(ip_address(self._taken("record/row/source_ip").strip("[]")))
            count = _number(self._taken("record/row/count"))
        except ValueError:
            return None
        disposition = self._taken("record/row/policy_evaluated/disposition").lower()
        header_from = self._taken("record/identifiers/header_from").rstrip(".").lower()
        if count > MOST_MESSAGES:
            return None
        return ReportRow(
            source,
            count,
            disposition if disposition in DISPOSITIONS else "none",
            self._taken("record/row/policy_evaluated/dkim").lower() == "pass",
            self._taken("record/row/policy_evaluated/spf").lower() == "pass",
            header_from,
            self._taken("record/identifiers/envelope_from").lower(),
            self._taken("record/identifiers/envelope_to").lower(),
            tuple(self._reasons),
            tuple(one for kind, one in self._results if kind == "dkim"),
            tuple(one for kind, one in self._results if kind == "spf"),
        )


_POLICY = ("p", "sp", "np", "adkim", "aspf", "fo", "testing", "discovery_method")
_HEAD = frozenset(
    [f"report_metadata/{name}" for name in ("org_name", "email", "extra_contact_info", "report_id", "error", "generator")]
    + [f"report_metadata/date_range/{name}" for name in ("begin", "end")]
    + [f"policy_published/{name}" for name in ("domain", *_POLICY)]
)
_ROW = frozenset(
    [f"record/row/{name}" for name in ("source_ip", "count")]
    + [f"record/row/policy_evaluated/{name}" for name in ("disposition", "dkim", "spf", "reason/type", "reason/comment")]
    + [f"record/identifiers/{name}" for name in ("header_from", "envelope_from", "envelope_to")]
    + [f"record/auth_results/dkim/{name}" for name in ("domain", "selector", "result")]
    + [f"record/auth_results/spf/{name}" for name in ("domain", "scope", "result")]
)
_GROUPS: dict[str, Callable[[_Reading], None]] = {
    "record/auth_results/dkim": lambda reading: reading._close_result("dkim"),
    "record/auth_results/spf": lambda reading: reading._close_result("spf"),
    "record/row/policy_evaluated/reason": lambda reading: reading._close_reason(),
}


def _keep(kept: dict[str, list[str]], path: str, text: str) -> None:
    texts = kept.setdefault(path, [])
    if len(texts) < 5:
        texts.append(text)


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
