"""Who must have a second factor and has none sees the pages on which one is set up, and nothing else."""

from collections.abc import Callable
from urllib.parse import urlencode

from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone

from mailward.model.sentence import Sentence
from mailward.web.asking import actor_in, came_from
from mailward.web.language import language_of
from mailward.web.second_factor import has_one, is_demanded, was_shown
from mailward.words import say

OPEN = ("enrol", "code-app", "passkey", "recovery-codes", "recovery-codes-file", "confirm", "sign-out", "sign-in", "asset")
SEEN_SECONDS = 60  # how exactly "last seen" is kept: a page must not cost a write


class Gate:
    """Middleware. It also notes, once a minute, that a session is in use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, _view: object, *_args: object) -> HttpResponseBase | None:
        match = request.resolver_match
        if (match is not None and match.url_name in OPEN) or not request.user.is_authenticated:
            return None
        _note(request)
        if was_shown(request):
            return None
        actor = actor_in(request)
        if actor is None or actor.account is None or not is_demanded(actor.grants):
            return None
        if request.path.startswith("/api/"):
            return _problem(request)
        if has_one(actor.account):  # set up in another session meanwhile: here only the password was shown
            return HttpResponseRedirect(f"{reverse('confirm')}?{urlencode({'next': request.path})}")
        return HttpResponseRedirect(reverse("enrol"))


def _note(request: HttpRequest) -> None:
    key = request.session.session_key
    if key and cache.add(f"seen:{key}", True, SEEN_SECONDS):
        UserSession.objects.filter(session_key=key).update(
            last_seen_at=timezone.now(),
            ip=came_from(request) or "127.0.0.1",
        )


def _problem(request: HttpRequest) -> JsonResponse:
    """RFC 9457, as the API answers."""
    said = Sentence("your role asks for a second factor, and none was shown in this session")
    problem = {"status": 403, "title": say(said, language_of(request)), "code": "needs-enrolment"}
    return JsonResponse(problem, status=403, content_type="application/problem+json")
