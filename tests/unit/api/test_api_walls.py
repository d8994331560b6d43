"""Nobody reaches another's domain through any address of the API; generated from its document."""

import json
from typing import Any

import django
import pytest
from api_client import Program, program_of

HOLDS_A_DOMAIN = {
    "domain": "oldmillpress.example",
    "scope": "oldmillpress.example",
    "address": "office@oldmillpress.example",
    "email": "otto@oldmillpress.example",
    "certificate": "oldmillpress.example-wildcard",
}
"""Path parameters that name something of Old Mill Press, which is not Blue Bakery's."""
FILLED = {"number": "1", "selector": "abcd-efg", "person": "1", "group": "1", "grant": "1", "token": "1"}
TELLS_NOTHING = {"rights_at": {"acts": []}}
"""Operations that answer the same for what is out of reach as for what doesn't exist, without an error."""


def operations() -> list[tuple[str, str, str, Any]]:
    django.setup()
    from mailward.api.pages import document_text

    document = json.loads(document_text())
    found = []
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            places = {given["name"] for given in one["parameters"] if given["in"] == "path"}
            queries = {given["name"] for given in one["parameters"] if given["in"] == "query"}
            if places & set(HOLDS_A_DOMAIN) or "domain" in queries:
                found.append((one["operationId"], method.upper(), path.removeprefix("/api/v1"), one))
    return found


BODIES: dict[str, Any] = {
    "set_tls": {"tls_in": True},
    "secure_domain": {},
    "go_on": {},
    "choose_for_domain": {"mail": "self-signed"},
    "answer_request": {"certificate": "x"},
    "publish_dns": {},
    "cure_dns": {"mechanism": "spf", "subject": "oldmillpress.example"},
    "set_dns_home": {"home": "by-hand"},
    "set_dns_policy": {"tls_rpt": True},
    "change_quota": {"quota_bytes": 1},
    "change_password": {},
    "create_app_password": {"label": "phone"},
}
IN_BODIES: dict[str, tuple[str, Any]] = {
    "order": ("/certificates/orders", {"domain": "oldmillpress.example"}),
    "request": ("/certificates/requests", {"domain": "oldmillpress.example"}),
    "verify": ("/verify", {"domains": ["oldmillpress.example"]}),
    "client": ("/clients", {"address": "office@oldmillpress.example"}),
    "mailbox": ("/mailboxes", {"address": "spy@oldmillpress.example"}),
    "alias": ("/aliases", {"address": "spy@oldmillpress.example", "targets": ["paula@bluebakery.example"]}),
    "role": ("/invitations", {"email": "x@y.example", "grant": {"role": "customer", "customer": "Old Mill Press"}}),
    "token": ("/tokens", {"label": "x", "acts": ["domains.read"], "domains": ["oldmillpress.example"]}),
}


@pytest.fixture(scope="module")
def customer(stage: Any) -> Program:
    return program_of(stage, stage.customer)


def address_of(path: str, one: Any, held: dict[str, str]) -> str:
    """The path with its parameters filled, and ``domain`` in the query where it is one."""
    for name, value in {**FILLED, **held}.items():
        path = path.replace("{" + name + "}", value)
    if any(given["name"] == "domain" and given["in"] == "query" for given in one["parameters"]):
        path += f"?domain={held['domain']}"
    return path


@pytest.mark.parametrize(
    ("name", "method", "path", "one"), operations(), ids=lambda part: part if isinstance(part, str) else ""
)
def test_anothers_domain_is_not_there(customer: Program, name: str, method: str, path: str, one: Any) -> None:
    """A customer's token gets the same for another's domain, certificate or mailbox as for one that doesn't exist: 404."""
    answer = customer.ask(method, address_of(path, one, HOLDS_A_DOMAIN), BODIES.get(name))
    nowhere = {key: value.replace("oldmillpress", "nowhere-at-all") for key, value in HOLDS_A_DOMAIN.items()}
    other = customer.ask(method, address_of(path, one, nowhere), BODIES.get(name))
    assert answer.status_code == other.status_code == (200 if name in TELLS_NOTHING else 404), answer.content
    if name in TELLS_NOTHING:
        assert answer.json() == other.json() == TELLS_NOTHING[name]
    else:
        told = answer.content.decode().replace("oldmillpress", "nowhere-at-all")
        assert told == other.content.decode()


@pytest.mark.parametrize("kind", IN_BODIES)
def test_anothers_domain_in_a_body_is_not_there_either(customer: Program, kind: str) -> None:
    """What a body names is looked for in one's own reach alone."""
    path, body = IN_BODIES[kind]
    answer = customer.post(path, body)
    assert answer.status_code == 404, answer.content
    assert answer.json()["code"] == "unknown"


def test_the_list_of_what_was_tried_is_not_empty() -> None:
    """The operations are found in the document, the important ones among them."""
    assert {"show_domain", "remove_domain", "show_mailbox", "change_password", "show_certificate", "list_findings"} <= {
        name for name, *_ in operations()
    }
