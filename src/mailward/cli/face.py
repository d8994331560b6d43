"""What a command is given: the instance, the reader's language, and where results and progress go.

Results go to standard output (text, or JSON with ``--json``); progress, warnings and errors go to standard error.
"""

import getpass
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from mailward import bootstrap
from mailward.bootstrap import Mailward
from mailward.cli.as_json import as_json
from mailward.cli.language import tell
from mailward.cli.stages import Stages
from mailward.model.errors import NotPossible
from mailward.model.people import Actor
from mailward.model.sentence import Sentence

WIDE = 200


@dataclass(frozen=True)
class Face:
    """One command's run."""

    instance: Path
    language: str
    json: bool
    out: Console
    err: Console

    @classmethod
    def of(cls, instance: Path, language: str, *, as_json: bool) -> "Face":
        return cls(instance, language, as_json, _console(False), _console(True))

    @property
    def actor(self) -> Actor:
        """Who types: root, or who became root by sudo."""
        return Actor(getpass.getuser())

    def open(self) -> Mailward:
        return bootstrap.open_instance(self.instance)

    def progress(self) -> Stages:
        return Stages(self.err)

    def answer(self, value: object, show: Callable[[Console], None]) -> None:
        """The result: ``value`` as JSON, or what ``show`` prints."""
        if self.json:
            click.echo(as_json(value, self.language))
        else:
            show(self.out)

    def warn(self, warnings: Sequence[Sentence]) -> None:
        for warning in warnings:
            self.err.print(f"! {tell(warning)}", style="yellow")

    def be_sure(self, question: Sentence, yes: bool) -> None:
        """Ask before what can't be taken back. Without a terminal, only ``--yes`` will do."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise NotPossible(question, Sentence("Say --yes to do it."), code="not-confirmed")
        click.confirm(tell(question), abort=True, err=True)


def _console(stderr: bool) -> Console:
    """Into a file or pipe, nothing is broken at 80 characters."""
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = WIDE
    return console
