"""What every bench prints: the machine, tables with notes, and with ``--json`` the same as JSON.

A bench is a function that is handed the arguments and a Report. Nothing is written but below its own temporary directory
and, after a whole run, ``bench/results/<name>.json`` (git-ignored). Ctrl-C and SIGTERM leave by the same ``finally``.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
Cell = str | int | float | None


@dataclass
class Table:
    """Rows of figures under a title. ``notes`` say what a reader must know to judge them."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def machine() -> dict[str, Cell]:
    """Where and when it is measured. Others' work on the same machine shows in ``load_before`` and ``load_after``."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processors": os.cpu_count() or 0,
        "processor": model.partition(":")[2].strip() or platform.machine(),
        "memory_gib": round(int(memory.split()[1]) / 2**20, 1),
        "kernel": platform.release(),
        "load_before": load(),
    }


def load() -> float:
    """How many processes wanted to run, on average over the last minute."""
    return os.getloadavg()[0]


@dataclass
class Report:
    """Collects tables and named figures; what goes on is told on stderr, with the time since the start."""

    bench: str
    quick: bool
    started: float = field(default_factory=time.monotonic)
    tables: list[Table] = field(default_factory=list)
    figures: dict[str, Cell] = field(default_factory=dict)
    machine: dict[str, Cell] = field(default_factory=machine)

    def table(self, title: str, *columns: str) -> Table:
        self.tables.append(Table(title, columns))
        return self.tables[-1]

    def figure(self, name: str, value: Cell) -> None:
        """One number by a stable name, for whoever compares runs."""
        self.figures[name] = round(value, 4) if isinstance(value, float) else value

    def say(self, what: str) -> None:
        print(f"[{time.monotonic() - self.started:7.1f} s] {what}", file=sys.stderr, flush=True)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def version(*packages: str) -> str:
    """The Debian versions of packages, for the notes."""
    shown = "${Package} ${Version}\\n"
    done = subprocess.run(["dpkg-query", "-W", f"-f={shown}", *packages], capture_output=True, text=True, check=False)
    return ", ".join(done.stdout.splitlines())


def run(
    name: str,
    says: str,
    measure: Callable[[argparse.Namespace, Report], None],
    arguments: Callable[[argparse.ArgumentParser], None] = lambda _parser: None,
) -> int:
    """Parse the command line, measure, print. 130 after Ctrl-C, when all that was started is gone."""
    parser = argparse.ArgumentParser(prog=f"mailward bench {name}", description=says)
    parser.add_argument("--quick", action="store_true", help="small numbers: whether it works, not how fast it is")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    arguments(parser)
    asked = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("it starts mail, web and DNS servers: run it as root")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    report = Report(name, asked.quick)
    try:
        measure(asked, report)
    except KeyboardInterrupt:
        report.say("stopped")
        return 130
    report.machine["load_after"] = load()
    text = json.dumps(asdict(report) | {"seconds": round(time.monotonic() - report.started, 1)}, indent=2)
    if not asked.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text if asked.json else shown(report))
    return 0


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def shown(report: Report) -> str:
    """The tables as text."""
    facts = report.machine
    lines = [
        f"{report.bench}: {facts['date']}, {facts['processors']} x {facts['processor']}, {facts['memory_gib']} GiB, "
        f"Linux {facts['kernel']}; load {facts['load_before']:.2f} before, {facts['load_after']:.2f} after"
    ]
    for table in report.tables:
        rows = [table.columns, *(tuple(_cell(cell) for cell in row) for row in table.rows)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
        lines += ["", table.title]
        for row in rows:
            first, *rest = (cell.ljust(widths[0]) if i == 0 else cell.rjust(widths[i]) for i, cell in enumerate(row))
            lines.append("  " + "  ".join([first, *rest]).rstrip())
        lines += [f"  - {note}" for note in table.notes]
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:,.3f}" if abs(cell) < 10 else f"{cell:,.1f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
