"""The doors on a terminal: the matrix, and under it what is not well, the worst first.

Every state has its own sign and its code, so that it reads without colour too.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mailward.audit import report
from mailward.audit.report import Cell, Matrix
from mailward.cli.language import printable, tell
from mailward.model.doors import Door
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict

SIGNS = {
    Verdict.PASS: ("✓", "green"),
    Verdict.WARN: ("!", "yellow"),
    Verdict.FAIL: ("✗", "bold red"),
    Verdict.UNKNOWN: ("?", "magenta"),
    Verdict.NOT_APPLICABLE: ("–", "dim"),
}

WORDS = {
    Verdict.PASS: Sentence("safe"),
    Verdict.WARN: Sentence("warning"),
    Verdict.FAIL: Sentence("not safe"),
    Verdict.UNKNOWN: Sentence("unknown"),
    Verdict.NOT_APPLICABLE: Sentence("does not apply"),
}


def show_findings(out: Console, findings: Sequence[DoorFinding]) -> None:
    """The matrix, the problems, and one line that sums up."""
    found = report.matrix(findings)
    problems = _problems(findings)
    if not found.rows:
        out.print(Text.assemble(("? ", "magenta"), tell(Sentence("Nobody has looked at the doors yet."))))
        return
    show_matrix(out, found)
    for places in problems:
        _show_problem(out, places)
    note = report.server_note(findings)
    if note is not None and any(finding.domain != SERVER for finding in findings):
        out.print()
        out.print(Text.assemble(("! ", "yellow"), tell(note)))
    out.print(_sum_up(findings))


def show_matrix(out: Console, found: Matrix) -> None:
    """With the codes in the cells where the terminal is wide enough, otherwise with the signs alone."""
    table = _table(found, with_codes=True)
    if Measurement.get(out, out.options.update(width=10_000), table).maximum > out.width:
        table = _table(found, with_codes=False)
    out.print(table)


def _table(found: Matrix, *, with_codes: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2 if with_codes else 1, 0, 0), header_style="bold")
    table.add_column("", overflow="fold")
    for door in found.doors:
        table.add_column(door.value if with_codes else _short(door), no_wrap=True)
    domain = None
    for row in found.rows:
        if row.domain != domain:
            domain = row.domain
            table.add_row(Text(subject(row.domain), style="bold underline"))
        table.add_row(Text("  " + name_of(row.name)), *[_cell(row.cells.get(door), with_codes) for door in found.doors])
    return table


def _short(door: Door) -> str:
    return {Door.SUBMISSION: "subm", Door.SUBMISSIONS: "subms"}.get(door, door.value)


def subject(domain: str) -> str:
    """The domain, or the server itself."""
    return tell(Sentence("the server")) if domain == SERVER else printable(domain)


def name_of(name: str) -> str:
    """The name a client asked for, as people read it."""
    return printable(name) if name else tell(Sentence("(no name sent)"))


def _cell(cell: Cell | None, with_codes: bool) -> Text:
    if cell is None:
        return Text("")
    sign, style = SIGNS[cell.verdict]
    code = f" {cell.code}" if with_codes and cell.verdict is not Verdict.PASS else ""
    return Text(sign + printable(code), style=style)


def _problems(findings: Sequence[DoorFinding]) -> list[list[DoorFinding]]:
    """Findings that say the same of the same domain are said once, in the words of the first, with all their places."""
    grouped: dict[tuple[str, Verdict, str, str], list[DoorFinding]] = {}
    unwell = (finding for finding in findings if finding.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE))
    for finding in sorted(unwell, key=lambda finding: -finding.verdict.severity):
        grouped.setdefault((finding.domain, finding.verdict, finding.code, finding.reason.template), []).append(finding)
    return list(grouped.values())


def _show_problem(out: Console, places: list[DoorFinding]) -> None:
    first = places[0]
    sign, style = SIGNS[first.verdict]
    reason, remedy = tell(first.reason), tell(first.remedy)
    out.print()
    out.print(Text.assemble((f"{sign} {printable(first.code)}", style), "  ", reason))
    doors_of: dict[str, list[str]] = {}
    for finding in places:
        doors = doors_of.setdefault(name_of(finding.name), [])
        if finding.door.value not in doors:
            doors.append(finding.door.value)
    where = " · ".join(f"{name}: {' '.join(doors)}" for name, doors in doors_of.items())
    out.print(Padding(Text(where, style="dim"), (0, 0, 0, 2), expand=False))
    if remedy:
        out.print(Padding(Text.assemble(("→ ", "cyan"), remedy), (0, 0, 0, 2), expand=False))


def _sum_up(findings: Sequence[DoorFinding]) -> Text:
    found = report.summary(findings)
    counted = (
        (Verdict.PASS, found.passed),
        (Verdict.WARN, found.warned),
        (Verdict.FAIL, found.failed),
        (Verdict.UNKNOWN, found.unknown),
    )
    parts = [
        Text(f"{SIGNS[verdict][0]} {count} {tell(WORDS[verdict])}", style=SIGNS[verdict][1])
        for verdict, count in counted
        if count
    ]
    return Text("\n") + Text("   ").join(parts)
