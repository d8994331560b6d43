#!/usr/bin/env python3
"""``up`` with the packages present: on an empty directory, again with nothing to do, and after ``down``. Each is a process
of its own, as people start it; the stages are those that they see."""

import argparse
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _figures import Report, median, run, version
from _host import destroy, directory, free_base_port, undisturbed

from mailward import bootstrap
from mailward.model.sentence import Sentence

CLONE = Path(__file__).parent.parent
KINDS = ("empty directory", "nothing to do", "after down")


def bench(asked: argparse.Namespace, report: Report) -> None:
    runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for number in range(1 if asked.quick else asked.times):
        with directory() as parent:
            root, base = parent / "i", free_base_port()
            try:
                for kind in KINDS[: 2 if asked.quick else 3]:
                    if kind == "after down":
                        bootstrap.open_instance(root).take_down(Quiet())
                    runs[kind].append(_up(root, base))
                    report.say(f"{kind}, number {number + 1}: {runs[kind][-1]['seconds']:.1f} s")
            finally:
                with undisturbed():
                    destroy(root)
    _tell(report, {kind: found for kind, found in runs.items() if found})


def _up(root: Path, base: int) -> dict[str, Any]:
    """One ``up`` in a process of its own, which times its stages."""
    began = time.monotonic()
    argv = [sys.executable, str(Path(__file__)), "--one", str(root), str(base)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"up ended with {done.returncode}: {done.stderr[-800:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"seconds": time.monotonic() - began}


@dataclass
class Timed:
    """A Progress that keeps the outermost stages and their seconds, in order."""

    stages: list[tuple[str, float]] = field(default_factory=list)
    _depth: int = 0

    @contextlib.contextmanager
    def stage(self, sentence: Sentence) -> Iterator[None]:
        began = time.monotonic()
        self._depth += 1
        yield
        self._depth -= 1
        if not self._depth:
            self.stages.append((str(sentence), time.monotonic() - began))

    def note(self, sentence: Sentence) -> None:
        return None


class Quiet(Timed):
    """Nobody is looking."""


def one(root: Path, base: int) -> int:
    """What the child does: ``up``, and its figures on stdout."""
    progress = Timed()
    made = bootstrap.bring_up(root, bootstrap.UpWish(base_port=base), progress)
    stages = [(what.replace(str(root), "…"), seconds) for what, seconds in progress.stages]
    found = {"stages": stages, "inside": made.seconds, "changed": made.changed, "doors": len(made.findings)}
    print(json.dumps(found))
    return 0


def _tell(report: Report, runs: dict[str, list[dict[str, Any]]]) -> None:
    table = report.table("Seconds of ./mailward up (medians)", "stage", *runs)
    stages = list(dict.fromkeys(what for found in runs.values() for one in found for what, _ in one["stages"]))
    for stage in stages:
        values = [[sum(s for what, s in one["stages"] if what == stage) for one in found] for found in runs.values()]
        table.rows.append((stage, *(median(each) if any(each) else None for each in values)))
    outside = [median([one["seconds"] - one["inside"] for one in found]) for found in runs.values()]
    table.rows.append(("Python's start and end", *outside))
    whole = [median([one["seconds"] for one in found]) for found in runs.values()]
    table.rows.append(("together", *whole))
    for kind, seconds in zip(runs, whole, strict=True):
        report.figure(f"seconds_{kind.replace(' ', '_')}", seconds)
    first = runs[KINDS[0]]
    table.notes += [
        f"median of {len(first)}; each ends with {first[0]['doors']} real connections to the doors; the second says that "
        f"it changed nothing: {not runs[KINDS[1]][0]['changed']}",
        f"the launcher's own look at the Python packages comes on top: {_launcher():.2f} s",
        version("postfix", "dovecot-core", "nginx", "knot", "pebble", "roundcube-core", "php8.2-fpm"),
    ]
    report.figure("second_up_changed_nothing", str(not runs[KINDS[1]][0]["changed"]))


def _launcher() -> float:
    """What ./mailward takes longer than the program it starts."""
    said = ["--version"]
    direct = min(_timed([sys.executable, "-m", "mailward", *said]) for _ in range(3))
    return max(0.0, min(_timed([str(CLONE / "mailward"), *said]) for _ in range(3)) - direct)


def _timed(argv: Sequence[str]) -> float:
    began = time.monotonic()
    subprocess.run(argv, capture_output=True, check=True)
    return time.monotonic() - began


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--times", type=int, default=3, help="how often everything is done (default: 3)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.exit(one(Path(sys.argv[2]), int(sys.argv[3])))
    sys.exit(run("up", __doc__ or "", bench, _arguments))
