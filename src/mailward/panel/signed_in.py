"""Pages of people who are signed in: who asks, and which part of a list they want to see."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect

from mailward.actions.permission import require_somewhere
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.web.asking import actor_in

P = ParamSpec("P")
PER_PAGE = 25
SIGN_IN = "/sign-in/"


def signed_in(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """``view(request, actor, …)`` of whoever is signed in; others are led to the page where they sign in, and back."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        actor = actor_in(request)
        if actor is None:
            back = request.get_full_path() if request.method == "GET" else "/"
            return HttpResponseRedirect(f"{SIGN_IN}?{urlencode({'next': back})}")
        return view(request, actor, *args, **kwargs)

    return page


def needing(
    act: Act,
) -> Callable[
    [Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
]:
    """A form for those alone who may do this somewhere; with which thing, its action decides. Under ``signed_in``."""

    def only(
        view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase]:
        @wraps(view)
        def page(request: HttpRequest, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require_somewhere(actor, act)
            return view(request, actor, *args, **kwargs)

        return page

    return only


@dataclass(frozen=True)
class Page:
    """One page of a list, as ``panel/pagination.html`` shows it. ``number`` counts from 1."""

    number: int
    pages: int
    total: int

    @property
    def before(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


def wanted_page(request: HttpRequest) -> int:
    """``?page=`` as a number from 1; what is no number is 1."""
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 9 else 1


def page_of(number: int, total: int, size: int = PER_PAGE) -> Page:
    pages = max(1, -(-total // size))
    return Page(min(max(number, 1), pages), pages, total)


def searched(request: HttpRequest) -> str:
    """``?q=``, tidied."""
    return request.GET.get("q", "").strip()[:253]
