"""The board for programs: one JSON object per finding, with the keys that ``mailward check --json`` promises.

Pure. Sentences are put into words by a function that is handed in, so that they come in the reader's language.
"""

from collections.abc import Iterable
from datetime import UTC

from mailward.audit.report import Say
from mailward.model.checks import CheckFinding, Evidence
from mailward.model.dns import Record

Value = str | int | bool | list[str] | None
Part = dict[str, Value]
BoardRow = dict[str, str | list[Part]]


def rows(findings: Iterable[CheckFinding], say: Say = str) -> list[BoardRow]:
    """Times are RFC 3339 in UTC."""
    return [row(finding, say) for finding in findings]


def row(finding: CheckFinding, say: Say = str) -> BoardRow:
    """The JSON object of one finding."""
    return {
        "domain": finding.domain,
        "mechanism": finding.mechanism.value,
        "subject": finding.subject,
        "verdict": finding.verdict.value,
        "code": finding.code,
        "reason": say(finding.reason),
        "evidence": [_evidence(one) for one in finding.evidence],
        "remedy": say(finding.remedy),
        "source": finding.source,
        "checked_at": finding.checked_at.astimezone(UTC).isoformat(),
        "cure": [record(one) for one in finding.cure],
    }


def record(one: Record) -> Part:
    """A record to publish."""
    return {"name": one.name, "type": one.rdtype, "value": one.value, "ttl": one.ttl}


def _evidence(one: Evidence) -> Part:
    return {
        "name": one.name,
        "type": one.rdtype,
        "rcode": one.rcode,
        "records": list(one.records),
        "server": one.server,
        "authentic": one.authentic,
        "ttl": one.ttl,
    }
