"""Lists in pages: ``limit`` and ``offset``, the total, and where the other pages are (RFC 8288)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from pydantic import BaseModel, ConfigDict, Field, create_model

from mailward.actions.rows import Listed
from mailward.api.asked import heading
from mailward.api.shapes import LARGEST, Shape

LIMIT = 50
MOST = 500


class Page(BaseModel):
    """Which part of a list is wanted."""

    model_config = ConfigDict(extra="ignore")

    limit: int = Field(LIMIT, ge=1, le=MOST, description="At most so many entries", examples=[LIMIT])
    offset: int = Field(0, ge=0, le=LARGEST, description="Leave out so many entries first", examples=[0])


class Search(Page):
    """Which part of what was searched for is wanted."""

    search: str = Field("", max_length=253, description="Only those that hold this text")


@dataclass(frozen=True)
class Part:
    """A part of a list as it is shown."""

    items: Sequence[Any]
    total: int
    limit: int
    offset: int


@cache
def list_of(shape: type[Shape]) -> type[Shape]:
    """The shape of a page of these."""
    found: dict[str, Any] = {
        "items": (list[shape], Field(description="The entries of this page")),  # type: ignore[valid-type]
        "total": (int, Field(description="How many entries all pages have together", examples=[1])),
        "limit": (int, Field(description="How many were asked for at most", examples=[LIMIT])),
        "offset": (int, Field(description="How many were left out before", examples=[0])),
    }
    return create_model(f"{shape.__name__}List", __base__=Shape, __doc__=f"A page of a list of {shape.__name__}", **found)


def part(request: HttpRequest, items: Sequence[Any], total: int, page: Page) -> Part:
    """A page that an action has cut already; its neighbours are named in the Link header."""
    links = []
    if page.offset + page.limit < total:
        links.append(_link(request, page.limit, page.offset + page.limit, "next"))
    if page.offset > 0:
        links.append(_link(request, page.limit, max(0, page.offset - page.limit), "prev"))
        links.append(_link(request, page.limit, 0, "first"))
    if links:
        heading(request)["Link"] = ", ".join(links)
    return Part(items, total, page.limit, page.offset)


def listed(request: HttpRequest, found: Listed[Any], page: Page) -> Part:
    """A page as actions answer it."""
    return part(request, found.rows, found.total, page)


def whole(request: HttpRequest, items: Sequence[Any], page: Page) -> Part:
    """A page of a list that is known whole, and is short by nature."""
    return part(request, items[page.offset : page.offset + page.limit], len(items), page)


def _link(request: HttpRequest, limit: int, offset: int, relation: str) -> str:
    kept = [(name, value) for name, values in request.GET.lists() for value in values if name not in ("limit", "offset")]
    query = urlencode([*kept, ("limit", limit), ("offset", offset)])
    return f'<{request.path}?{query}>; rel="{relation}"'
