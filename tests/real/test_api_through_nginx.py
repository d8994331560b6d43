"""The API of a running host: through nginx, with a token of the command line, to the panel's process and back."""

import json
import re
import socket
import ssl
from http.client import HTTPSConnection
from typing import Any

import pytest

from demo_host import DemoHost
from mailward.model.doors import Door

pytestmark = pytest.mark.real


class Loopback(HTTPSConnection):
    """To the panel's name, wherever that name leads."""

    def connect(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.sock = context.wrap_socket(plain, server_hostname=self.host)


def asked(host: DemoHost, token: str, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], Any]:
    connection = Loopback("mx.mailward.localhost", host.port(Door.HTTPS))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(text)


def test_a_program_looks_at_the_doors_and_waits_for_the_proof(demo_host: DemoHost) -> None:
    """A token made at the command line asks for a look; the steward takes it up; its end comes to whoever waits."""
    provider = next(one for one in demo_host.people if one.startswith("provider@"))
    token = re.findall(r"mw_\S+", demo_host.run("token", "create", "a test", "--for", provider).stdout)[0]
    try:
        status, headers, started = asked(demo_host, token, "POST", "/verify", {"domains": ["alpha.localhost"]})
        assert (status, headers["location"]) == (202, started["run"]["href"])
        status, headers, run = asked(demo_host, token, "GET", f"/runs/{started['run']['id']}?wait=25")
        assert (status, run["state"]) == (200, "done")
        assert headers["etag"]
        status, _, found = asked(demo_host, token, "GET", "/findings?domain=alpha.localhost&limit=500")
        assert status == 200
        assert {one["verdict"] for one in found["items"]} == {"pass"}
    finally:
        number = token.split("_")[1]
        assert asked(demo_host, token, "DELETE", f"/tokens/{number}")[0] == 200
    assert asked(demo_host, token, "GET", "/me")[0] == 401
