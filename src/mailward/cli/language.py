"""The language of this run of the command line, and what may be written to a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mailward.model.sentence import Sentence
from mailward.words import SOURCE, say

_LANGUAGE: ContextVar[str] = ContextVar("language", default=SOURCE)


def current() -> str:
    return _LANGUAGE.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything said inside is said in ``language``."""
    token = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def tell(sentence: Sentence) -> str:
    """The sentence in this run's language, fit for a terminal."""
    return printable(say(_held_in(sentence), current()))


def _held_in(sentence: Sentence) -> Sentence:
    """With the lines of its values indented: text from outside never looks like a line of ours."""
    values = {k: _held_in(v) if isinstance(v, Sentence) else v.replace("\n", "\n    ") for k, v in sentence.values}
    return Sentence(sentence.template, **values)


_HARMLESS = "\n\t\u00a0\u202f"


def printable(text: str) -> str:
    """``text`` without what steers a terminal: what a server says must not move the reader's cursor.

    French sets its double signs off with no-break spaces, which Python counts as not printable.
    """
    return "".join(character if character in _HARMLESS or character.isprintable() else "�" for character in text)
