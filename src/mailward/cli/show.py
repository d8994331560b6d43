"""What else the command line prints: tables of rows, plans, runs, and the screen at the end of ``up``."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mailward.cli.language import printable, tell
from mailward.cli.show_doors import SIGNS, show_findings
from mailward.model.generations import Plan
from mailward.model.runs import RunState
from mailward.model.sentence import Sentence

if TYPE_CHECKING:
    from mailward.actions.rows import RunRow
    from mailward.bootstrap import HostStatus, UpReport

_ENDS = {
    RunState.WAITING: ("…", "cyan"),
    RunState.RUNNING: ("…", "cyan"),
    RunState.DONE: ("✓", "green"),
    RunState.UNCHANGED: ("✓", "green"),
    RunState.REFUSED: ("✗", "bold red"),
    RunState.UNDONE: ("↶", "yellow"),
    RunState.FAILED: ("✗", "bold red"),
}


def moment(at: datetime | None) -> str:
    """A time as people compare it: UTC, to the minute."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else "–"


def show_table(out: Console, headings: Sequence[Sentence], rows: Iterable[Sequence[str | Text]], empty: Sentence) -> None:
    """A plain table; when there is nothing to show, ``empty`` says so."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(tell(heading), overflow="fold")
    for row in rows:
        table.add_row(*[part if isinstance(part, Text) else printable(part) for part in row])
    if table.row_count:
        out.print(table)
    else:
        out.print(tell(empty))


def show_plan(out: Console, plan: Plan) -> None:
    """What would change: sentences, then the masked diffs, then which daemons have to do something."""
    if plan.is_empty:
        out.print(Text.assemble(("✓ ", "green"), tell(Sentence("Nothing would change: the host is as declared."))))
        return
    for change in plan.changes:
        out.print(f"• {tell(change.sentence)}")
    for change in plan.changes:
        show_diff(out, change.diff)
    for daemon, renewal in sorted(plan.renewals.items()):
        out.print(f"{daemon}: {renewal.value}", style="cyan")


def show_diff(out: Console, diff: str) -> None:
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in diff.splitlines():
        headline = line.startswith(("+++", "---"))
        out.print(Text(printable(line), style="bold" if headline else styles.get(line[:1], "")), soft_wrap=True)


def show_run(out: Console, run: "RunRow", *, diffs: bool = False) -> None:
    """How one run ended; with ``diffs``, all of it."""
    sign, style = _ENDS[RunState(run.state)]
    out.print(Text.assemble((f"{sign} ", style), tell(run.what) or f"{run.kind} {printable(run.subject)}: {run.state}"))
    if run.remedy.template:
        out.print(Padding(Text.assemble(("→ ", "cyan"), tell(run.remedy)), (0, 0, 0, 2)))
    if not diffs:
        return
    for step in run.steps:
        took = "…" if step.seconds is None else f"{step.seconds:.2f} s"
        out.print(f"  {step.step:<9}{took:>9}")
    for change in run.changes:
        out.print(f"• {tell(change.sentence)}")
        show_diff(out, change.diff)


def show_runs(out: Console, runs: Sequence["RunRow"]) -> None:
    headings = (Sentence("run"), Sentence("when"), Sentence("what"), Sentence("for"), Sentence("asked by"), Sentence("end"))
    rows = [
        (
            str(run.id),
            moment(run.created_at),
            str(run.kind),
            run.subject,
            run.asked_by,
            Text(f"{_ENDS[RunState(run.state)][0]} {run.state}", style=_ENDS[RunState(run.state)][1]),
        )
        for run in runs
    ]
    show_table(out, headings, rows, Sentence("Nothing was done yet."))


def show_status(out: Console, status: "HostStatus") -> None:
    sign, style = SIGNS[status.worst]
    when = (
        Sentence("The doors were last looked at: {when}", when=moment(status.checked_at))
        if status.checked_at
        else Sentence("Nobody has looked at the doors yet.")
    )
    out.print(Text.assemble((f"{sign} ", style), tell(when)))
    out.print(tell(Sentence("Configuration generation: {number}", number=status.generation or "–")))
    rows = [(_running(row.name, row.state), row.state) for row in status.daemons]
    headings = (Sentence("daemon"), Sentence("state"))
    show_table(out, headings, rows, Sentence("Nothing is running. Start it with ./mailward up"))


def _running(name: str, state: str) -> Text:
    return Text.assemble(("✓", "green") if state == "RUNNING" else ("✗", "bold red"), f" {printable(name)}")


def show_up(out: Console, report: "UpReport") -> None:
    """The proof, where to look, and what to try next."""
    show_findings(out, report.findings)
    out.print()
    out.print(tell(Sentence("Open in a browser")), style="bold")
    for label, url in report.addresses:
        out.print(Text.assemble(f"  {tell(label)}\n    ", (printable(url), "underline cyan")), soft_wrap=True)
    if report.passwords:
        out.print()
        out.print(tell(Sentence("Mailboxes, with passwords that are shown this once")), style="bold")
        for address, password in report.passwords:
            out.print(Text.assemble(f"  {printable(address)}  ", (password, "bold")), soft_wrap=True)
    out.print()
    changed = (
        Sentence("Everything is up after {seconds} s.", seconds=f"{report.seconds:.1f}")
        if report.changed
        else Sentence("Nothing had to be changed ({seconds} s).", seconds=f"{report.seconds:.1f}")
    )
    out.print(Text.assemble(("✓ ", "green"), tell(changed)))
