"""The board: how DNS and what it points to stand, for each domain and for the whole host; and looking now."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from mailward.actions import checks, looks
from mailward.actions.checks import BoardLine, HostState
from mailward.api.asked import Started, at, started
from mailward.api.paging import Search, list_of, listed
from mailward.api.shapes import shape_of
from mailward.api.wishes import Name, Wish
from mailward.model.checks import CheckFinding
from mailward.model.verdict import Verdict

router = Router()
Line = shape_of(BoardLine, "Board")
State = shape_of(HostState, "HostState")
Check = shape_of(CheckFinding, "Check")
Checks = list[Check]  # type: ignore[valid-type]


class BoardSearch(Search):
    """Which domains are wanted, and in which order."""

    state: Verdict | None = Field(None, description="Only those whose six stand so")
    sort: str = Field("name", pattern=f"^({'|'.join(checks.SORTS)})$", description=f"One of {', '.join(checks.SORTS)}")


class WhatToCheck(Wish):
    """Whose DNS to look at."""

    domains: list[Name] = Field(
        default_factory=list,
        max_length=looks.MOST_NAMED,
        description='Domains, or "server"; none: everything',
        examples=[["alpha.test"]],
    )


@router.get("/boards", response=list_of(Line), summary="List how the DNS of each domain stands")
def list_boards(request: HttpRequest, page: Query[BoardSearch]) -> Any:
    """One line for each domain in reach: the worst of the checklist's six, and every mechanism."""
    found = checks.list_boards(
        *at(request), search=page.search, state=page.state, sort=page.sort, offset=page.offset, limit=page.limit
    )
    return listed(request, found, page)


@router.get("/boards/{scope}", response=Line, summary="Show how the DNS of a domain or the server stands")
def show_board(request: HttpRequest, scope: str) -> Any:
    """The same for one."""
    return checks.show_board(*at(request), scope)


@router.get("/boards/{scope}/checks", response=Checks, summary="List what was found in the DNS of a domain or the server")
def list_checks(request: HttpRequest, scope: str) -> Any:
    """Every finding with its evidence, what it means, and the records that cure it."""
    return checks.list_checks(*at(request), scope)


@router.get("/status/dns", response=State, summary="Show whether the whole host is green")
def host_state(request: HttpRequest) -> Any:
    """One sentence and the counts. Green is a domain of which every one of the six passes."""
    return checks.host_state(*at(request))


@router.post("/check", response={202: Started}, summary="Look at DNS now")
def request_check(request: HttpRequest, wish: WhatToCheck) -> Any:
    """Ask DNS, and what it points to. What was found are the boards' checks when the run has ended."""
    return started(request, checks.request_check(*at(request), tuple(wish.domains)))
