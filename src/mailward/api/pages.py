"""The document itself, and the page that explains it to people."""

import json
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mailward.api.joined import FACE


@cache
def document_text() -> str:
    """The OpenAPI document as it is served and committed."""
    return json.dumps(FACE.get_openapi_schema(), ensure_ascii=False, indent=1) + "\n"


@require_safe
def document_json(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document, for everybody."""
    return HttpResponse(document_text(), content_type="application/json; charset=utf-8")


@require_safe
def docs_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")
