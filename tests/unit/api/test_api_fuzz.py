"""Schemathesis over the whole API, in this process: as a provider, as a customer and as nobody."""

import json
from collections.abc import Iterator
from typing import Any

import django
import pytest
import schemathesis
from api_client import token_of
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from mailward.api.pace import PACE

EXAMPLES = {"provider": 3, "customer": 3, "nobody": 1}
CONDITIONS = ("If-Match", "If-None-Match")
OURS = {
    "domain": "bluebakery.example",
    "scope": "bluebakery.example",
    "address": "uma@bluebakery.example",
    "email": "uma@bluebakery.example",
    "certificate": "bluebakery.example-upload",
    "number": 1,
    "person": 2,
    "group": 1,
}
"""What the stage has: half of what is asked is about these."""
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def names() -> list[str]:
    django.setup()
    from mailward.api.pages import document_text

    return [one["operationId"] for found in json.loads(document_text())["paths"].values() for one in found.values()]


@pytest.fixture(scope="module")
def operations(stage: Any) -> dict[str, Any]:
    """Every operation, as schemathesis sees it."""
    from mailward.panel.wsgi import application

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    return {one.ok().definition.raw["operationId"]: one.ok() for one in schema.get_all_operations()}


@pytest.fixture(autouse=True)
def unhurried() -> Iterator[None]:
    PACE.forget()
    yield


@pytest.fixture(scope="module")
def tokens(stage: Any) -> dict[str, str]:
    return {"provider": token_of(stage, stage.provider), "customer": token_of(stage, stage.customer), "nobody": ""}


@pytest.mark.parametrize("who", EXAMPLES)
@pytest.mark.parametrize("name", names())
def test_nothing_breaks_and_every_answer_is_as_described(
    operations: dict[str, Any], tokens: dict[str, str], name: str, who: str
) -> None:
    """Whatever is sent, no answer is a failure of ours, and each has the status, type and shape of the document."""
    operation = operations[name]

    @settings(
        max_examples=EXAMPLES[who],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), of_ours=strategies.booleans())
    def ask(case: Any, of_ours: bool) -> None:
        if of_ours:
            case.path_parameters = {key: OURS.get(key, value) for key, value in (case.path_parameters or {}).items()}
        for header in CONDITIONS:  # else most changes would be refused for a tag that nothing has
            (case.headers or {}).pop(header, None)
        if name == "show_run":
            case.query = {**(case.query or {}), "wait": 0}  # a run that waits would be waited for
        headers = {"X-Forwarded-Proto": "https"}
        if tokens[who]:
            headers["Authorization"] = f"Bearer {tokens[who]}"
        response = case.call(headers=headers)
        assert tokens[who] or response.status_code in (400, 401, 422)
        case.validate_response(response, checks=CHECKS)

    ask()
