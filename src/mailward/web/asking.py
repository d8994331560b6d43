"""Who is asking: a signed-in session becomes an Actor with what its account is granted at this moment."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from mailward.actions.people import actor_of
from mailward.model.people import Actor
from mailward.web.office import office
from mailward.web.second_factor import is_fresh


class Asking:
    """Middleware: sets ``request.actor``, an Actor, or None for whoever is not signed in. Computed when first asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        vars(request)["actor"] = SimpleLazyObject(lambda: _asker(request))
        return self._get_response(request)


def actor_in(request: HttpRequest) -> Actor | None:
    """The one who asks, or None."""
    lazy: Any = vars(request).get("actor")
    return lazy if lazy else None


def came_from(request: HttpRequest) -> str:
    """The address that nginx saw. The panel listens on a unix socket alone, so nobody else can set this header."""
    return request.headers.get("X-Forwarded-For", "")[:45]


def _asker(request: HttpRequest) -> Actor | None:
    user = request.user
    if not user.is_authenticated or not user.is_active:
        return None
    actor = actor_of(office(), user.pk, came_from(request), is_fresh=False)
    if actor is None:
        return None
    return actor.fresh() if is_fresh(request, actor.grants) else actor
