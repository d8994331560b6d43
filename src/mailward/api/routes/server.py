"""The mail server's own settings: shown, and asked to be changed. A change is proven, or put back."""

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from mailward.actions import server
from mailward.actions.server import DoorRow, ServerView
from mailward.api.asked import Started, at, started
from mailward.api.shapes import shape_of
from mailward.api.wishes import Address, Name, Wish
from mailward.model.doors import Door
from mailward.model.server_wish import ServerWish
from mailward.model.settings import KeyType, TlsProfile

router = Router()
ServerDoor = shape_of(DoorRow, "ServerDoor")
Server = shape_of(ServerView, "Server")


class ServerChange(Wish):
    """What shall be other than it is. null: as it is."""

    open_doors: list[Door] | None = Field(None, max_length=20, description="Which of those that may be closed are open")
    tls_profile: TlsProfile | None = Field(None, description="Mozilla's profile")
    key_type: KeyType | None = Field(None, description="The kind of key of new certificates")
    cas: list[Name] | None = Field(None, max_length=10, description="CAs, the one that is asked first in front")
    contact: Address | None = Field(None, description="The address that new CAs are told")

    @property
    def wish(self) -> ServerWish:
        doors = None if self.open_doors is None else tuple(self.open_doors)
        cas = None if self.cas is None else tuple(self.cas)
        return ServerWish(doors, self.tls_profile, self.key_type, cas, self.contact)


@router.get("/server", response=Server, summary="Show the server's settings")
def show_server(request: HttpRequest) -> Any:
    """Its doors and how they stand, TLS profile, CAs, certificates."""
    return server.show_server(*at(request))


@router.patch("/server", response={202: Started}, summary="Change the server's settings")
def change_server(request: HttpRequest, wish: ServerChange) -> Any:
    """The steward checks, applies and proves it. If it can't be proven, everything stays as it was."""
    return started(request, server.change_server(*at(request), wish.wish))
