"""Reading a request's body: JSON that every program reads the same (RFC 8259, RFC 7493), small, shallow, and text only.

NUL and lone surrogates are refused here, before a store or a daemon sees them.
"""

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import RawPostDataException, UnreadablePostError
from ninja.parser import Parser

from mailward.api.problems import Refusal
from mailward.model.sentence import Sentence

LARGEST = 1024 * 1024
"""Bytes: a certificate with its chain and key has some thousands."""
DEEPEST = 20
UNREADABLE = Sentence("the body is not JSON that can be read")


class StrictJson(Parser):
    """What ninja asks for a body. Raises Refusal."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            said = Sentence("the body must be JSON")
            remedy = Sentence("Send it with: Content-Type: application/json")
            raise Refusal(415, "media-type", said, remedy, headers={"Accept": "application/json"})
        try:
            return parsed(request.body)
        except (UnreadablePostError, RawPostDataException, RequestDataTooBig) as trouble:
            raise Refusal(400, "unreadable", UNREADABLE) from trouble


def parsed(body: bytes) -> Any:
    """The value of a JSON text. Raises Refusal."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_such_number, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as trouble:
        raise Refusal(400, "unreadable", UNREADABLE) from trouble
    _refuse_odd(value, 0)
    return value


def is_plain(text: str) -> bool:
    """Whether a text can be stored and shown: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _no_such_number(name: str) -> float:
    raise ValueError(name)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refuse_odd(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise Refusal(400, "too-deep", Sentence("the body is nested too deeply"))
    if isinstance(value, str) and not is_plain(value):
        raise Refusal(
            400, "odd-characters", Sentence("the body holds a character that no text has (NUL, or half a character)")
        )
    if isinstance(value, dict):
        for name, part in value.items():
            _refuse_odd(name, depth + 1)
            _refuse_odd(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            _refuse_odd(part, depth + 1)
