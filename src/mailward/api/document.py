"""The API's description (OpenAPI 3.1), completed with what holds for every operation: who may ask, which headers matter,
and what problems look like."""

import json
import re
from typing import Any

from mailward.api.problems import MEDIA_TYPE, Problem
from mailward.api.vocabulary import PLACES

_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')

ABOUT = (
    "Everything that the panel and the command line can do with a mail host. What changes the host is a *run*: it is "
    "asked for (202), carried out by the steward, proven from outside, and undone when the proof fails. Ask its "
    "address until its `state` is an end.\n\n"
    "Times are RFC 3339 in UTC. Sentences come in the language of `Accept-Language` (en, nl, de, fr) beside a code that is "
    "the same in all. Errors are problem documents (RFC 9457). What is out of a token's reach is answered like what "
    "doesn't exist: 404."
)
SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "mw_ID_SECRET",
        "description": "A token made in the panel or with `mailward token create`; it allows at most what its account may.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-mailward",
        "description": "A browser that is signed in to the panel. What changes something needs X-CSRFToken, too.",
    },
}
RESPONSES = {
    400: "The request can't be read",
    401: "No token, or one that is not valid any more",
    403: "The role or the token doesn't allow it, or a fresh second factor is needed",
    404: "It doesn't exist, or is out of reach",
    405: "The address doesn't take that method",
    409: "It doesn't fit what is there",
    412: "It was changed since it was read",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "Something in the request is refused",
    429: "Too many requests in this minute",
    500: "It failed here",
    503: "The store can't be used now",
}
EVERYWHERE = (400, 401, 403, 404, 422, 429, 500, 503)
LANGUAGE = ("Accept-Language", "The language of sentences: en, nl, de or fr", "de")
MAY_BE_KNOWN = ("If-None-Match", "Answer 304 when this is still its ETag", '"5d41402abc4b2a76b9719d911017c592"')
MUST_BE_SAME = ("If-Match", "Change it only while it has this ETag", '"5d41402abc4b2a76b9719d911017c592"')
ONCE = ("Idempotency-Key", "With the same key it is done once, and answered the same for 24 hours", "8e03978e-40d5")


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Ninja's document with ours."""
    components = document["components"]
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"].update(schema.pop("$defs", {}))
    components["schemas"]["Problem"] = schema
    components["securitySchemes"] = SECURITY
    components["responses"] = {f"Problem{status}": _response(status, text) for status, text in RESPONSES.items()}
    document["security"] = [{"token": []}, {"session": []}]
    document["info"]["license"] = {"name": "Apache 2.0", "identifier": "Apache-2.0"}
    for path in document["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    document.pop("servers", None)
    components["schemas"] = _needed(document)
    return document


def _needed(document: dict[str, Any]) -> dict[str, Any]:
    """The schemas that something refers to, by name."""
    schemas = document["components"]["schemas"]
    found: set[str] = set()
    waiting = [json.dumps({**document, "components": {**document["components"], "schemas": {}}})]
    while waiting:
        for name in set(_REFERENCE.findall(waiting.pop())) - found:
            found.add(name)
            waiting.append(json.dumps(schemas[name]))
    return {name: schemas[name] for name in sorted(found)}


def _explain(parameter: dict[str, Any]) -> None:
    """A parameter's schema without what repeats it, and a sentence about it."""
    for name in ("examples", "example"):
        parameter.pop(name, None)
    parameter["schema"].pop("title", None)
    told = parameter["schema"].pop("description", None)
    parameter["description"] = told or PLACES.get(parameter["name"], parameter["name"].capitalize())


def _response(status: int, text: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": text,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == 429:
        found["headers"] = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
    return found


def _complete(method: str, operation: dict[str, Any]) -> None:
    statuses = [*EVERYWHERE]
    headers = [LANGUAGE]
    if method == "get":
        headers.append(MAY_BE_KNOWN)
        operation["responses"][304] = {"description": "It is as it was"}
    else:
        statuses += [409, 412, 413, 415]
        headers.append(MUST_BE_SAME)
    if method == "post":
        headers.append(ONCE)
    for parameter in operation.get("parameters", []):
        _explain(parameter)
    for name, text, example in headers:
        header = {"in": "header", "name": name, "required": False, "description": text, "example": example}
        operation.setdefault("parameters", []).append({**header, "schema": {"type": "string"}})
    for status in statuses:
        operation["responses"].setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})
    operation["responses"] = {str(status): operation["responses"][status] for status in sorted(operation["responses"])}
    for status, response in operation["responses"].items():
        if status == "202":
            response["headers"] = {"Location": {"description": "The run", "schema": {"type": "string"}}}
        if status == "200" and method == "get":
            response["headers"] = {"ETag": {"description": "Its entity tag", "schema": {"type": "string"}}}
