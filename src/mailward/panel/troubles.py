"""Errors of actions as pages: unknown is 404, forbidden 403, a missing second factor leads to where one is shown."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render

from mailward.model.errors import BadInput, Forbidden, MailwardError, NeedsSecondFactor

CONFIRM = "/confirm/"


class Troubles:
    """Middleware. Pages catch what belongs to a field of theirs; what they let through ends here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, trouble: Exception) -> HttpResponse | None:
        if not isinstance(trouble, MailwardError):
            return None
        if isinstance(trouble, NeedsSecondFactor):
            back = request.get_full_path() if request.method == "GET" else request.path
            return HttpResponseRedirect(f"{CONFIRM}?{urlencode({'next': back})}")
        status = 403 if isinstance(trouble, Forbidden) else 404 if trouble.code == "unknown" else 400
        if not isinstance(trouble, Forbidden | BadInput):
            status = 503
        return render(request, "panel/trouble.html", {"trouble": trouble, "code": status}, status=status)
