"""The doors: what was found at them, looking now, what a mail program would meet, and the state of everything."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from mailward.actions import looks
from mailward.api.asked import Started, at, started
from mailward.api.paging import Search, list_of, part
from mailward.api.routes.runs import RunNumber
from mailward.api.shapes import shape_of
from mailward.api.wishes import Address, Name, Wish
from mailward.audit.clients import ClientReport
from mailward.model.doors import Door
from mailward.model.findings import DoorFinding
from mailward.model.verdict import Verdict

router = Router()
clients_router = Router()
Finding = shape_of(DoorFinding, "Finding")
Report = shape_of(ClientReport, "ClientReport")


class FindingSearch(Search):
    """Which findings are wanted."""

    domain: str = Field("", max_length=253, description='Only those of this domain, or of "server"')
    verdict: Verdict | None = Field(None, description="Only those with this verdict")
    door: Door | None = Field(None, description="Only those at doors of this kind")


class WhatToVerify(Wish):
    """Whose doors to look at."""

    domains: list[Name] = Field(
        default_factory=list,
        max_length=looks.MOST_NAMED,
        description='Domains, or "server"; none: everything',
        examples=[["alpha.test"]],
    )


class WhoseClients(Wish):
    """For whom to ask."""

    address: Address = Field(description="A mail address of a domain here", examples=["anna@alpha.test"])


@router.get("/findings", response=list_of(Finding), summary="List what was found at the doors")
def list_findings(request: HttpRequest, page: Query[FindingSearch]) -> Any:
    """The latest look at every door in reach, with its evidence."""
    rows, total = looks.list_findings(
        *at(request),
        domain=page.domain,
        verdict=page.verdict,
        door=page.door,
        search=page.search,
        offset=page.offset,
        limit=page.limit,
    )
    return part(request, rows, total, page)


@router.post("/verify", response={202: Started}, summary="Look at the doors now")
def verify(request: HttpRequest, wish: WhatToVerify) -> Any:
    """Connect to every door as a client would. What was found are the findings when the run has ended."""
    return started(request, looks.request_verify(*at(request), tuple(wish.domains)))


@clients_router.post("/clients", response={202: Started}, summary="Ask what mail programs will say")
def request_client(request: HttpRequest, wish: WhoseClients) -> Any:
    """Take the steps of every mail program for an address. The answer is at ``/clients/RUN`` when the run has ended."""
    return started(request, looks.request_client(*at(request), wish.address))


@clients_router.get("/clients/{number}", response=Report | None, summary="Show what mail programs will say")
def client_answer(request: HttpRequest, number: RunNumber) -> Any:
    """What such a run has found; null while it goes on, or when it failed."""
    return looks.client_answer(*at(request), number)
