"""A whole host's files: whose they are, and who else can read or change them."""

import imaplib
import re
import ssl
import stat
import subprocess
import urllib.parse
from pathlib import Path

import pytest

from demo_host import DemoHost
from mailward.model.doors import Door

pytestmark = pytest.mark.real

TRUSTED = {0}


def _files(root: Path, *beside: str) -> list[Path]:
    return [path for path in root.rglob("*") if not path.is_symlink() and path.relative_to(root).parts[0] not in beside]


def test_nobody_else_can_read_who_writes_to_whom(demo_host: DemoHost) -> None:
    """No log is readable by other users of the host."""
    demo_host.verify("alpha.localhost")
    logs = [path for path in _files(demo_host.layout.log) if path.is_file()]
    assert {"postfix.log", "nginx-web.log", "steward.log", "supervisor.log", "nginx.out.log"} <= {
        path.name for path in logs
    }
    # Webmail makes its own files as it likes, in a directory that nobody else may enter.
    open_logs = [path for path in logs if path.parent.stat().st_mode & 0o001]
    assert [path.name for path in open_logs if path.stat().st_mode & 0o007] == []


def test_root_writes_nothing_where_a_daemons_user_could_leave_a_link(demo_host: DemoHost) -> None:
    """In a directory that belongs to another user there is no file of root's: a daemon that writes it would follow a link.
    (Postfix' queue is its own design: it changes to the owner before it opens anything there.)"""
    found = [
        path
        for path in _files(demo_host.root, "queue")
        if path.is_file() and path.parent.stat().st_uid not in TRUSTED and path.stat().st_uid in TRUSTED
    ]
    assert found == []


def test_what_everybody_may_write_is_nothing(demo_host: DemoHost) -> None:
    """No file and no directory of an instance is writable by every user of the host."""
    found = [path for path in _files(demo_host.root) if not path.is_socket() and path.stat().st_mode & stat.S_IWOTH]
    assert found == []


def test_addresses_that_clients_ask_for_are_in_no_log(demo_host: DemoHost) -> None:
    """A client that looks for its settings names the person's address: it is logged nowhere, also for a domain not held."""
    asked = urllib.parse.quote("planted-person@nowhere.test")
    name, port = "autoconfig.nowhere.test", demo_host.port(Door.HTTPS)
    url = f"https://{name}:{port}/mail/config-v1.1.xml?emailaddress={asked}"
    argv = [
        "curl",
        "-sk",
        "--noproxy",
        "*",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "--resolve",
        f"{name}:{port}:127.0.0.1",
        url,
    ]
    assert subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True).stdout == "404"
    logs = [path.read_text(errors="replace") for path in _files(demo_host.layout.log) if path.is_file()]
    assert [text for text in logs if re.search("planted-person", text)] == []


def test_a_new_password_logs_out_whoever_is_in(demo_host: DemoHost) -> None:
    """A session that was opened with the old password ends when the password changes, and the new one opens another."""
    address, port = "thief@alpha.localhost", demo_host.port(Door.IMAPS)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # who is met is other tests' subject
    demo_host.run("mailbox", "add", address, "--password-stdin", stdin=b"Opened-1-With-This\n")
    try:
        old = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context, timeout=20)
        old.login(address, "Opened-1-With-This")
        assert old.select()[0] == "OK"
        demo_host.run("mailbox", "password", address, "--password-stdin", stdin=b"Closed-2-With-This\n")
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            for _ in range(50):
                old.noop()
        with imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context, timeout=20) as new:
            assert new.login(address, "Closed-2-With-This")[0] == "OK"
    finally:
        demo_host.run("mailbox", "remove", address, "--yes")
