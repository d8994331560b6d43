"""Groups: people who share roles."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router
from pydantic import Field

from mailward.actions import groups
from mailward.actions.people_rows import GroupRow
from mailward.api.asked import at
from mailward.api.paging import Search, list_of, listed
from mailward.api.routes.people import GrantNumber, NewGrant, PersonNumber
from mailward.api.shapes import LARGEST, shape_of
from mailward.api.wishes import Label, Wish

router = Router()
Group = shape_of(GroupRow, "Group")
GroupNumber = Annotated[int, Path(ge=1, le=LARGEST, description="The group's number")]


class NewGroup(Wish):
    """A group to add."""

    name: Label = Field(description="Its name", examples=["Helpdesk"])
    customer: Label | None = Field(None, description="Whose people; null: the provider's own")


class OtherName(Wish):
    """Another name."""

    name: Label = Field(description="The new name", examples=["Helpdesk"])


@router.get("/groups", response=list_of(Group), summary="List groups")
def list_groups(request: HttpRequest, page: Query[Search]) -> Any:
    """The groups in reach, by name."""
    found = groups.list_groups(*at(request), search=page.search, offset=page.offset, limit=page.limit)
    return listed(request, found, page)


@router.post("/groups", response={201: Group}, summary="Add a group")
def add_group(request: HttpRequest, wish: NewGroup) -> Any:
    """An empty one."""
    return groups.add_group(*at(request), wish.name, wish.customer)


@router.get("/groups/{group}", response=Group, summary="Show a group")
def show_group(request: HttpRequest, group: GroupNumber) -> Any:
    """Its members and roles."""
    return groups.show_group(*at(request), group)


@router.patch("/groups/{group}", response=Group, summary="Rename a group")
def rename_group(request: HttpRequest, group: GroupNumber, wish: OtherName) -> Any:
    """Its members and roles stay."""
    return groups.rename_group(*at(request), group, wish.name)


@router.delete("/groups/{group}", response={204: None}, summary="Remove a group")
def remove_group(request: HttpRequest, group: GroupNumber) -> Any:
    """Its members keep their accounts, and lose the roles that they had through it."""
    return groups.remove_group(*at(request), group)


@router.put("/groups/{group}/members/{person}", response=Group, summary="Add a member")
def add_member(request: HttpRequest, group: GroupNumber, person: PersonNumber) -> Any:
    """They hold the group's roles from now on."""
    return groups.add_member(*at(request), group, person)


@router.delete("/groups/{group}/members/{person}", response=Group, summary="Remove a member")
def remove_member(request: HttpRequest, group: GroupNumber, person: PersonNumber) -> Any:
    """They keep what they hold by themselves or through other groups."""
    return groups.remove_member(*at(request), group, person)


@router.post("/groups/{group}/roles", response=Group, summary="Give a group a role")
def grant_to_group(request: HttpRequest, group: GroupNumber, wish: NewGrant) -> Any:
    """All its members hold it from now on."""
    return groups.grant_to_group(*at(request), group, wish.grant)


@router.delete("/groups/{group}/roles/{grant}", response=Group, summary="Withdraw a group's role")
def withdraw_from_group(request: HttpRequest, group: GroupNumber, grant: GrantNumber) -> Any:
    """Its members lose it."""
    return groups.withdraw_from_group(*at(request), group, grant)
