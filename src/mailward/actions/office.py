"""What every action is handed: the instance's settings, the time, and the half of the seal that closes."""

from collections.abc import Callable
from dataclasses import dataclass

from mailward.certificates.suffixes import SHORT_LIST, Suffixes
from mailward.model.layout import Layout
from mailward.model.outside import Clock, Seal
from mailward.model.sentence import Sentence
from mailward.model.settings import Settings


@dataclass(frozen=True)
class Office:
    """Where people's wishes are taken in. It has no way to touch the host."""

    layout: Layout
    settings: Settings
    clock: Clock
    seal: Seal
    hash_password: Callable[[str], str]
    make_password: Callable[[], str]
    hash_app_password: Callable[[str], str]
    is_breached: Callable[[str], bool]  # whether a password stands in a list that thieves have
    trust_roots: Callable[[], bytes]  # PEM of the roots that uploaded chains must lead to
    suffixes: Callable[[], Suffixes] = lambda: SHORT_LIST  # under which names people register theirs


@dataclass(frozen=True)
class Asked:
    """The run that was asked for. ``secret`` is shown once (a password made here)."""

    run_id: int
    warnings: tuple[Sentence, ...] = ()
    secret: str | None = None

    def __repr__(self) -> str:
        return f"Asked(run {self.run_id})"
