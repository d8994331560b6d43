"""People, what they are granted, invitations, and the roles that one may give."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router
from pydantic import Field

from mailward.actions import invitations, people, roles
from mailward.actions.people_rows import PersonRow, RoleOffer
from mailward.api.asked import at
from mailward.api.paging import Page, Search, list_of, listed, whole
from mailward.api.shapes import LARGEST, Shape, shape_of
from mailward.api.wishes import Address, Label, Name, Wish
from mailward.model.rights import Grant, PersonRole

router = Router()
roles_router = Router()
invitations_router = Router()
Person = shape_of(PersonRow, "Person")
Offer = shape_of(RoleOffer, "RoleOffer")
PersonNumber = Annotated[int, Path(ge=1, le=LARGEST, description="The account's number")]
GrantNumber = Annotated[int, Path(ge=1, le=LARGEST, description="The grant's number")]


class NewGrant(Wish):
    """A role, and what it is tied to. Nothing named: the whole host."""

    role: PersonRole = Field(description="The role", examples=["customer"])
    customer: Label | None = Field(None, description="Tied to this customer", examples=["Alpha Ltd"])
    domain: Name | None = Field(None, description="Tied to this domain")
    mailbox: Address | None = Field(None, description="Tied to this mailbox")

    @property
    def grant(self) -> Grant:
        return Grant(self.role, self.customer, self.domain, self.mailbox)


class NewPerson(Wish):
    """Somebody to invite."""

    email: Address = Field(description="The address that will sign in", examples=["carla@alpha.test"])
    name: str = Field("", max_length=120, description="Their name")
    language: str = Field("", max_length=5, description="en, nl, de or fr; empty: as their browser wishes")
    grant: NewGrant = Field(description="Their first role")


class Invited(Shape):
    """An invitation. Its link is ``/invitation/SECRET/`` of the panel."""

    person: Person = Field(description="The account")  # type: ignore[valid-type]
    expires_at: datetime = Field(description="Until when the link can be used")
    secret: str | None = Field(description="The last part of the link. It is shown this once")
    secret_withheld: bool = Field(False, description="A secret was made, and shown in the first answer to this key alone")


class Ended(Shape):
    """How many there were."""

    ended: int = Field(description="How many were ended", examples=[2])


@router.get("/people", response=list_of(Person), summary="List people")
def list_people(request: HttpRequest, page: Query[Search]) -> Any:
    """The accounts in reach, by address."""
    found = people.list_people(*at(request), search=page.search, offset=page.offset, limit=page.limit)
    return listed(request, found, page)


@router.get("/people/{person}", response=Person, summary="Show a person")
def show_person(request: HttpRequest, person: PersonNumber) -> Any:
    """One account with its roles."""
    return people.show_person(*at(request), person)


@router.get("/people/by-address/{email}", response=Person, summary="Find a person by address")
def find_person(request: HttpRequest, email: str) -> Any:
    """The account of this address."""
    return people.find_person(*at(request), email)


@router.post("/people/{person}/close", response=Person, summary="Close an account")
def close_account(request: HttpRequest, person: PersonNumber) -> Any:
    """They are signed out everywhere, and nothing lets them in again; their tokens end."""
    return people.close_account(*at(request), person)


@router.post("/people/{person}/open", response=Person, summary="Open a closed account")
def open_account(request: HttpRequest, person: PersonNumber) -> Any:
    """They may sign in again, with the roles they had; their tokens stay revoked."""
    return people.open_account(*at(request), person)


@router.delete("/people/{person}/sessions", response=Ended, summary="Sign a person out everywhere")
def end_sessions(request: HttpRequest, person: PersonNumber) -> Any:
    """Every session of theirs ends."""
    return {"ended": people.end_sessions(*at(request), person)}


@router.delete("/people/{person}/second-factors", response=Ended, summary="Remove a person's second factors")
def remove_second_factors(request: HttpRequest, person: PersonNumber) -> Any:
    """For somebody who lost them all. Where one is demanded, the next sign-in asks for a new one."""
    return {"ended": people.remove_second_factors(*at(request), person)}


@router.post("/people/{person}/roles", response=Person, summary="Give a role")
def grant_role(request: HttpRequest, person: PersonNumber, wish: NewGrant) -> Any:
    """Nobody gives more than they hold."""
    return roles.grant_role(*at(request), person, wish.grant)


@router.delete("/people/{person}/roles/{grant}", response=Person, summary="Withdraw a role")
def withdraw_role(request: HttpRequest, person: PersonNumber, grant: GrantNumber) -> Any:
    """The last provider keeps theirs."""
    return roles.withdraw_role(*at(request), person, grant)


@router.post("/people/{person}/invitation", response={201: Invited}, summary="Make a new link for a person")
def renew_invitation(request: HttpRequest, person: PersonNumber) -> Any:
    """An earlier link ends. Also for who forgot their password."""
    return invitations.renew_invitation(*at(request), person)


@invitations_router.post("/invitations", response={201: Invited}, summary="Invite somebody")
def invite(request: HttpRequest, wish: NewPerson) -> Any:
    """An account without a password, and the link by which its owner chooses one."""
    return invitations.invite(*at(request), wish.email, wish.name, wish.language, wish.grant.grant)


@roles_router.get("/roles", response=list_of(Offer), summary="List the roles that you may give")
def roles_to_give(request: HttpRequest, page: Query[Page]) -> Any:
    """And what each may be tied to."""
    return whole(request, roles.roles_to_give(*at(request)), page)
