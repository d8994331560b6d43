"""TLS with other mail servers: of whom it is demanded."""

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from mailward.actions import tls_policy
from mailward.api.asked import Started, at, started
from mailward.api.paging import Search, list_of, listed
from mailward.api.shapes import shape_of
from mailward.api.wishes import Name, Wish

router = Router()
TlsOfDomain = shape_of(tls_policy.TlsDomainRow, "TlsOfDomain")
TlsPartner = shape_of(tls_policy.TlsPartnerRow, "TlsPartner")


class TlsChoice(Wish):
    """What isn't named stays as it is."""

    tls_in: bool | None = Field(None, description="Take mail for the domain by TLS alone")
    tls_out: bool | None = Field(None, description="Let mail from the domain leave by TLS alone")


class NewTlsPartner(Wish):
    """Another domain."""

    name: Name = Field(description="The domain", examples=["mybank.example"])
    demands: Literal["encrypt", "verify", "secure", "dane-only"] = Field(
        "encrypt", description="What its servers must prove, in Postfix' words"
    )


@router.get("/domains/{domain}/tls", response=TlsOfDomain, summary="Show whether a domain's mail goes by TLS alone")
def show_tls(request: HttpRequest, domain: str) -> Any:
    """In and out."""
    return tls_policy.show_tls(*at(request), domain)


@router.post("/domains/{domain}/tls", response={202: Started}, summary="Choose whether a domain's mail goes by TLS alone")
def set_tls(request: HttpRequest, domain: str, wish: TlsChoice) -> Any:
    """Mail that can't go by TLS then waits, or is refused with the reason; it never goes in clear."""
    return started(request, tls_policy.set_tls(*at(request), domain, tls_in=wish.tls_in, tls_out=wish.tls_out))


@router.get("/tls-partners", response=list_of(TlsPartner), summary="List the domains of whom TLS is demanded")
def list_tls_partners(request: HttpRequest, page: Query[Search]) -> Any:
    """Other domains, to and from which mail goes by TLS alone."""
    found = tls_policy.list_tls_partners(*at(request), search=page.search, offset=page.offset, limit=page.limit)
    return listed(request, found, page)


@router.post("/tls-partners", response={202: Started}, summary="Demand TLS of a domain")
def demand_tls(request: HttpRequest, wish: NewTlsPartner) -> Any:
    """Mail to it, and from it, goes by TLS alone."""
    return started(request, tls_policy.demand_tls(*at(request), wish.name, wish.demands))


@router.delete("/tls-partners/{partner}", response={202: Started}, summary="Demand TLS of a domain no more")
def demand_no_tls(request: HttpRequest, partner: str) -> Any:
    """Mail goes as it does with any other."""
    return started(request, tls_policy.demand_no_tls(*at(request), partner))
