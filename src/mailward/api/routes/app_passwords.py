"""Passwords for the mail programs of one mailbox: made here, shown once, revoked one by one."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from mailward.actions import app_passwords
from mailward.actions.app_passwords import PROTOCOLS
from mailward.actions.rows import AppPasswordRow
from mailward.api.asked import Started, at, started
from mailward.api.paging import Page, list_of, whole
from mailward.api.shapes import shape_of
from mailward.api.wishes import Name, Wish

router = Router()
AppPassword = shape_of(AppPasswordRow, "AppPassword")


class NewAppPassword(Wish):
    """An app password to make."""

    label: str = Field(
        min_length=1, max_length=app_passwords.LONGEST_LABEL, description="What will use it", examples=["phone"]
    )
    protocols: list[Name] = Field(
        default_factory=lambda: list(PROTOCOLS),
        min_length=1,
        max_length=10,
        description=f"What it opens: {', '.join(PROTOCOLS)}",
        examples=[["imap", "submission"]],
    )


@router.get("/mailboxes/{address}/app-passwords", response=list_of(AppPassword), summary="List app passwords")
def list_app_passwords(request: HttpRequest, address: str, page: Query[Page]) -> Any:
    """The newest first, with when and from where each was last used. Never the password itself."""
    return whole(request, app_passwords.list_app_passwords(*at(request), address), page)


@router.post("/mailboxes/{address}/app-passwords", response={202: Started}, summary="Make an app password")
def create_app_password(request: HttpRequest, address: str, wish: NewAppPassword) -> Any:
    """``secret`` is its text, answered this once."""
    asked = app_passwords.create_app_password(*at(request), address, wish.label, tuple(wish.protocols))
    return started(request, asked)


@router.delete("/mailboxes/{address}/app-passwords/{selector}", response={202: Started}, summary="Revoke an app password")
def revoke_app_password(request: HttpRequest, address: str, selector: str) -> Any:
    """It opens nothing any more."""
    return started(request, app_passwords.revoke_app_password(*at(request), address, selector))
