"""A forged sender gets nothing from this host."""

import re
import smtplib
import time

import pytest

from demo_host import DemoHost
from mailward.model.doors import Door

pytestmark = pytest.mark.real


def test_mail_for_the_bare_postmaster_never_comes_back(demo_host: DemoHost) -> None:
    """Postfix takes mail for "postmaster" from everybody; were it bounced, anybody could have us write to anybody."""
    with smtplib.SMTP("127.0.0.1", demo_host.port(Door.SMTP), timeout=20) as smtp:
        smtp.ehlo("client.example.org")
        smtp.mail("anna@alpha.localhost")
        assert smtp.rcpt("postmaster")[0] == 250
        code, said = smtp.data(b"Subject: forged\r\n\r\nbuy\r\n")
    assert code == 250
    queue_id = re.search(rb"queued as (\S+)", said)
    assert queue_id is not None
    ended = f"{queue_id[1].decode()}: to=<postmaster@"
    deadline = time.monotonic() + 20
    while not (
        lines := [line for line in (demo_host.layout.log / "postfix.log").read_text().splitlines() if ended in line]
    ):
        assert time.monotonic() < deadline, "it was not dealt with in 20 seconds"
        time.sleep(0.1)
    assert "status=sent" in lines[0]
    assert "relay=none" in lines[0]
