"""Who asks the API: a program with a token (RFC 6750), or a person whose session also opens the panel's pages.

A session's cookie is sent by browsers unasked, so that CSRF's token is demanded where something changes. A token is not.
"""

from hashlib import sha256

from django.http import HttpRequest
from ninja.utils import check_csrf

from mailward.actions.tokens import actor_of_token
from mailward.api.problems import Refusal
from mailward.model.people import Actor
from mailward.model.sentence import Sentence
from mailward.web.asking import actor_in, came_from
from mailward.web.office import office

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_TOKEN = 200


def asker(request: HttpRequest) -> tuple[Actor, str]:
    """Who asks, and a word that stands for this token or session. Raises Refusal (401, or 403 for a missing CSRF token)."""
    header = request.headers.get("Authorization")
    if header is not None:
        return _by_token(request, header)
    actor = actor_in(request)
    if actor is None:
        raise _nobody("no-token", Sentence("the request names no token"), "")
    if request.method not in SAFE and check_csrf(request) is not None:
        said = Sentence("a request of a signed-in browser needs the page's CSRF token")
        raise Refusal(403, "csrf", said, Sentence("Send it as X-CSRFToken, or use a token of the API."))
    return actor, f"account {actor.account}"


def _by_token(request: HttpRequest, header: str) -> tuple[Actor, str]:
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token.isascii() or len(token) > LONGEST_TOKEN:
        raise _nobody("not-a-token", Sentence("the Authorization header holds no bearer token"), "invalid_request")
    actor = actor_of_token(office(), token, came_from(request))
    if actor is None:
        raise _nobody("invalid-token", Sentence("this token is unknown, was revoked or has expired"), "invalid_token")
    return actor, f"token {sha256(token.encode()).hexdigest()[:24]}"


def _nobody(code: str, what: Sentence, error: str) -> Refusal:
    challenge = 'Bearer realm="mailward"' + (f', error="{error}"' if error else "")
    remedy = Sentence("Make a token in the panel, and send it as: Authorization: Bearer mw_…")
    return Refusal(401, code, what, remedy, headers={"WWW-Authenticate": challenge})
