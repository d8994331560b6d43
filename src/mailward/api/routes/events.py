"""The record of activity: who did what, when, from where; and whether it is still as it was written."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from mailward.actions import events
from mailward.actions.events import EventRow, Whole
from mailward.api.asked import at, heading
from mailward.api.paging import LIMIT, MOST, Page, whole
from mailward.api.shapes import LARGEST, Shape, shape_of

router = Router()
Event = shape_of(EventRow, "Event")
Chain = shape_of(Whole, "Chain", also=("is_whole",))
LINES = "application/jsonl"


class EventSearch(BaseModel):
    """Which events are wanted."""

    limit: int = Field(LIMIT, ge=1, le=MOST, description="At most so many entries")
    before: int | None = Field(None, ge=1, le=LARGEST, description="Only those with a smaller id: the next page")
    search: str = Field("", max_length=320, description="Only those about a subject that holds this text")
    who: str = Field("", max_length=254, description="Only those by somebody whose name holds this text")
    what: str = Field("", max_length=60, description="Only those of this word, or whose word begins with it: domain")


class HowFar(BaseModel):
    """How much of the chain to follow."""

    from_the_beginning: bool = Field(False, description="All of it anew; else what is new since the last look")


class EventList(Shape):
    """A page of events, the newest first."""

    items: list[Event] = Field(description="The events of this page")  # type: ignore[valid-type]
    next_before: int | None = Field(description="Hand it in as ``before`` for the next page; null: this is the last")


class Words(Shape):
    """Words of events."""

    items: list[str] = Field(description="The words", examples=[["domain.added"]])
    total: int = Field(description="How many there are")
    limit: int = Field(description="How many were asked for at most")
    offset: int = Field(description="How many were left out before")


@router.get("/events", response=EventList, summary="List events")
def list_events(request: HttpRequest, page: Query[EventSearch]) -> Any:
    """The newest first. ``line`` is what the hash was taken of."""
    rows = events.list_events(
        *at(request), search=page.search, who=page.who, what=page.what, before=page.before, limit=page.limit + 1
    )
    more = len(rows) > page.limit
    shown = rows[: page.limit]
    if more:
        kept = [(name, value) for name, value in request.GET.items() if name != "before"]
        heading(request)["Link"] = f'<{request.path}?{urlencode([*kept, ("before", shown[-1].id)])}>; rel="next"'
    return {"items": shown, "next_before": shown[-1].id if more else None}


@router.get("/events/kinds", response=Words, summary="List the words of events")
def kinds_of_events(request: HttpRequest, page: Query[Page]) -> Any:
    """What can be asked for with ``what``."""
    return whole(request, events.kinds_of_events(*at(request)), page)


@router.get("/events/chain", response=Chain, summary="Show whether the record is whole")
def chain_state(request: HttpRequest, look: Query[HowFar]) -> Any:
    """Each event's hash holds the one before it: what was changed or taken out is found here."""
    return events.chain_state(*at(request), from_the_beginning=look.from_the_beginning)


@router.get(
    "/events/export",
    response={200: None},
    summary="Export all events",
    openapi_extra={"responses": {200: {"content": {LINES: {"schema": {"type": "string"}}}}}},
)
def export_events(request: HttpRequest) -> Any:
    """All in reach as JSON Lines, the oldest first: from each line anybody can take its hash again."""
    rows = events.export(*at(request))

    def lines() -> Iterator[bytes]:
        for row in rows:
            yield row.line.encode() + b"\n"

    return StreamingHttpResponse(lines(), content_type=LINES)
