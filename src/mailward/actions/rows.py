"""What actions answer: rows as frozen values, the same for the command line, the pages and the API."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from mailward.model.runs import RunKind, RunState, Step
from mailward.model.sentence import Sentence

T = TypeVar("T")


@dataclass(frozen=True)
class Listed(Generic[T]):
    """A part of a list: ``rows`` of the ``total`` that were searched for and are in reach."""

    rows: tuple[T, ...]
    total: int

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class StepRow:
    step: Step
    seconds: float | None  # None: it never ended


@dataclass(frozen=True)
class ChangeRow:
    path: str
    kind: str
    sentence: Sentence
    diff: str


@dataclass(frozen=True)
class RunRow:
    id: int
    kind: RunKind
    state: RunState
    subject: str
    asked_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    what: Sentence
    remedy: Sentence
    steps: tuple[StepRow, ...]
    changes: tuple[ChangeRow, ...]
    generation: int | None
    previous: int | None
    domain: str = ""  # whose it is; "": the host's


@dataclass(frozen=True)
class CustomerRow:
    name: str
    domains: int


@dataclass(frozen=True)
class DomainRow:
    """A domain and the ids of the lineages it has chosen (None: the server's own certificate)."""

    name: str
    customer: str
    webmail: str | None
    mail: str | None
    mailboxes: int


@dataclass(frozen=True)
class MailboxRow:
    address: str
    active: bool  # False: nobody can log in; mail is taken in all the same
    quota_bytes: int
    app_passwords: int = 0


@dataclass(frozen=True)
class AppPasswordRow:
    """A password for programs, never the password itself. ``selector`` is its first eight characters: its name."""

    selector: str
    label: str
    protocols: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    last_used_from: str  # an IP address; "": never used


@dataclass(frozen=True)
class AliasRow:
    address: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class CertificateRow:
    """A lineage as people choose it. ``chosen_for``: "webmail of alpha.test", "mail of alpha.test", "server" …"""

    id: str
    domain: str
    source: str
    names: tuple[str, ...]
    challenge: str
    ca: str
    current: int | None
    not_before: datetime | None
    not_after: datetime | None
    issuer: str
    sha256: str
    renew_at: datetime | None
    failures: int
    failure: Sentence
    retry_at: datetime | None
    revoked_at: datetime | None
    chosen_for: tuple[str, ...]
    key_type: str = ""  # what the next version will have; "": it comes from elsewhere
    companion_sha256: str = ""  # of the RSA companion


@dataclass(frozen=True)
class VersionRow:
    number: int
    sha256: str
    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    created_at: datetime
    served: bool
    companion_sha256: str = ""
