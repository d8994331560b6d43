"""The status page's own process: gunicorn on a unix socket, without root, over a store that it only reads."""

import http.client
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections

from mailward.model.layout import Layout
from mailward.store import place
from mailward.store.models import Event

PANEL, WEB, STRANGER = 64_101, 64_102, 64_103  # ids that nobody has


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("mx.test", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(str(self._path))


def ask(path: Path, address: str) -> tuple[int, str]:
    connection = UnixConnection(path)
    connection.request("GET", address)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def reaches(path: Path, who: int) -> bool:
    """Whether a process with this user and group gets an answer."""
    program = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])"
    argv = [sys.executable, "-c", program, str(path)]
    return subprocess.run(argv, user=who, group=who, extra_groups=[], capture_output=True, check=False).returncode == 0


@pytest.mark.real
def test_the_page_is_served_without_root_and_ends_when_told(open_directory: Path) -> None:
    """An unprivileged process answers nginx' group on its socket, and nobody else; it opens nothing besides."""
    layout = Layout(open_directory)
    layout.store.parent.mkdir()
    place.use(layout.store)
    call_command("migrate", verbosity=0)
    Event.objects.create(at=datetime.now(UTC), who="steward", what="kept.open", subject="store")
    panel = layout.run / "panel"
    panel.mkdir(parents=True)
    os.chown(layout.store.parent, 0, PANEL)  # the steward's own files beside it stay root's, and its connection open
    layout.store.parent.chmod(0o2750)
    os.chown(panel, PANEL, WEB)
    panel.chmod(0o750)
    argv = [sys.executable, "-m", "mailward", "panel", "serve", "--instance", str(layout.root)]
    server = subprocess.Popen(argv, user=PANEL, group=PANEL, extra_groups=[], cwd="/", stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                status, body = ask(panel / "panel.sock", "/status.json")
                break
            except OSError:
                assert server.poll() is None, server.communicate()[1].decode()
                assert time.monotonic() < deadline, "the page did not answer in 20 seconds"
                time.sleep(0.05)
        assert (status, '"verdict": "unknown"' in body) == (200, True)
        assert ask(panel / "panel.sock", "/")[0] == 200
        assert reaches(panel / "panel.sock", WEB), "nginx' workers come in by the directory's group"
        assert not reaches(panel / "panel.sock", STRANGER), "nobody else comes in"
        assert {path.name for path in panel.iterdir()} == {"panel.sock"}
    finally:
        server.terminate()
        server.communicate(timeout=10)
        connections.close_all()
    assert server.returncode == 0
