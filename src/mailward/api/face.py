"""The API: every action of ``actions/``, for programs, under ``/api/v1``. Thin: parse, call one action, answer.

What holds for every address is done here, around each route: who asks, how often, once or again, changed or not, and what
an error looks like.
"""

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation
from ninja.renderers import JSONRenderer

from mailward import __version__
from mailward.api import document, once, pace, problems, refused_fields, unchanged
from mailward.api.asked import heading
from mailward.api.asker import SAFE, asker
from mailward.api.body import StrictJson
from mailward.api.problems import Refusal
from mailward.model.errors import MailwardError
from mailward.model.sentence import Sentence
from mailward.web.asking import came_from
from mailward.web.language import language_of
from mailward.web.office import office

_log = logging.getLogger("mailward.api")
WENT_WRONG = Sentence("this failed here; nothing that was not already done was changed")
UNREADABLE_STORE = Sentence("the store can't be read or written now")

Run = Callable[..., HttpResponseBase]


class Plain(JSONRenderer):
    """JSON in UTF-8, as it is read."""

    json_dumps_params: Mapping[str, Any] = {"ensure_ascii": False}


class Face(NinjaAPI):
    """Ninja's, with operationIds that are the routes' own names, and our own document."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> Any:
        return document.completed(super().get_openapi_schema(path_prefix=path_prefix or "/api/v1/"))


def make(routers: tuple[tuple[str, Any], ...]) -> Face:
    """The API with these routers: each a tag and its routes."""
    face = Face(
        title="Mailward",
        version=__version__,
        description=document.ABOUT,
        docs_url=None,
        openapi_url=None,
        urls_namespace="api",
        parser=StrictJson(),
        renderer=Plain(),
    )
    face.add_decorator(around, mode="view")
    for kind in (Exception, Refusal, MailwardError, ValidationError, HttpError, Http404, DatabaseError):
        face.add_exception_handler(kind, _trouble)
    for tag, router in routers:
        face.add_router("", router, tags=[tag])
    return face


def around(run: Run) -> Run:
    """What every route has around it."""

    @wraps(run)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        def do() -> HttpResponseBase:
            response = run(request, *args, **kwargs)
            if response.status_code < 400:
                for name, value in heading(request).items():
                    response.headers[name] = value
            return response

        try:
            return _answer(request, do)
        except Exception as trouble:  # whatever it is, a program gets a problem document
            return _trouble(request, trouble)

    return answered


def _answer(request: HttpRequest, do: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    try:
        actor, who = asker(request)
    except Refusal:
        pace.PACE.spend(f"address {came_from(request)}")
        raise
    vars(request)["auth"] = actor
    left = pace.PACE.spend(who)
    if request.method in SAFE:
        response = unchanged.read(request, do)
    else:
        response = once.once(request, actor.account, who, office().clock.now(), lambda: unchanged.change(request, do))
    response.headers["RateLimit-Limit"] = str(pace.PACE.most)
    response.headers["RateLimit-Remaining"] = str(left)
    return response


def _trouble(request: HttpRequest, trouble: Exception | type[Exception]) -> HttpResponse:
    """Any error as a problem. What nobody foresaw is written down here, and not told outside."""
    foreseen = _foreseen(request, trouble)
    if foreseen is not None:
        return problems.answer(request, foreseen)
    _log.error("%s %s failed", request.method, request.path, exc_info=trouble if isinstance(trouble, Exception) else None)
    if isinstance(trouble, DatabaseError):
        return problems.answer(request, Refusal(503, "store", UNREADABLE_STORE, headers={"Retry-After": "5"}))
    return problems.answer(request, Refusal(500, "failed", WENT_WRONG))


def _foreseen(request: HttpRequest, trouble: Exception | type[Exception]) -> Refusal | None:
    if isinstance(trouble, HttpError) and isinstance(trouble.__cause__, Refusal):
        trouble = trouble.__cause__  # of the body; ninja puts its own around it
    if isinstance(trouble, Refusal):
        return trouble
    if isinstance(trouble, MailwardError):
        return problems.refusal_of(trouble)
    if isinstance(trouble, ValidationError):
        return refused_fields.refusal_of(trouble.errors, language_of(request))
    if isinstance(trouble, Http404):
        return Refusal(404, "unknown", Sentence("there is nothing at this address"))
    if isinstance(trouble, HttpError):
        return Refusal(trouble.status_code, "unreadable", Sentence("the body can't be read"))
    return None
