"""Mailboxes, forwarding addresses and passwords. A password that is made here is shown once."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from mailward.actions import mailboxes, passwords
from mailward.actions.rows import AliasRow, MailboxRow
from mailward.api.asked import Started, at, started
from mailward.api.paging import Search, list_of, listed
from mailward.api.shapes import shape_of
from mailward.api.wishes import Address, Label, Secret, Wish
from mailward.model.passwords import Judgement

router = Router()
aliases_router = Router()
passwords_router = Router()
Mailbox = shape_of(MailboxRow, "Mailbox")
Alias = shape_of(AliasRow, "Alias")
Judged = shape_of(Judgement, "Judgement", also=("is_enough",))


class AddressSearch(Search):
    """Which addresses are wanted."""

    domain: str | None = Field(None, max_length=253, description="Only those of this domain")


class NewMailbox(Wish):
    """A mailbox to add."""

    address: Address = Field(description="Its address", examples=["anna@alpha.test"])
    password: Secret | None = Field(None, description="Its password; null: one is made, and shown once")
    quota_bytes: int = Field(0, ge=0, le=mailboxes.LARGEST_QUOTA, description="How much it may hold; 0: no limit")


class Quota(Wish):
    """How much a mailbox may hold."""

    quota_bytes: int = Field(ge=0, le=mailboxes.LARGEST_QUOTA, description="Bytes; 0: no limit", examples=[1073741824])


class NewPassword(Wish):
    """Another password."""

    password: Secret | None = Field(None, description="The new password; null: one is made, and shown once")


class NewAlias(Wish):
    """A forwarding address to add."""

    address: Address = Field(
        description="The address; @DOMAIN collects what no mailbox takes", examples=["info@alpha.test"]
    )
    targets: list[Address] = Field(
        min_length=1, max_length=100, description="Where its mail goes", examples=[["anna@alpha.test"]]
    )


class ToJudge(Wish):
    """A password that somebody thinks of."""

    password: Secret = Field(description="The password. It is not kept")
    known: list[Label] = Field(
        default_factory=list, max_length=10, description="What it must not be made of: names, addresses"
    )


@router.get("/mailboxes", response=list_of(Mailbox), summary="List mailboxes")
def list_mailboxes(request: HttpRequest, page: Query[AddressSearch]) -> Any:
    """The mailboxes in reach, by address."""
    found = mailboxes.list_mailboxes(*at(request), page.domain, search=page.search, offset=page.offset, limit=page.limit)
    return listed(request, found, page)


@router.post("/mailboxes", response={202: Started}, summary="Add a mailbox")
def add_mailbox(request: HttpRequest, wish: NewMailbox) -> Any:
    """Mail is accepted for it from now on."""
    return started(request, mailboxes.add_mailbox(*at(request), wish.address, wish.password, wish.quota_bytes))


@router.get("/mailboxes/{address}", response=Mailbox, summary="Show a mailbox")
def show_mailbox(request: HttpRequest, address: str) -> Any:
    """One mailbox. Nobody reads mail through this."""
    return mailboxes.show_mailbox(*at(request), address)


@router.delete("/mailboxes/{address}", response={202: Started}, summary="Remove a mailbox")
def remove_mailbox(request: HttpRequest, address: str) -> Any:
    """Nothing is accepted for it any more; its mail stays on disk."""
    return started(request, mailboxes.remove_mailbox(*at(request), address))


@router.put("/mailboxes/{address}/quota", response={202: Started}, summary="Change a mailbox's quota")
def change_quota(request: HttpRequest, address: str, wish: Quota) -> Any:
    """How much may lie in it."""
    return started(request, mailboxes.change_quota(*at(request), address, wish.quota_bytes))


@router.post("/mailboxes/{address}/disable", response={202: Started}, summary="Disable a mailbox")
def disable_mailbox(request: HttpRequest, address: str) -> Any:
    """Nobody can log in to it or send as it; mail is still taken in."""
    return started(request, mailboxes.disable_mailbox(*at(request), address))


@router.post("/mailboxes/{address}/enable", response={202: Started}, summary="Enable a mailbox")
def enable_mailbox(request: HttpRequest, address: str) -> Any:
    """Its owner can log in again, with the same password."""
    return started(request, mailboxes.enable_mailbox(*at(request), address))


@router.post("/mailboxes/{address}/password", response={202: Started}, summary="Change a mailbox's password")
def change_password(request: HttpRequest, address: str, wish: NewPassword) -> Any:
    """The old one ends at once, and so do the sessions that it opened."""
    return started(request, mailboxes.change_password(*at(request), address, wish.password))


@aliases_router.get("/aliases", response=list_of(Alias), summary="List forwarding addresses")
def list_aliases(request: HttpRequest, page: Query[AddressSearch]) -> Any:
    """The forwarding addresses in reach, by address."""
    found = mailboxes.list_aliases(*at(request), page.domain, search=page.search, offset=page.offset, limit=page.limit)
    return listed(request, found, page)


@aliases_router.post("/aliases", response={202: Started}, summary="Add a forwarding address")
def add_alias(request: HttpRequest, wish: NewAlias) -> Any:
    """Mail for it goes to its targets."""
    return started(request, mailboxes.add_alias(*at(request), wish.address, tuple(wish.targets)))


@aliases_router.delete("/aliases/{address}", response={202: Started}, summary="Remove a forwarding address")
def remove_alias(request: HttpRequest, address: str) -> Any:
    """Nothing is accepted for it any more."""
    return started(request, mailboxes.remove_alias(*at(request), address))


@passwords_router.post("/passwords/judge", response=Judged, summary="Judge a password")
def judge_password(request: HttpRequest, wish: ToJudge) -> Any:
    """How good it is, and what is missing to the level that this host demands."""
    office, _actor = at(request)
    return passwords.judge_password(office, wish.password, tuple(wish.known))
