"""The language of a page: what was chosen in the address, what this browser or account chose before, what it prefers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import translation

from mailward.words import LANGUAGES, SOURCE, accept_language

COOKIE = "mailward-language"
OF_ACCOUNT = "language"
A_YEAR = 365 * 86400


class Language:
    """Middleware. ``?lang=de`` is remembered in a cookie; Django's and allauth's own sentences follow."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = language_of(request)
        with translation.override(language):
            response = self._get_response(request)
        response.headers.setdefault("Content-Language", language)
        if request.GET.get("lang", "") in LANGUAGES:
            response.set_cookie(COOKIE, language, max_age=A_YEAR, secure=True, httponly=True, samesite="Lax")
        return response


def remember(request: HttpRequest, language: str) -> None:
    """The language that the account has chosen, for the rest of this session; "": as the browser wishes."""
    request.session[OF_ACCOUNT] = language


def _of_account(request: HttpRequest) -> str:
    if request.path.startswith("/assets/") or not hasattr(request, "session"):
        return ""
    return str(request.session.get(OF_ACCOUNT, ""))


def has_chosen(request: HttpRequest) -> bool:
    """Whether this browser has chosen a language here, now or before."""
    return any(wish in LANGUAGES for wish in (request.GET.get("lang", ""), request.COOKIES.get(COOKIE, "")))


def language_of(request: HttpRequest) -> str:
    """One of ``words.LANGUAGES``."""
    for wish in (request.GET.get("lang", ""), request.COOKIES.get(COOKIE, ""), _of_account(request)):
        if wish in LANGUAGES:
            return wish
    return accept_language(request.headers.get("Accept-Language", "")) or SOURCE
