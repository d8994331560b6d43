"""How long work tells a person how far it has come. The faces implement it; the engines only speak."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from mailward.model.sentence import Sentence


class Progress(Protocol):
    """Receives the stages of a piece of work. Stages may nest; an exception that leaves a stage marks it as failed."""

    def stage(self, sentence: Sentence) -> AbstractContextManager[None]:
        """One stage, from entering to leaving: "Installing packages"."""
        ...

    def note(self, sentence: Sentence) -> None:
        """A remark in the running stage: something a person should know, but that stops nothing."""
        ...


class Quiet:
    """Nobody is looking."""

    def stage(self, sentence: Sentence) -> AbstractContextManager[None]:
        return nullcontext()

    def note(self, sentence: Sentence) -> None:
        return None
