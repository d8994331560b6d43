"""Customers and their domains."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from mailward.actions import domains
from mailward.actions.rows import CustomerRow, DomainRow
from mailward.api.asked import Started, at, started
from mailward.api.paging import Search, list_of, listed
from mailward.api.shapes import shape_of
from mailward.api.wishes import Label, Name, Wish

customers_router = Router()
domains_router = Router()
Customer = shape_of(CustomerRow, "Customer")
Domain = shape_of(DomainRow, "Domain")
SORTS = "|".join(domains.DOMAIN_SORTS)


class DomainSearch(Search):
    """Which domains are wanted, and in which order."""

    customer: str | None = Field(None, max_length=120, description="Only those of this customer")
    sort: str = Field("name", pattern=f"^({SORTS})$", description="name, -name, customer or -customer")


class NewCustomer(Wish):
    """A customer to add."""

    name: Label = Field(description="1 to 120 printable characters", examples=["Alpha Ltd"])


class NewDomain(Wish):
    """A domain to take in."""

    name: Name = Field(description="The domain", examples=["gamma.test"])
    customer: Label | None = Field(None, description="Who holds it; null: a customer of that name", examples=["Alpha Ltd"])
    confirmed: bool = Field(False, description="A provider's yes to a name that is doubtful; see GET /names/doubts")


@customers_router.get("/customers", response=list_of(Customer), summary="List customers")
def list_customers(request: HttpRequest, page: Query[Search]) -> Any:
    """The customers in reach, by name."""
    found = domains.list_customers(*at(request), search=page.search, offset=page.offset, limit=page.limit)
    return listed(request, found, page)


@customers_router.post("/customers", response={201: Customer}, summary="Add a customer")
def add_customer(request: HttpRequest, wish: NewCustomer) -> Any:
    """A customer holds domains, and has people of its own."""
    return domains.add_customer(*at(request), wish.name)


@domains_router.get("/domains", response=list_of(Domain), summary="List domains")
def list_domains(request: HttpRequest, page: Query[DomainSearch]) -> Any:
    """The domains in reach, with the certificates that they have chosen."""
    found = domains.list_domains(
        *at(request), page.customer, search=page.search, sort=page.sort, offset=page.offset, limit=page.limit
    )
    return listed(request, found, page)


@domains_router.post("/domains", response={202: Started}, summary="Add a domain")
def add_domain(request: HttpRequest, wish: NewDomain) -> Any:
    """Its zone and its clients' settings are published, and mail for it is delivered here; of a customer, as soon as
    control of it is shown (``/domains/DOMAIN/control``)."""
    return started(request, domains.add_domain(*at(request), wish.name, wish.customer, confirmed=wish.confirmed))


@domains_router.get("/domains/{domain}", response=Domain, summary="Show a domain")
def show_domain(request: HttpRequest, domain: str) -> Any:
    """One domain, with the certificates that it has chosen."""
    return domains.show_domain(*at(request), domain)


@domains_router.delete("/domains/{domain}", response={202: Started}, summary="Remove a domain")
def remove_domain(request: HttpRequest, domain: str) -> Any:
    """Nothing is accepted for it any more. Its mail stays on disk."""
    return started(request, domains.remove_domain(*at(request), domain))
