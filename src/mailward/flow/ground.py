"""What the flow stands on: the machine, handed in; and the recorder, which writes down how far a run came."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from mailward.model.findings import DoorFinding
from mailward.model.generations import Plan, Refusal
from mailward.model.layout import Layout
from mailward.model.outside import Clock, Files, Processes, SniTable, Supervisor
from mailward.model.runs import Step


@dataclass(frozen=True)
class Ground:
    """One host, as the flow may touch it."""

    layout: Layout
    files: Files
    processes: Processes
    supervisor: Supervisor
    sni: SniTable
    clock: Clock


class Recorder(Protocol):
    """Writes each step down before it is taken, so that a run killed at any moment can be told and taken up again."""

    def step(self, step: Step) -> AbstractContextManager[None]: ...
    def planned(self, plan: Plan) -> None:
        """The plan is about to be staged; its number and the previous one must be known after a crash."""
        ...


Look = Callable[[], tuple[DoorFinding, ...]]
"""Connects to the doors that a change concerns and says what was found."""

OwnCheck = Callable[[Plan], Refusal | None]
"""A check of ours over a staged generation, beside the daemons' own checkers, which are weak."""
