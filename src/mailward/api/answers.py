"""Middleware: whatever is answered under ``/api/`` is in the API's form, also what no route was reached for.

An address that doesn't exist, a method that isn't taken, a body that is too large, a failure in a middleware: problems.
"""

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import patch_vary_headers

from mailward.api import body, problems
from mailward.api.problems import MEDIA_TYPE, ProblemAnswer, Refusal
from mailward.model.sentence import Sentence

PREFIX = "/api/"
FOUND: dict[int, tuple[str, Sentence]] = {
    400: ("unreadable", Sentence("the request can't be read")),
    404: ("unknown", Sentence("there is nothing at this address")),
    405: ("method", Sentence("this address doesn't take that method")),
}


class Answers:
    """Stands outside of what makes pages of errors."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PREFIX):
            return self._get_response(request)
        head = request.method == "HEAD"
        if head:
            request.method = "GET"
        refusal = refused(request)
        response = problems.answer(request, refusal) if refusal else self._get_response(request)
        if response.status_code >= 400 and not isinstance(response, ProblemAnswer):
            response = _as_problem(request, response)
        patch_vary_headers(response, ["Accept-Language", "Authorization", "Cookie"])
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if head and isinstance(response, StreamingHttpResponse):
            response.streaming_content = []
        elif head and isinstance(response, HttpResponse):
            response.headers["Content-Length"] = str(len(response.content))
            response.content = b""
        return response


def refused(request: HttpRequest) -> Refusal | None:
    """What is wrong with a request before anybody looks what it asks for."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length[:12]) > body.LARGEST:
        said = Sentence("the body has more than {most} bytes", most=body.LARGEST)
        return Refusal(413, "too-large", said)
    texts = [request.path, *(text for name, values in request.GET.lists() for text in (name, *values))]
    if not all(body.is_plain(text) for text in texts):
        return Refusal(400, "odd-characters", Sentence("the address holds a character that no text has (NUL)"))
    return None


def _as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    code, what = FOUND.get(response.status_code, ("failed", Sentence("the request was not done")))
    if isinstance(response, HttpResponse) and response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
        told = json.loads(response.content)  # a middleware's own, such as the one that asks for a second factor
        code, what = str(told.get("code", code)), Sentence("{said}", said=told.get("detail") or told.get("title", ""))
    kept = {name: response.headers[name] for name in ("Allow", "Retry-After") if name in response.headers}
    made = problems.answer(request, Refusal(response.status_code, code, what, headers=kept))
    made.cookies = response.cookies
    return made
