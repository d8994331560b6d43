"""The daemons' logs: their last lines, and what is added."""

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import click

from mailward.cli.language import printable
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

Log = tuple[str, Path]


def chosen(files: Sequence[Log], daemon: str | None) -> Sequence[Log]:
    """The logs of ``daemon``, or all of them."""
    found = [file for file in files if daemon in (None, file[0])]
    if not found:
        raise BadInput(
            "daemon",
            Sentence("there is no log called {name}", name=daemon or ""),
            Sentence("Choose one of: {names}", names=", ".join(sorted({name for name, _ in files}))),
        )
    return found


def show(files: Sequence[Log], lines: int, follows: bool, seconds: float = 0.3) -> None:
    """Print the last ``lines`` of each; then, if asked, whatever is added until the reader stops."""
    opened: list[tuple[str, IO[str]]] = []
    for name, path in files:
        if path.is_file():
            stream: IO[str] = path.open(encoding="utf-8", errors="replace")
            for line in deque(stream, maxlen=lines):
                _say(name, line)
            opened.append((name, stream))
    while follows:
        for name, added in opened:
            for line in added:
                _say(name, line)
        time.sleep(seconds)


def _say(name: str, line: str) -> None:
    click.echo(f"{name} | {printable(line.rstrip())}")
