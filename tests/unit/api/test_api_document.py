"""The API's document: committed as it is served, complete, and every action has its operation."""

import ast
import inspect
import json
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import django
import pytest

from mailward import actions

DOCUMENT = Path(__file__).parents[3] / "docs" / "openapi.json"
ROUTES = Path(__file__).parents[3] / "src" / "mailward" / "api" / "routes"
NO_ACTIONS = frozenset({"office", "permission", "rows", "people_rows", "people_reach", "paging", "ordering", "lineages"})
"""Modules of actions/ that others stand on: they decide and cut, and take no wish of a person."""
EXCUSED = {
    "certificate_states.find_certificates": "the page's own list; /certificates lists the same",
    "certificate_states.seen": "findings say at which doors a certificate was met",
    "invitations.accept_invitation": "whoever takes an invitation up has no account yet: that is the link's page",
    "invitations.invitation_for": "the same",
    "invitations.reset_password": "it refuses everybody but the root shell",
    "order_progress.lineage_of": "a run's subject is the certificate's id",
    "overview.looked_at": "/findings has the same rows",
    "overview.server_state": "/status has it",
    "passwords.refuse_weak": "a part of the actions that take a password; /passwords/judge asks",
    "people.actor_of": "it makes the one who acts",
    "roles.give": "a part of granting, for the rows that it was decided for",
    "tokens.actor_of_token": "it makes the one who acts",
}
"""Actions without an address of their own, and why."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    django.setup()
    from mailward.api.pages import document_text

    found: dict[str, Any] = json.loads(document_text())
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, one) for path, found in document["paths"].items() for method, one in found.items()]


def test_the_committed_document_is_what_is_served() -> None:
    """Whoever reads the repository reads the API of this version. Anew: python tests/unit/docs/api_document.py."""
    django.setup()
    from mailward.api.pages import document_text

    assert DOCUMENT.read_text(encoding="utf-8") == document_text()


def public_actions() -> set[str]:
    """Every public function of actions/ that begins with the office."""
    found = set()
    for path in Path(actions.__file__).parent.glob("*.py"):
        if path.stem in NO_ACTIONS or path.stem.startswith("_"):
            continue
        module = import_module(f"mailward.actions.{path.stem}")
        for name, one in vars(module).items():
            if not inspect.isfunction(one) or one.__module__ != module.__name__ or name.startswith("_"):
                continue
            if next(iter(inspect.signature(one).parameters), "") == "office":
                found.add(f"{path.stem}.{name}")
    return found


@cache
def called_actions() -> frozenset[str]:
    """Every action that the routes call, read out of their code."""
    found = set()
    for path in ROUTES.glob("*.py"):
        code = ast.parse(path.read_text(encoding="utf-8"))
        modules = {}
        for node in ast.walk(code):
            if isinstance(node, ast.ImportFrom) and node.module == "mailward.actions":
                modules |= {alias.asname or alias.name: alias.name for alias in node.names}
        calls = [node.func for node in ast.walk(code) if isinstance(node, ast.Call)]
        named = [one for one in calls if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name)]
        found |= {f"{modules[one.value.id]}.{one.attr}" for one in named if one.value.id in modules}
    return frozenset(found)


def test_every_action_has_an_address() -> None:
    """What the command line and the pages can do, a program can do; what it can't is excused by name."""
    django.setup()
    missing = public_actions() - called_actions() - set(EXCUSED)
    assert sorted(missing) == []


def test_no_excuse_for_what_has_an_address_or_is_gone() -> None:
    """The list of excuses is as short as it can be."""
    django.setup()
    assert sorted(set(EXCUSED) & called_actions()) == []
    assert sorted(set(EXCUSED) - public_actions()) == []


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    """A stable id, a summary, a description, one subject, and what can go wrong."""
    ids = [one["operationId"] for _, _, one in operations(document)]
    assert len(ids) == len(set(ids)) > 60
    for method, path, one in operations(document):
        assert one["summary"] and one["description"] and len(one["tags"]) == 1, path
        assert {"401", "403", "404", "422", "429"} <= set(one["responses"]), (method, path)
        assert any(status.startswith("2") for status in one["responses"]), (method, path)


def test_every_field_is_explained(document: dict[str, Any]) -> None:
    """No field of a body or an answer, and no parameter, stands there without a sentence."""
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, one in schema.get("properties", {}).items()
        if not one.get("description")
    ]
    assert silent == []
    assert [p for _, p, one in operations(document) for given in one["parameters"] if not given["description"]] == []


def test_what_makes_something_can_be_asked_once(document: dict[str, Any]) -> None:
    """Every POST takes an Idempotency-Key, every read an If-None-Match."""
    for method, path, one in operations(document):
        headers = {given["name"] for given in one["parameters"] if given["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (method == "post"), path
        assert ("If-None-Match" in headers) == (method == "get"), path
