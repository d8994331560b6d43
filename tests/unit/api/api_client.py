"""A program that asks the API: a token of somebody of the stage, over Django's test client."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Program:
    """Asks as the owner of ``token``; "": as nobody."""

    token: str = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """``path`` is below /api/v1; ``body`` is sent as JSON, bytes as they are."""
        from django.test import Client

        given = {"X-Forwarded-Proto": "https", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.token:
            given["Authorization"] = f"Bearer {self.token}"
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        client = Client(raise_request_exception=False)
        content_type = given.pop("Content-Type", "application/json")
        return client.generic(method, f"/api/v1{path}", data, content_type, headers=given)

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, body, **headers)


def token_of(stage: Any, address: str, **narrowed: Any) -> str:
    """The text of a new token of this person."""
    from mailward.actions import people, tokens
    from mailward.store.models import Account

    account = Account.objects.get(email=address)
    actor = people.as_actor(account, "", is_fresh=True)
    return str(tokens.create_token(stage.made.office, actor, "a test", **narrowed).secret)


def program_of(stage: Any, address: str, **narrowed: Any) -> Program:
    return Program(token_of(stage, address, **narrowed))
