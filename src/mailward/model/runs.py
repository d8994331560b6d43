"""Runs: everything that was ever done to the host, who asked for it, how far it came and how it ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailward.model.sentence import Sentence


class RunKind(StrEnum):
    CONFIGURATION = "configuration"
    CERTIFICATE = "certificate"
    DIRECTORY = "directory"
    ORDER = "order"
    ROLLBACK = "rollback"
    VERIFY = "verify"  # only looks: nothing is changed
    CLIENT = "client"  # only looks
    CHECK = "check"  # only looks: at DNS, and at what it points to
    CONTROL = "control"  # only looks: whether control of a domain is shown in DNS
    DNS = "dns"  # a domain's records are published, and seen at its authoritative servers


class RunState(StrEnum):
    """WAITING and RUNNING go on after a crash; the others are ends."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    UNCHANGED = "unchanged"  # nothing was to do
    REFUSED = "refused"  # a check said no; nothing was switched
    UNDONE = "undone"  # verification said no; the previous state is served again
    FAILED = "failed"  # it could not be done, and the host serves what it served before

    @property
    def is_end(self) -> bool:
        return self not in (RunState.WAITING, RunState.RUNNING)


SPOKEN_KINDS = {
    RunKind.CONFIGURATION: Sentence("configuration"),
    RunKind.CERTIFICATE: Sentence("certificate"),
    RunKind.DIRECTORY: Sentence("directory"),
    RunKind.ORDER: Sentence("order"),
    RunKind.ROLLBACK: Sentence("rollback"),
    RunKind.VERIFY: Sentence("look at the doors"),
    RunKind.CLIENT: Sentence("look as a mail program"),
    RunKind.CHECK: Sentence("look at DNS"),
    RunKind.CONTROL: Sentence("look for a proof of control"),
    RunKind.DNS: Sentence("DNS"),
}
SPOKEN_STATES = {
    RunState.WAITING: Sentence("waiting"),
    RunState.RUNNING: Sentence("running"),
    RunState.DONE: Sentence("done"),
    RunState.UNCHANGED: Sentence("unchanged"),
    RunState.REFUSED: Sentence("refused"),
    RunState.UNDONE: Sentence("undone"),
    RunState.FAILED: Sentence("failed"),
}
"""Kinds and states as people say them; the words above are for programs."""


class Step(StrEnum):
    """The flow's verbs, in their order."""

    ORDER = "order"  # only of runs that need a certificate from a CA first
    OBSERVE = "observe"
    PLAN = "plan"
    STAGE = "stage"
    CHECK = "check"
    APPLY = "apply"
    VERIFY = "verify"
    UNDO = "undo"
    RECORD = "record"


@dataclass(frozen=True)
class Waiting:
    """A run that isn't at its end: it waits for others (a CA, DNS), and needs nobody's time before this moment."""

    until: datetime


@dataclass(frozen=True)
class Outcome:
    """How a run ended, in one sentence, with what to do next when it did not end well."""

    state: RunState
    what: Sentence
    remedy: Sentence
    finished_at: datetime
