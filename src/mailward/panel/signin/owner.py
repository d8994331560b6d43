"""The account of whoever is signed in, and whether its owner is there: shown lately, as well as the account can."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from mailward.model.errors import Forbidden
from mailward.model.people import Actor
from mailward.model.sentence import Sentence
from mailward.panel.signed_in import signed_in
from mailward.store.models import Account
from mailward.web.second_factor import is_present

P = ParamSpec("P")


def owner(request: HttpRequest) -> Account:
    if not isinstance(request.user, Account):
        raise Forbidden(Sentence("sign in first"), code="forbidden")
    return request.user


def owner_present(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """``view(request, actor, …)`` of somebody who has shown lately to be the account's owner: the second factor, or the
    password where there is none yet. Others are led to where that is shown, and back."""

    def page(request: HttpRequest, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not is_present(request):
            back = request.path if request.method == "GET" else reverse("account")
            return HttpResponseRedirect(f"{reverse('confirm')}?{urlencode({'next': back})}")
        return view(request, actor, *args, **kwargs)

    return wraps(view)(signed_in(page))
