"""Entity tags (RFC 9110 section 8.8.3): a strong one of every answer's bytes. Reads are spared with If-None-Match, and a
change that was decided on an old sight of things is refused with If-Match."""

from collections.abc import Callable
from copy import copy
from hashlib import sha256

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve
from django.utils.http import parse_etags

from mailward.api.problems import Refusal
from mailward.model.sentence import Sentence

Answer = Callable[[], HttpResponseBase]


def tag_of(content: bytes) -> str:
    return f'"{sha256(content).hexdigest()[:32]}"'


def read(request: HttpRequest, do: Answer) -> HttpResponseBase:
    """The answer with its tag; 304 when the asker has it already."""
    response = do()
    if response.status_code != 200 or not isinstance(response, HttpResponse):
        return response
    tag = tag_of(response.content)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if "*" in known or tag in [one.removeprefix("W/") for one in known]:
        response = HttpResponse(status=304)
        del response.headers["Content-Type"]
    response.headers["ETag"] = tag
    return response


def change(request: HttpRequest, do: Answer) -> HttpResponseBase:
    """The change, if what the same address shows now still has one of the tags of If-Match. Raises Refusal (412)."""
    wanted = request.headers.get("If-Match")
    if wanted is None:
        return do()
    with transaction.atomic():
        tag = _tag_now(request)
        known = parse_etags(wanted)
        if tag is None or not ("*" in known or tag in known):
            said = Sentence("what is there now is not what If-Match names")
            headers = {"ETag": tag} if tag else {}
            raise Refusal(412, "changed-meanwhile", said, Sentence("Read it again, then decide again."), headers=headers)
        return do()


def _tag_now(request: HttpRequest) -> str | None:
    """The tag of what GET answers at this address; None when it shows nothing."""
    look = copy(request)
    look.method = "GET"
    look.META = {name: value for name, value in request.META.items() if name not in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")}
    for cached in ("headers", "api_headers"):
        look.__dict__.pop(cached, None)
    view, args, kwargs = resolve(request.path_info)
    shown: HttpResponseBase = view(look, *args, **kwargs)
    return shown.headers.get("ETag")
