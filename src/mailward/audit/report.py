"""What was found, put together for people and for programs: the matrix, the counts, the rows, and A9's note.

Pure. The rows have exactly the keys that ``mailward verify --json`` promises; sentences are put into words by a
function that is handed in, so that they come in the reader's language.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mailward.model.doors import Door, Role
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict, worst

Say = Callable[[Sentence], str]
Row = dict[str, str | int | list[str] | None]


@dataclass(frozen=True)
class Cell:
    """One door under one name, the worst of its addresses."""

    verdict: Verdict
    code: str
    finding: DoorFinding


@dataclass(frozen=True)
class MatrixRow:
    """One name of a domain; a door that this name isn't asked at has no cell."""

    domain: str
    name: str
    cells: dict[Door, Cell]

    @property
    def verdict(self) -> Verdict:
        return worst([cell.verdict for cell in self.cells.values()])


@dataclass(frozen=True)
class Matrix:
    """Domain and name against door. The rows come in the findings' order."""

    doors: tuple[Door, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True)
class Summary:
    """How many findings have which verdict, and the worst of all (UNKNOWN when nobody looked)."""

    passed: int
    warned: int
    failed: int
    unknown: int
    verdict: Verdict


def matrix(findings: Iterable[DoorFinding]) -> Matrix:
    """The findings as a table."""
    rows: dict[tuple[str, str], dict[Door, Cell]] = {}
    for finding in findings:
        cells = rows.setdefault((finding.domain, finding.name), {})
        known = cells.get(finding.door)
        if known is None or finding.verdict.severity > known.verdict.severity:
            cells[finding.door] = Cell(finding.verdict, finding.code, finding)
    used = {door for cells in rows.values() for door in cells}
    return Matrix(
        tuple(door for door in Door if door in used),
        tuple(MatrixRow(domain, name, cells) for (domain, name), cells in rows.items()),
    )


def summary(findings: Sequence[DoorFinding]) -> Summary:
    """The counts."""
    count = Counter(finding.verdict for finding in findings)
    return Summary(
        count[Verdict.PASS],
        count[Verdict.WARN],
        count[Verdict.FAIL],
        count[Verdict.UNKNOWN],
        worst([finding.verdict for finding in findings]),
    )


def rows(findings: Iterable[DoorFinding], say: Say = str) -> list[Row]:
    """One JSON object per finding. Times are RFC 3339 in UTC."""
    return [row(finding, say) for finding in findings]


def row(finding: DoorFinding, say: Say = str) -> Row:
    """The JSON object of one finding."""
    return {
        "domain": finding.domain,
        "name": finding.name,
        "door": finding.door.value,
        "port": finding.port,
        "address": finding.address,
        "tls": finding.tls.value,
        "sni": finding.sni,
        "verdict": finding.verdict.value,
        "code": finding.code,
        "reason": say(finding.reason),
        "remedy": say(finding.remedy),
        "served_sha256": finding.served_sha256,
        "wanted_sha256": finding.wanted_sha256,
        "not_after": None if finding.not_after is None else finding.not_after.isoformat(),
        "protocol": finding.protocol,
        "checked_at": finding.checked_at.isoformat(),
        "also": list(finding.also),
        "key": "rsa" if finding.rsa_only else "any",
    }


def server_verdict(findings: Iterable[DoorFinding], role: Role = Role.MAIL) -> Verdict:
    """How the server's own certificate stands: the worst of what its doors show under its own name, an unknown one and
    none. UNKNOWN when nobody looked."""
    return worst([f.verdict for f in findings if f.domain == SERVER and f.door.kind.role is role])


def server_note(findings: Sequence[DoorFinding]) -> Sentence | None:
    """A9: what a domain's certificate means while the server itself isn't secured. None: the server is secured."""
    own = [f for f in findings if f.domain == SERVER and f.door.kind.role is Role.MAIL]
    verdict = server_verdict(findings)
    if verdict in (Verdict.PASS, Verdict.WARN):
        return None
    if verdict is Verdict.UNKNOWN:
        return _SERVER_UNKNOWN
    codes = {code for f in own for code in (f.code, *f.also)}
    return _SERVER_SELF_SIGNED if "self-signed" in codes else _SERVER_NOT_SECURED


_SERVER_SELF_SIGNED = Sentence(
    "The mail server itself still shows its self-signed certificate. A certificate of a domain protects people who "
    "ask for that domain's names; other mail servers, and clients that use the server's own name or send none, still "
    "meet the self-signed one and can't know whom they talk to. The provider ends this with: mailward secure server"
)
_SERVER_NOT_SECURED = Sentence(
    "The mail server itself is not secured: what it shows under its own name is not accepted. A certificate of a "
    "domain protects only those who ask for that domain's names. The provider ends this with: mailward secure server"
)
_SERVER_UNKNOWN = Sentence(
    "Nobody knows whether the mail server itself is secured, since its own name was not looked at or did not answer. A "
    "certificate of a domain protects only those who ask for that domain's names. Look with: mailward verify"
)
