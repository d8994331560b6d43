"""What a route knows of the request beside its parameters: who asks, the office, and the headers its answer shall have."""

from typing import Any, cast

from django.http import HttpRequest
from pydantic import Field

from mailward.actions.office import Asked, Office
from mailward.api.shapes import Shape, Spoken
from mailward.model.people import Actor
from mailward.web.office import office

ROOT = "/api/v1"


class RunReference(Shape):
    """Something that the steward carries out. Ask its address until ``state`` is an end."""

    id: int = Field(description="The run's number", examples=[12])
    href: str = Field(description="Where to look at it", examples=["/api/v1/runs/12"])


class Started(Shape):
    """What was asked for is being done."""

    run: RunReference = Field(description="The run that does it")
    warnings: list[Spoken] = Field(description="What to know about it", examples=[[]])
    secret: str | None = Field(description="A password that was made here. It is shown this once", examples=[None])
    secret_withheld: bool = Field(False, description="A secret was made, and shown in the first answer to this key alone")


def actor_of(request: HttpRequest) -> Actor:
    return cast(Actor, vars(request)["auth"])


def at(request: HttpRequest) -> tuple[Office, Actor]:
    """The first two arguments of every action."""
    return office(), actor_of(request)


def heading(request: HttpRequest) -> dict[str, str]:
    """Headers that the answer will have."""
    found: dict[str, str] = vars(request).setdefault("api_headers", {})
    return found


def reference(asked: Asked) -> dict[str, Any]:
    """Where to look at a run."""
    return {"id": asked.run_id, "href": f"{ROOT}/runs/{asked.run_id}"}


def started(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    """The answer (202) to what became a run."""
    heading(request)["Location"] = f"{ROOT}/runs/{asked.run_id}"
    return {"run": reference(asked), "warnings": list(asked.warnings), "secret": asked.secret}
