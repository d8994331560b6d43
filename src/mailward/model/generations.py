"""Configuration generations: whole, numbered, small; the flow's typed steps.

Each step of the flow takes the type the step before it made, so that a forgotten check or an ignored refusal does not
type-check: ``stage(Plan) -> Staged``, ``check(Staged) -> Checked | Rejected``, ``apply(Checked) -> Applied``,
``verify(Applied) -> Verified | Failed``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from mailward.model.findings import DoorFinding
from mailward.model.sentence import Sentence


@dataclass(frozen=True)
class File:
    """A rendered file: its place in the generation (``postfix/main.cf``), its bytes, and who may read it.

    ``secret`` bytes are masked in every diff.
    """

    path: PurePosixPath
    content: bytes
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    secret: bool = False


class Renewal(StrEnum):
    """What a daemon must do for a changed file to count: nothing, re-read its configuration, or start anew."""

    NOTHING = "nothing"
    RELOAD = "reload"
    RESTART = "restart"


@dataclass(frozen=True)
class Change:
    """One difference between what is served and what is wanted, as a sentence and (secrets masked) as a diff."""

    path: PurePosixPath
    kind: str  # added, changed, removed
    sentence: Sentence
    diff: str


@dataclass(frozen=True)
class Generation:
    """A whole configuration: every file of every daemon, by path."""

    files: Mapping[PurePosixPath, File]


@dataclass(frozen=True)
class Observation:
    """What the host has now: the number and files of the current generation (None: never applied), running daemons."""

    number: int | None
    files: Mapping[PurePosixPath, bytes]
    running: frozenset[str]
    secret: frozenset[PurePosixPath] = frozenset()  # those of the files whose bytes nobody may see


@dataclass(frozen=True)
class Plan:
    """The difference, and what each daemon must do. No changes: nothing is staged, nothing is reloaded."""

    number: int
    generation: Generation
    changes: tuple[Change, ...]
    renewals: Mapping[str, Renewal]  # by daemon name; only those that must do something
    previous: int | None

    @property
    def is_empty(self) -> bool:
        return not self.changes and not self.renewals


@dataclass(frozen=True)
class Staged:
    """Written to disk as ``generations/N``, synced, read by nobody yet."""

    plan: Plan


@dataclass(frozen=True)
class Checked:
    """Accepted by every daemon's own checker and by ours."""

    plan: Plan


@dataclass(frozen=True)
class Refusal:
    """A checker's word: which daemon, what it said (no secrets), what to do."""

    daemon: str
    what: Sentence
    output: str


@dataclass(frozen=True)
class Rejected:
    """At least one checker refused: nothing was switched."""

    plan: Plan
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True)
class Applied:
    """``current`` points at it and the daemons were told; nothing is proven yet. ``untold`` says what could not be told:
    such a daemon may still have the old files while its door looks well."""

    plan: Plan
    untold: tuple[Sentence, ...] = ()


@dataclass(frozen=True)
class Verified:
    """Real connections said so."""

    plan: Plan
    findings: tuple[DoorFinding, ...]


@dataclass(frozen=True)
class Failed:
    """A real connection said no, or a daemon did not come back: apply(previous) follows."""

    plan: Plan
    findings: tuple[DoorFinding, ...]
    what: Sentence
