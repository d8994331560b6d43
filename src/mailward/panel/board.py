"""What pages say of doors, as values: computed from the latest findings and the time, nothing else.

Unknown is never green: what was not looked at, or not lately, is unknown, whatever it was before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailward.audit import report
from mailward.model.doors import Door, Role
from mailward.model.findings import SERVER, STALE_AFTER, DoorFinding
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict, worst

_ANY = datetime.min

STATES = {
    Verdict.PASS: Sentence("safe"),
    Verdict.WARN: Sentence("warning"),
    Verdict.FAIL: Sentence("not safe"),
    Verdict.UNKNOWN: Sentence("unknown"),
    Verdict.NOT_APPLICABLE: Sentence("does not apply"),
}


@dataclass(frozen=True)
class Cell:
    """One door under one name. ``findings``: one per address, the worst first; empty: this name isn't asked there."""

    door: Door
    findings: tuple[DoorFinding, ...]

    @property
    def verdict(self) -> Verdict:
        return worst([finding.verdict for finding in self.findings])

    @property
    def state(self) -> Sentence:
        return STATES[self.verdict]

    @property
    def code(self) -> str:
        return self.findings[0].code if self.findings else ""

    @property
    def evidence(self) -> tuple[tuple[str, DoorFinding], ...]:
        """The findings with their addresses; those that differ in nothing else are one, as old as the oldest."""
        grouped: dict[DoorFinding, list[DoorFinding]] = {}
        for finding in self.findings:
            grouped.setdefault(replace(finding, address="", checked_at=_ANY), []).append(finding)
        return tuple(
            (", ".join(finding.address for finding in same), min(same, key=lambda finding: finding.checked_at))
            for same in grouped.values()
        )


@dataclass(frozen=True)
class Row:
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Link:
    """One connection of the transmission chain, and how it stands."""

    title: Sentence
    verdict: Verdict
    what: Sentence

    @property
    def state(self) -> Sentence:
        return STATES[self.verdict]


@dataclass(frozen=True)
class Problem:
    """Findings that say the same, said once. ``where``: name and doors."""

    verdict: Verdict
    code: str
    reason: Sentence
    remedy: Sentence
    where: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Subject:
    """A domain, or the server itself."""

    domain: str
    chain: tuple[Link, ...]
    doors: tuple[Door, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    note: Sentence | None = None

    @property
    def is_server(self) -> bool:
        return self.domain == SERVER

    @property
    def verdict(self) -> Verdict:
        """The worst of its own doors; safe doors on a server that isn't safe are a warning (A9)."""
        own = worst([cell.verdict for row in self.rows for cell in row.cells if cell.findings])
        return Verdict.WARN if own is Verdict.PASS and self._server_is_not_safe else own

    @property
    def worst_look(self) -> Verdict:
        """The worst of what is shown of it, whatever the server is."""
        return worst([cell.verdict for row in self.rows for cell in row.cells if cell.findings])

    @property
    def state(self) -> Sentence:
        if self.verdict is Verdict.WARN and self._server_is_not_safe:
            return Sentence("its own doors are safe, the server's are not")
        return STATES[self.verdict]

    @property
    def _server_is_not_safe(self) -> bool:
        return not self.is_server and self.chain[-1].verdict in (Verdict.FAIL, Verdict.UNKNOWN)


def as_of(findings: Iterable[DoorFinding], now: datetime, stale_after: timedelta = STALE_AFTER) -> list[DoorFinding]:
    """The findings as they may be believed at ``now``: an old one is unknown."""
    return [_believed(finding, now, stale_after) for finding in findings]


def _believed(finding: DoorFinding, now: datetime, stale_after: timedelta) -> DoorFinding:
    if now - finding.checked_at <= stale_after:
        return finding
    minutes = int((now - finding.checked_at).total_seconds() // 60)
    said = Sentence("This was last looked at {minutes} minutes ago, and found: {code}.", minutes=minutes, code=finding.code)
    return replace(
        finding, verdict=Verdict.UNKNOWN, code="stale", reason=said, remedy=Sentence("Look again with: mailward verify")
    )


def subject(domain: str, findings: Sequence[DoorFinding], server: Sequence[DoorFinding]) -> Subject:
    """All there is to say about ``domain`` (its findings), on a server (the server's own findings)."""
    doors = tuple(door for door in Door if any(finding.door is door for finding in findings))
    names = dict.fromkeys(finding.name for finding in findings)
    rows = tuple(Row(name, tuple(_cell(findings, name, door) for door in doors)) for name in names)
    note = report.server_note(server) if domain == SERVER else None
    return Subject(domain, _chain(findings, server), doors, rows, _problems(findings), note)


def _cell(findings: Sequence[DoorFinding], name: str, door: Door) -> Cell:
    here = [finding for finding in findings if finding.name == name and finding.door is door]
    return Cell(door, tuple(sorted(here, key=lambda finding: -finding.verdict.severity)))


def _chain(findings: Sequence[DoorFinding], server: Sequence[DoorFinding]) -> tuple[Link, ...]:
    """The three connections of a message's way. Other servers ask for the server's own name, whatever the domain."""
    web = [finding for finding in findings if finding.door.kind.role is Role.WEB]
    mail = [finding for finding in findings if finding.door.kind.role is Role.MAIL and finding.door is not Door.SMTP]
    others = [finding for finding in server if finding.door is Door.SMTP]
    return (
        _link(Sentence("Browser to webmail"), web),
        _link(Sentence("Mail program to this server"), mail),
        _link(Sentence("Other mail servers to this server"), others),
    )


def _link(title: Sentence, findings: Sequence[DoorFinding]) -> Link:
    if not findings:
        return Link(title, Verdict.UNKNOWN, Sentence("Nobody has looked yet."))
    heaviest = max(findings, key=lambda finding: finding.verdict.severity)
    if heaviest.verdict is Verdict.PASS:
        return Link(title, Verdict.PASS, Sentence("Encrypted, and proven to be this server."))
    return Link(title, heaviest.verdict, heaviest.reason)


def _problems(findings: Sequence[DoorFinding]) -> tuple[Problem, ...]:
    """One for each kind; what says it first (the name that was promised) stands for the others, which ``where`` lists."""
    grouped: dict[tuple[Verdict, str, str], tuple[DoorFinding, dict[str, dict[str, None]]]] = {}
    unwell = (finding for finding in findings if finding.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE))
    for finding in sorted(unwell, key=lambda finding: -finding.verdict.severity):
        _, names = grouped.setdefault((finding.verdict, finding.code, finding.reason.template), (finding, {}))
        names.setdefault(finding.name, {})[finding.door.value] = None
    return tuple(
        Problem(
            first.verdict, first.code, first.reason, first.remedy, tuple((name, ", ".join(d)) for name, d in names.items())
        )
        for first, names in grouped.values()
    )
