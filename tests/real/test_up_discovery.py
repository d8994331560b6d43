"""What mail clients ask for to set themselves up is served with the panel and the steward dead."""

import http.client
import plistlib
import re
import socket
import ssl
from collections.abc import Iterator

import pytest

from demo_host import DemoHost
from mail_people import careless, trusting
from mailward.host.clock import RealClock
from mailward.host.supervisor import Supervisord
from mailward.model.doors import Door

pytestmark = pytest.mark.real

ALPHA, BETA = "alpha.localhost", "beta.localhost"
OUTLOOK = """<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
<Request><EMailAddress>{address}</EMailAddress></Request></Autodiscover>"""


@pytest.fixture(scope="module")
def host(demo_host: DemoHost) -> Iterator[DemoHost]:
    keeper = Supervisord(demo_host.layout, clock=RealClock())
    for name in ("panel", "steward"):
        keeper.stop(name)
    yield demo_host
    for name in ("panel", "steward"):
        keeper.start(name)


def asked(host: DemoHost, name: str, path: str, *, body: str | None = None, strict: bool = True) -> tuple[int, str, bytes]:
    """Status, type and content of an answer over HTTPS, verified unless not ``strict``."""
    context: ssl.SSLContext = trusting(host) if strict else careless()
    client = http.client.HTTPSConnection(name, host.port(Door.HTTPS), timeout=20, context=context)
    plain = socket.create_connection(("127.0.0.1", host.port(Door.HTTPS)), 20)
    client.sock = context.wrap_socket(plain, server_hostname=name)
    client.request("POST" if body is not None else "GET", path, body)
    answer = client.getresponse()
    return answer.status, answer.getheader("Content-Type", ""), answer.read()


def test_thunderbird_finds_the_domains_own_name_where_it_has_a_certificate(host: DemoHost) -> None:
    """Autoconfig of alpha names mail.alpha.localhost and the implicit-TLS ports; beta's names the server itself."""
    path = "/mail/config-v1.1.xml?emailaddress=anna@alpha.localhost"
    status, kind, content = asked(host, f"autoconfig.{ALPHA}", path)
    assert (status, kind.split(";")[0]) == (200, "text/xml")
    text = content.decode()
    assert f"<hostname>mail.{ALPHA}</hostname>" in text
    ports = set(re.findall(r"<port>(\d+)</port>", text))
    assert {str(host.port(door)) for door in (Door.IMAPS, Door.SUBMISSIONS)} <= ports
    assert "plain</socketType>" not in text
    status, _, content = asked(host, f"autoconfig.{BETA}", path, strict=False)
    assert status == 200
    assert b"<hostname>mx.mailward.localhost</hostname>" in content


def test_outlook_finds_its_settings_by_post_in_any_letter_case(host: DemoHost) -> None:
    """Autodiscover answers the POST that Outlook sends."""
    for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"):
        body = OUTLOOK.format(address=f"anna@{ALPHA}")
        status, _, content = asked(host, f"autodiscover.{ALPHA}", path, body=body)
        assert status == 200
        assert f"<Server>mail.{ALPHA}</Server>".encode() in content
        assert b"<SSL>on</SSL>" in content


def test_apple_finds_a_profile(host: DemoHost) -> None:
    """The profile names the same host and demands TLS."""
    status, kind, content = asked(host, f"webmail.{ALPHA}", "/mailward.mobileconfig")
    assert (status, kind) == (200, "application/x-apple-aspen-config")
    (mail,) = plistlib.loads(content)["PayloadContent"]
    assert mail["IncomingMailServerHostName"] == mail["OutgoingMailServerHostName"] == f"mail.{ALPHA}"
    assert mail["IncomingMailServerUseSSL"] is True
    assert mail["OutgoingMailServerUseSSL"] is True
    assert mail["IncomingMailServerPortNumber"] == host.port(Door.IMAPS)


def test_the_client_command_finds_the_same(host: DemoHost) -> None:
    """``client`` discovers what is served, by real questions: nothing of it needs the panel or the steward's daemon."""
    said = host.run("client", f"anna@{ALPHA}")
    assert f"mail.{ALPHA}" in said.stdout
    beta = host.run("client", f"anna@{BETA}", check=False)
    assert beta.returncode == 1
    assert "mx.mailward.localhost" in beta.stdout


def test_the_panels_address_says_that_it_is_down(host: DemoHost) -> None:
    """Not a broken page: 503, in words, and nothing is cached."""
    status, kind, content = asked(host, "mx.mailward.localhost", "/", strict=False)
    assert status == 503
    assert kind.startswith("text/html")
    assert len(content) > 200
