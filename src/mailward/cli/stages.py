"""Progress on standard error: one line a stage, with the time it took; on a terminal, the running stage moves."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from mailward.cli.language import tell
from mailward.model.sentence import Sentence


class _Running:
    """The innermost stage, drawn anew several times a second."""

    def __init__(self, text: str, since: float, monotonic: Callable[[], float]) -> None:
        self._spinner = Spinner("dots", style="cyan")
        self._text = text
        self._since = since
        self._monotonic = monotonic

    def __rich__(self) -> Spinner:
        self._spinner.update(text=Text.assemble(self._text, (f"  {self._monotonic() - self._since:.1f} s", "dim")))
        return self._spinner


class Stages:
    """A ``model.progress.Progress`` for people. Stages nest: inner ones are indented."""

    def __init__(self, console: Console, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._monotonic = monotonic
        self._running: list[_Running] = []
        self._live: Live | None = None

    @contextmanager
    def stage(self, sentence: Sentence) -> Iterator[None]:
        text, started = tell(sentence), self._monotonic()
        self._running.append(_Running(text, started, self._monotonic))
        self._draw()
        mark, style = "✗", "bold red"
        try:
            yield
            mark, style = "✓", "green"
        finally:
            self._running.pop()
            self._draw()
            self._line(mark, style, text, f"  {self._monotonic() - started:.1f} s")

    def note(self, sentence: Sentence) -> None:
        self._line("·", "cyan", tell(sentence), "")

    def _line(self, mark: str, style: str, text: str, elapsed: str) -> None:
        indent = "  " * len(self._running)
        self._console.print(Text.assemble(indent, (mark, style), " ", text, (elapsed, "dim")), soft_wrap=True)

    def _draw(self) -> None:
        if not self._console.is_terminal:
            return
        if not self._running:
            if self._live is not None:
                self._live.stop()
                self._live = None
        elif self._live is None:
            self._live = Live(self._running[-1], console=self._console, transient=True, refresh_per_second=10)
            self._live.start()
        else:
            self._live.update(self._running[-1])
