"""What else the command line prints: tables of rows, plans, runs, and the screen at the end of ``up``."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mailward.cli.language import printable, tell
from mailward.cli.show_board import show_boards
from mailward.cli.show_doors import SIGNS, show_findings
from mailward.model.findings import SERVER
from mailward.model.generations import Plan
from mailward.model.runs import SPOKEN_KINDS, SPOKEN_STATES, RunState
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict

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


def clock(at: datetime | None) -> str:
    """The same in a column whose heading says UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if at else "–"


def show_table(out: Console, headings: Sequence[Sentence], rows: Iterable[Sequence[str | Text]], empty: Sentence) -> None:
    """A plain table; when there is nothing to show, ``empty`` says so. The first column, by which things are named, is
    broken last."""
    kept = list(rows)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, heading in enumerate(headings):
        widest = 0 if number else max((len(row[0]) for row in kept), default=0)
        table.add_column(tell(heading), overflow="fold", min_width=min(widest, 34))
    for row in kept:
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
    sign, style = _ENDS[run.state]
    out.print(
        Text.assemble(
            (f"{sign} ", style),
            tell(run.what) or f"{tell(SPOKEN_KINDS[run.kind])} {printable(run.subject)}: {tell(SPOKEN_STATES[run.state])}",
        )
    )
    if run.remedy.template:
        out.print(Padding(Text.assemble(("→ ", "cyan"), tell(run.remedy)), (0, 0, 0, 2), expand=False))
    if not diffs:
        return
    for step in run.steps:
        took = "…" if step.seconds is None else f"{step.seconds:.2f} s"
        out.print(f"  {step.step:<9}{took:>9}")
    for change in run.changes:
        out.print(f"• {tell(change.sentence)}")
        show_diff(out, change.diff)


def show_runs(out: Console, runs: Sequence["RunRow"]) -> None:
    headings = (
        Sentence("run"),
        Sentence("when (UTC)"),
        Sentence("what"),
        Sentence("for"),
        Sentence("asked by"),
        Sentence("end"),
    )
    rows = [
        (
            str(run.id),
            clock(run.created_at),
            tell(SPOKEN_KINDS[run.kind]),
            run.subject,
            run.asked_by,
            Text(f"{_ENDS[run.state][0]} {tell(SPOKEN_STATES[run.state])}", style=_ENDS[run.state][1]),
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
    if status.reports_aside:
        aside = Sentence("{count} messages with reports could not be read: see reports/aside", count=status.reports_aside)
        out.print(Text.assemble(("! ", "yellow"), tell(aside)))
    rows = [(_running(row.name, row.state), row.state) for row in status.daemons]
    headings = (Sentence("daemon"), Sentence("state"))
    show_table(out, headings, rows, Sentence("Nothing is running. Start it with ./mailward up"))


def _running(name: str, state: str) -> Text:
    return Text.assemble(("✓", "green") if state == "RUNNING" else ("✗", "bold red"), f" {printable(name)}")


def _next_steps(report: "UpReport") -> list[tuple[Sentence, str]]:
    """Commands that fit what was found: cure the first domain that is not safe, ask for a client, look again."""
    failing = [f.domain for f in report.findings if f.verdict is Verdict.FAIL and f.domain != SERVER]
    domains = [*failing, *(f.domain for f in report.findings if f.domain != SERVER)]
    steps: list[tuple[Sentence, str]] = []
    if failing:
        cure = Sentence("Give {domain} a certificate of its own, and see it proven", domain=failing[0])
        steps.append((cure, f"./mailward secure {failing[0]}"))
    if domains:
        ask = Sentence("See what mail programs find for an address, and what they warn of")
        steps.append((ask, f"./mailward client somebody@{domains[0]}"))
    steps.append((Sentence("Connect to every door again"), "./mailward verify"))
    steps.append((Sentence("See what DNS says, and the records that cure what isn't green"), "./mailward check --all"))
    return steps


def show_up(out: Console, report: "UpReport") -> None:
    """The proof, where to look, and what to try next."""
    show_findings(out, report.findings)
    if report.checks:
        out.print()
        show_boards(out, report.checks)
    out.print()
    out.print(tell(Sentence("Open in a browser")), style="bold")
    for label, url in report.addresses:
        out.print(Text.assemble(f"  {tell(label)}\n    ", (printable(url), "underline cyan")), soft_wrap=True)
    if report.people:
        out.print()
        out.print(tell(Sentence("Sign in there as")), style="bold")
        for person in report.people:
            shown = Text.assemble(f"  {tell(person.role)}\n    {printable(person.email)}  ", (person.password, "bold"))
            out.print(shown, soft_wrap=True)
        again = Sentence("A password that got lost is made anew with: ./mailward people password ADDRESS")
        out.print(f"  {tell(again)}", soft_wrap=True)
    if report.passwords:
        out.print()
        out.print(tell(Sentence("Mailboxes to try, with the passwords made for them")), style="bold")
        for address, password in report.passwords:
            out.print(Text.assemble(f"  {printable(address)}  ", (password, "bold")), soft_wrap=True)
    out.print()
    out.print(tell(Sentence("What to try next")), style="bold")
    for what, line in _next_steps(report):
        out.print(Text.assemble(f"  {tell(what)}\n    ", (printable(line), "cyan")), soft_wrap=True)
    out.print()
    changed = (
        Sentence("Everything is up after {seconds} s.", seconds=f"{report.seconds:.1f}")
        if report.changed
        else Sentence("Nothing had to be changed ({seconds} s).", seconds=f"{report.seconds:.1f}")
    )
    out.print(Text.assemble(("✓ ", "green"), tell(changed)))
