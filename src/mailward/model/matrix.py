"""Findings as people look at them: a row for each name, a column for each door, the worst finding in each cell."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from mailward.model.doors import Door
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.verdict import Verdict, worst


@dataclass(frozen=True)
class Cell:
    """What was found at one door under one name, at every address; the worst first. Empty: nobody looked."""

    findings: tuple[DoorFinding, ...]

    @property
    def verdict(self) -> Verdict:
        return worst([finding.verdict for finding in self.findings])

    @property
    def code(self) -> str:
        return self.findings[0].code if self.findings else ""


@dataclass(frozen=True)
class Row:
    """``name`` "" is a client that sends no name. ``cells`` stand in the order of the matrix's doors; None: no such
    question exists (a webmail name is not asked for at the mail doors)."""

    domain: str
    name: str
    cells: tuple[Cell | None, ...]

    @property
    def verdict(self) -> Verdict:
        return worst([cell.verdict for cell in self.cells if cell is not None])


@dataclass(frozen=True)
class Matrix:
    doors: tuple[Door, ...]
    rows: tuple[Row, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all; of nothing: unknown."""
        return worst([row.verdict for row in self.rows])


def matrix(findings: Iterable[DoorFinding]) -> Matrix:
    """The rows by domain (the server last), then by name; the doors in the order of ``Door``."""
    ordered = sorted(findings, key=_place)
    doors = tuple(door for door in Door if any(finding.door is door for finding in ordered))
    rows = tuple(
        Row(domain, name, tuple(_cell(list(group), door) for door in doors))
        for (domain, name), group in (
            (key, list(found)) for key, found in groupby(ordered, key=lambda finding: (finding.domain, finding.name))
        )
    )
    return Matrix(doors, rows)


def worst_first(findings: Iterable[DoorFinding]) -> tuple[DoorFinding, ...]:
    """What is not well, the worst first, then in the order of the matrix."""
    unwell = [finding for finding in findings if finding.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)]
    return tuple(sorted(unwell, key=lambda finding: (-finding.verdict.severity, _place(finding))))


def _place(finding: DoorFinding) -> tuple[bool, str, bool, str, int, str]:
    doors = list(Door)
    return (
        finding.domain == SERVER,
        finding.domain,
        finding.name == "",
        finding.name,
        doors.index(finding.door),
        finding.address,
    )


def _cell(findings: list[DoorFinding], door: Door) -> Cell | None:
    here = sorted((finding for finding in findings if finding.door is door), key=lambda finding: -finding.verdict.severity)
    return Cell(tuple(here)) if here else None
