"""Runs: what is done to the host, and how it ended; and asking for the configuration to be applied or taken back."""

import threading
from time import monotonic, sleep
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router
from pydantic import BaseModel, Field

from mailward.actions import configuration, runs
from mailward.actions.rows import RunRow
from mailward.api.asked import Started, at, started
from mailward.api.paging import Search, list_of, listed
from mailward.api.shapes import LARGEST, shape_of
from mailward.api.wishes import Wish

router = Router()
configuration_router = Router()
Run = shape_of(RunRow, "Run")
RunNumber = Annotated[int, Path(ge=1, le=LARGEST, description="The run's number", example=12)]

LONGEST_WAIT = 25
WAITING = threading.BoundedSemaphore(2)
"""Who waits for a run holds one of the process' few threads: at most so many may, all others are answered at once."""


class HowLong(BaseModel):
    """How long to wait for the run's end."""

    wait: int = Field(0, ge=0, le=LONGEST_WAIT, description="Answer when it ends, at the latest after so many seconds")


class Earlier(Wish):
    """Which configuration shall come back."""

    to: int | None = Field(
        None, ge=1, le=LARGEST, description="Its number; null: the one before the current one", examples=[6]
    )


@router.get("/runs", response=list_of(Run), summary="List runs")
def list_runs(request: HttpRequest, page: Query[Search]) -> Any:
    """The newest first."""
    return listed(request, runs.list_runs(*at(request), search=page.search, offset=page.offset, limit=page.limit), page)


@router.get("/runs/{number}", response=Run, summary="Show a run")
def show_run(request: HttpRequest, number: RunNumber, look: Query[HowLong]) -> Any:
    """How far it is. With ``wait``, few askers at a time are kept waiting; all others are answered at once."""
    office, actor = at(request)
    row = runs.show_run(office, actor, number)
    if look.wait and not row.state.is_end and WAITING.acquire(blocking=False):
        try:
            until = monotonic() + look.wait
            while not row.state.is_end and monotonic() < until:
                sleep(0.25)
                row = runs.show_run(office, actor, number)
        finally:
            WAITING.release()
    return row


@configuration_router.post("/configuration/apply", response={202: Started}, summary="Apply the configuration")
def apply(request: HttpRequest) -> Any:
    """Bring the host to what is declared. The run's ``changes`` are the plan."""
    return started(request, configuration.apply(*at(request)))


@configuration_router.post(
    "/configuration/rollback", response={202: Started}, summary="Go back to an earlier configuration"
)
def rollback(request: HttpRequest, wish: Earlier) -> Any:
    """With the same proof. Certificates and mailboxes stay as they are."""
    return started(request, configuration.rollback(*at(request), wish.to))
