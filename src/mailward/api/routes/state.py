"""How everything in somebody's reach stands, for monitoring; and who one is."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from mailward.actions import overview, rights_here
from mailward.actions.concerns import Concern
from mailward.actions.overview import DomainLine, Overview
from mailward.api.asked import actor_of, at
from mailward.api.paging import Search, list_of, listed
from mailward.api.shapes import Shape, shape_of
from mailward.model.rights import Act, PersonRole
from mailward.model.verdict import Verdict, worst

router = Router()
me_router = Router()
Line = shape_of(DomainLine, "DomainState")
Overall = shape_of(Overview, "Overview")
shape_of(Concern, "Concern")


class Status(Shape):
    """The state of everything in reach, for a monitoring system."""

    verdict: Verdict = Field(description="The worst of all. What was not looked at lately is unknown")
    overview: Overall = Field(description="The counts, the oldest look, and what needs attention")  # type: ignore[valid-type]


class HeldGrant(Shape):
    """A role within a reach."""

    role: PersonRole = Field(description="The role")
    customer: str | None = Field(description="Of this customer; null: not tied to one", examples=["Alpha Ltd"])
    domain: str | None = Field(description="Of this domain; null: not tied to one")
    mailbox: str | None = Field(description="Of this mailbox; null: not tied to one")


class Rights(Shape):
    """What is allowed there."""

    acts: list[Act] = Field(description="The acts that are allowed")


class Me(Shape):
    """Who asks, and what they may."""

    name: str = Field(description="The address that signs in", examples=["ada@hosting.example"])
    grants: list[HeldGrant] = Field(description="The roles that are held")
    acts: list[Act] = Field(description="What this token or session may do somewhere")
    domains: list[str] | None = Field(description="The domains that the token is narrowed to; null: all in reach")


class StateSearch(Search):
    """Which domains are wanted, and in which order."""

    state: Verdict | None = Field(None, description="Only those that stand so")
    sort: str = Field("name", pattern=f"^({'|'.join(overview.SORTS)})$", description=f"One of {', '.join(overview.SORTS)}")


@router.get("/status", response=Status, summary="Show how everything stands")
def status(request: HttpRequest) -> Any:
    """One answer for monitoring: the worst verdict, counts, the oldest look, what needs attention."""
    found = overview.overview(*at(request))
    verdicts = [verdict for verdict, count in found.counts.items() if count]
    if found.server is not None:
        verdicts.append(found.server)
    return {"verdict": worst(verdicts), "overview": found}


@router.get("/status/domains", response=list_of(Line), summary="List how each domain stands")
def list_states(request: HttpRequest, page: Query[StateSearch]) -> Any:
    """One line for each domain in reach: webmail, mail, certificates."""
    found = overview.domain_lines(
        *at(request), search=page.search, state=page.state, sort=page.sort, offset=page.offset, limit=page.limit
    )
    return listed(request, found, page)


@router.get("/status/domains/{domain}", response=Line, summary="Show how a domain stands")
def domain_state(request: HttpRequest, domain: str) -> Any:
    """The same for one domain."""
    return overview.domain_line(*at(request), domain)


@router.get("/rights/{scope}", response=Rights, summary="Show what you may do at a domain or the server")
def rights_at(request: HttpRequest, scope: str) -> Any:
    """Nothing at all for what is out of reach."""
    return {"acts": sorted(rights_here.rights_at(*at(request), scope))}


@me_router.get("/me", response=Me, summary="Show who you are")
def me(request: HttpRequest) -> Any:
    """Whose token or session this is, and what it may."""
    actor = actor_of(request)
    domains = actor.limits.domains
    acts = [act for act in Act if actor.may_somewhere(act)]
    return {
        "name": actor.name,
        "grants": actor.grants,
        "acts": acts,
        "domains": None if domains is None else sorted(domains),
    }
