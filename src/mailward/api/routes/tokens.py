"""Tokens of the API: made, listed and revoked. A token's text is shown once."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router
from pydantic import Field

from mailward.actions import tokens
from mailward.actions.people_rows import TokenRow
from mailward.api.asked import at
from mailward.api.paging import Page, list_of, whole
from mailward.api.shapes import LARGEST, Shape, shape_of
from mailward.api.wishes import Label, Name, Wish

router = Router()
Token = shape_of(TokenRow, "Token")
TokenNumber = Annotated[int, Path(ge=1, le=LARGEST, description="The token's number")]


class TokenSearch(Page):
    """Whose tokens are wanted."""

    everybody: bool = Field(False, description="All of the host's; for who may change people there")


class NewToken(Wish):
    """A token to make. It never allows more than you may."""

    label: Label = Field(description="What will use it", examples=["backup script"])
    acts: list[Name] | None = Field(None, max_length=100, description="What it allows; null: all that you may")
    domains: list[Name] | None = Field(None, max_length=200, description="For these domains alone; null: all in reach")
    days: int = Field(90, ge=1, le=tokens.LONGEST_DAYS, description="How long it lives", examples=[90])


class TokenMade(Shape):
    """The new token."""

    token: Token = Field(description="What it allows")  # type: ignore[valid-type]
    secret: str | None = Field(description="Its text, mw_…. It is shown this once")
    secret_withheld: bool = Field(False, description="A secret was made, and shown in the first answer to this key alone")


@router.get("/tokens", response=list_of(Token), summary="List tokens")
def list_tokens(request: HttpRequest, page: Query[TokenSearch]) -> Any:
    """Your own, the newest first."""
    return whole(request, tokens.list_tokens(*at(request), everybody=page.everybody), page)


@router.post("/tokens", response={201: TokenMade}, summary="Make a token")
def create_token(request: HttpRequest, wish: NewToken) -> Any:
    """A token that allows dangerous acts asks for a fresh second factor now, since none is asked when it is used."""
    acts = None if wish.acts is None else tuple(wish.acts)
    domains = None if wish.domains is None else tuple(wish.domains)
    return tokens.create_token(*at(request), wish.label, acts, domains, wish.days)


@router.delete("/tokens/{token}", response=Token, summary="Revoke a token")
def revoke_token(request: HttpRequest, token: TokenNumber) -> Any:
    """It opens nothing from now on."""
    return tokens.revoke_token(*at(request), token)
