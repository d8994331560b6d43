"""Which certificate is shown where: for webmail and mail of a domain, for the server itself and for the panel."""

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from mailward.actions import choices
from mailward.api.asked import Started, at, started
from mailward.api.wishes import Lineage, Wish
from mailward.model.certificates import Challenge
from mailward.model.findings import SERVER

router = Router()


class HowToSecure(Wish):
    """How control of the domain's names is shown to the CA."""

    challenge: Challenge = Field(Challenge.DNS_01, description="dns-01 gives a wildcard, http-01 the names in use")


class Choice(Wish):
    """Ids of certificates; "self-signed": the server's own. What isn't named stays as it is."""

    webmail: Lineage | None = Field(
        None, description="For webmail (of the server: for the panel)", examples=["alpha.test-wildcard"]
    )
    mail: Lineage | None = Field(None, description="For mail", examples=["alpha.test-wildcard"])


@router.post("/domains/{domain}/secure", response={202: Started}, summary="Secure a domain")
def secure_domain(request: HttpRequest, domain: str, wish: HowToSecure) -> Any:
    """Get a free certificate, take it for webmail and mail, prove it at every door."""
    return started(request, choices.secure(*at(request), domain, wish.challenge))


@router.post("/domains/{domain}/choice", response={202: Started}, summary="Choose certificates for a domain")
def choose_for_domain(request: HttpRequest, domain: str, wish: Choice) -> Any:
    """Show these from now on. Undone when it can't be proven at the doors."""
    return started(request, choices.choose(*at(request), domain, wish.webmail, wish.mail))


@router.post("/server/secure", response={202: Started}, summary="Secure the server")
def secure_server(request: HttpRequest) -> Any:
    """Get a free certificate for the server's own name, and show it to whoever names no domain of ours."""
    return started(request, choices.secure(*at(request), SERVER))


@router.post("/server/choice", response={202: Started}, summary="Choose certificates for the server")
def choose_for_server(request: HttpRequest, wish: Choice) -> Any:
    """The server-wide certificate (mail) and the panel's (webmail)."""
    return started(request, choices.choose(*at(request), SERVER, wish.webmail, wish.mail))
