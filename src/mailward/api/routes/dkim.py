"""The keys that mail is signed with."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from mailward.actions import dkim
from mailward.api.asked import Started, at, started
from mailward.api.shapes import shape_of

router = Router()
DkimKey = shape_of(dkim.DkimKeyRow, "DkimKey")
DkimKeys = list[DkimKey]  # type: ignore[valid-type]


@router.get(
    "/domains/{domain}/dkim",
    response=DkimKeys,
    summary="List the keys that a domain's mail is signed with",
)
def show_keys(request: HttpRequest, domain: str) -> Any:
    """Those that sign first. A key that is on its way in doesn't sign before all name servers show its record."""
    return list(dkim.show_keys(*at(request), domain))


@router.post("/domains/{domain}/dkim/rotate", response={202: Started}, summary="Make new keys to sign with")
def rotate_keys(request: HttpRequest, domain: str) -> Any:
    """They take over when every name server shows them; nothing has to be done for it."""
    return started(request, dkim.rotate_keys(*at(request), domain))
