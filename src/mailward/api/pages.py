"""The document itself, and the pages that explain it to people."""

import json
from functools import cache
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailward.api import explained
from mailward.api.joined import FACE
from mailward.model.doors import Door
from mailward.web.asking import actor_in
from mailward.web.office import office


@cache
def document_text() -> str:
    """The OpenAPI document as it is served and committed."""
    return json.dumps(FACE.get_openapi_schema(), ensure_ascii=False, indent=1) + "\n"


@require_safe
def document_json(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document, for everybody."""
    return HttpResponse(document_text(), content_type="application/json; charset=utf-8")


@require_safe
def docs_page(request: HttpRequest) -> HttpResponseBase:
    """All operations by subject."""
    return _page(request, "api/subjects.html", {"subjects": explained.subjects(_host())})


@require_safe
def operation_page(request: HttpRequest, name: str) -> HttpResponseBase:
    """One operation. Raises Http404."""
    found = explained.operation(_host(), name)
    if found is None:
        raise Http404
    return _page(request, "api/operation.html", {"operation": found})


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponseBase:
    if actor_in(request) is None:
        return redirect_to_login(request.get_full_path())
    return render(request, template, {**context, "host": _host()})


def _host() -> str:
    settings = office().settings
    port = settings.ports[Door.HTTPS]
    return settings.hostname if port == 443 else f"{settings.hostname}:{port}"
