"""The OpenAPI document as people read it: operations by subject, each with its parameters, body, answers and an example
for curl. Made from the document alone, so that the page can't say what the document doesn't."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mailward.api.joined import FACE

METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 6


@dataclass(frozen=True)
class Part:
    """A parameter, or a field of a body or an answer. ``where``: path, query, header; "" for a field."""

    name: str
    where: str
    kind: str
    about: str
    needed: bool


@dataclass(frozen=True)
class Reply:
    """One answer. ``example`` "": it has no body of its own."""

    status: int
    about: str
    media_type: str
    example: str


@dataclass(frozen=True)
class Explained:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Part, ...]
    body: tuple[Part, ...]
    replies: tuple[Reply, ...]
    problems: tuple[Reply, ...]
    curl: str


@dataclass(frozen=True)
class Subject:
    """What belongs together."""

    name: str
    operations: tuple[Explained, ...]


@cache
def subjects(host: str) -> tuple[Subject, ...]:
    """All operations, in the document's order. ``host`` stands in the examples."""
    document = FACE.get_openapi_schema()
    found: dict[str, list[Explained]] = {}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                one = operations[method]
                found.setdefault(one["tags"][0], []).append(_Reader(document, host).operation(method, path, one))
    return tuple(Subject(name, tuple(operations)) for name, operations in found.items())


def operation(host: str, name: str) -> Explained | None:
    """One of them, by its operationId."""
    return next((one for subject in subjects(host) for one in subject.operations if one.id == name), None)


@dataclass(frozen=True)
class _Reader:
    document: Mapping[str, Any]
    host: str

    def operation(self, method: str, path: str, one: Mapping[str, Any]) -> Explained:
        body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        replies = [self._reply(int(status), reply) for status, reply in one["responses"].items()]
        return Explained(
            id=one["operationId"],
            method=method.upper(),
            path=path,
            summary=one["summary"],
            about=one.get("description", ""),
            parameters=tuple(self._parameter(parameter) for parameter in one["parameters"]),
            body=self._fields(body) if body else (),
            replies=tuple(reply for reply in replies if reply.status < 400),
            problems=tuple(reply for reply in replies if reply.status >= 400),
            curl=self._curl(method, path, one["parameters"], body),
        )

    def _parameter(self, parameter: Mapping[str, Any]) -> Part:
        kind = self._kind(parameter["schema"])
        return Part(parameter["name"], parameter["in"], kind, parameter["description"], bool(parameter["required"]))

    def _fields(self, schema: Mapping[str, Any], before: str = "", depth: int = 0) -> tuple[Part, ...]:
        whole = self._whole(schema)
        needed = whole.get("required", ())
        found: list[Part] = []
        for name, field in whole.get("properties", {}).items():
            about = field.get("description") or self._whole(field).get("description", "")
            found.append(Part(before + name, "", self._kind(field), about, name in needed))
            if depth < 1 and "properties" in self._whole(field):
                found += self._fields(field, f"{before}{name}.", depth + 1)
        return tuple(found)

    def _reply(self, status: int, reply: Mapping[str, Any]) -> Reply:
        reply = self._whole(reply)
        for media_type, content in reply.get("content", {}).items():
            schema = content["schema"]
            is_text = schema.get("type") == "string" or status >= 400
            shown = "" if is_text else json.dumps(self._example(schema), indent=2, ensure_ascii=False)
            return Reply(status, reply["description"], media_type, shown)
        return Reply(status, reply["description"], "", "")

    def _whole(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a reference leads to; of alternatives the first that isn't null."""
        while "$ref" in part or "anyOf" in part:
            if "anyOf" in part:
                part = next((one for one in part["anyOf"] if one.get("type") != "null"), {})
                continue
            found: Any = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            part = found
        return part

    def _kind(self, schema: Mapping[str, Any]) -> str:
        whole = self._whole(schema)
        if "enum" in whole:
            kind = " | ".join(str(one) for one in whole["enum"]) if len(whole["enum"]) <= 8 else "word"
        elif whole.get("type") == "array":
            kind = f"[{self._kind(whole['items'])}]"
        else:
            kind = str(whole.get("format", whole.get("type", "any")))
        optional = any(one.get("type") == "null" for one in schema.get("anyOf", ()))
        return f"{kind} | null" if optional else kind

    def _example(self, schema: Mapping[str, Any], depth: int = 0) -> Any:
        whole = self._whole(schema)
        for source in (schema, whole):
            given = [*source.get("examples", ())[:1], *([source["default"]] if "default" in source else ())]
            if given:
                return given[0]
        if "enum" in whole or depth > DEEPEST:
            return whole.get("enum", (None,))[0]
        if "properties" in whole:
            return {name: self._example(field, depth + 1) for name, field in whole["properties"].items()}
        if whole.get("type") == "array":
            return [self._example(whole["items"], depth + 1)]
        plain = {"string": "…", "integer": 1, "number": 0.5, "boolean": True, "object": {}}
        return "2026-01-31T12:00:00Z" if whole.get("format") == "date-time" else plain.get(str(whole.get("type")))

    def _curl(self, method: str, path: str, parameters: Sequence[Mapping[str, Any]], body: Mapping[str, Any] | None) -> str:
        for parameter in parameters:
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", _IN_PATH.get(parameter["name"], "1"))
        lines = ["curl" + ("" if method == "get" else f" -X {method.upper()}") + ' -H "Authorization: Bearer $TOKEN"']
        if method == "post":
            lines.append('-H "Idempotency-Key: $(uuidgen)"')
        if body is not None:
            needed = self._whole(body).get("required", ())
            told = self._whole(body).get("properties", {})
            given = {
                name: value
                for name, value in self._example(body).items()
                if name in needed or any(one is not None for one in told[name].get("examples", ()))
            }
            lines.append(f"--json '{json.dumps(given, ensure_ascii=False)}'")
        return " \\\n  ".join([*lines, f"https://{self.host}{path}"])


_IN_PATH = {
    "address": "anna@alpha.test",
    "certificate": "alpha.test-wildcard",
    "domain": "alpha.test",
    "email": "ada@hosting.example",
    "selector": "abcd-efg",
}
