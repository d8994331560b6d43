"""``test`` and ``bench``: what continuous integration runs, and what measures. Both work on the clone, not on an instance.

All stages run, also after one has failed, and the summary names every one that did. Tests that start no daemons run side by
side, one process a core; the others measure patience in seconds, and have the machine to themselves.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from mailward import bootstrap
from mailward.cli.app import FINE, NOT_WELL
from mailward.cli.command import Body, command, in_clone
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.host.passthrough import run_here
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

_BIN = Path(sys.executable).parent
_PYTHON = sys.executable


@dataclass(frozen=True)
class Stage:
    """One program that must end with 0."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    stage: Stage
    code: int
    seconds: float


PYTEST = Stage("pytest", (_PYTHON, "-m", "pytest"))
SIDE_BY_SIDE = ("tests/unit", "tests/golden")
ALONE = ("tests/contract", "tests/real", "tests/faults")

STAGES: tuple[Stage, ...] = (
    Stage("ruff check", (_PYTHON, "-m", "ruff", "check", ".")),
    Stage("ruff format", (_PYTHON, "-m", "ruff", "format", "--check", ".")),
    Stage("mypy", (_PYTHON, "-m", "mypy")),
    Stage("lint-imports", (str(_BIN / "lint-imports"),)),
    # H015: our own way of breaking lines. H037: a field's two forms look like one tag to it.
    # H052: without JavaScript a run is followed by loading the page again, and only while it goes on.
    Stage(
        "djlint",
        (
            _PYTHON,
            "-m",
            "djlint",
            "src/mailward/panel/templates",
            "src/mailward/api/templates",
            "--profile",
            "django",
            "--lint",
            "--quiet",
            "--ignore",
            "H015,H037,H052",
        ),
    ),
    Stage("side by side", (*PYTEST.argv, "-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", *SIDE_BY_SIDE)),
    Stage("alone", (*PYTEST.argv, *ALONE)),
)


def _passing_on(body: Body) -> Body:
    """Arguments that are another program's, options included."""
    return click.argument("arguments", nargs=-1, type=click.UNPROCESSED)(body)


@command("test", context_settings={"ignore_unknown_options": True})
@in_clone
@_passing_on
def test(face: Face, clone: Path, arguments: tuple[str, ...]) -> int:
    bootstrap.install_packages(face.progress(), with_tests=True)
    stages = (Stage(PYTEST.name, (*PYTEST.argv, *arguments)),) if arguments else STAGES
    ended = run_stages(stages, lambda stage: run_here(stage.argv, cwd=clone), face.err.print)
    summarise(ended, face.err.print)
    return FINE if all(one.code == 0 for one in ended) else NOT_WELL


@command("bench", context_settings={"ignore_unknown_options": True})
@in_clone
@click.argument("name")
@_passing_on
def bench(face: Face, clone: Path, name: str, arguments: tuple[str, ...]) -> int:
    known = sorted(file.stem for file in (clone / "bench").glob("*.py") if not file.stem.startswith("_"))
    if name not in known:
        raise BadInput(
            "name",
            Sentence("there is no measurement called {name}", name=name),
            Sentence("Choose one of: {names}", names=", ".join(known)),
        )
    bootstrap.install_packages(face.progress(), with_tests=True)
    return run_here((_PYTHON, str(clone / "bench" / f"{name}.py"), *arguments), cwd=clone)


def run_stages(stages: Sequence[Stage], run: Callable[[Stage], int], say: Callable[[str], None]) -> tuple[Ended, ...]:
    """Run every stage, whatever became of the ones before it."""
    ended: list[Ended] = []
    for stage in stages:
        say(f"\n── {stage.name}")
        started = time.monotonic()
        code = run(stage)
        ended.append(Ended(stage, code, time.monotonic() - started))
        if code:
            said = Sentence("{stage} failed (exit code {code})", stage=stage.name, code=code)
            say(f"✗ {tell(said)}")
    return tuple(ended)


def summarise(ended: Sequence[Ended], say: Callable[[str], None]) -> None:
    """One line a stage; the last line says how it went."""
    say("")
    for one in ended:
        say(f"{'✓' if one.code == 0 else '✗'} {one.stage.name:<14}{one.seconds:8.1f} s")
    failed = [one.stage.name for one in ended if one.code]
    end = (
        Sentence("Not well: {stages}. Each failure is shown above.", stages=", ".join(failed))
        if failed
        else Sentence("Everything passed in {seconds} s.", seconds=f"{sum(one.seconds for one in ended):.0f}")
    )
    say(f"{'✗' if failed else '✓'} {tell(end)}")
