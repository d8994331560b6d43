"""The status page's own process: gunicorn on a unix socket, without root, over a store that it only reads."""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections

from mailward.model.layout import Layout
from mailward.store import place

NOBODY = 65534


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


@pytest.mark.real
def test_the_page_is_served_without_root_and_ends_when_told(open_directory: Path) -> None:
    """An unprivileged process answers on its socket with what the store says, and leaves nothing behind."""
    layout = Layout(open_directory)
    layout.store.parent.mkdir()
    place.use(layout.store)
    call_command("migrate", verbosity=0)
    connections.close_all()
    panel = layout.run / "panel"
    panel.mkdir(parents=True)
    for path in (panel, layout.store.parent, *layout.store.parent.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    argv = [sys.executable, "-m", "mailward", "panel", "serve", "--instance", str(layout.root)]
    server = subprocess.Popen(argv, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", stderr=subprocess.PIPE)
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
        assert {path.name for path in panel.iterdir()} == {"panel.sock"}
    finally:
        server.terminate()
        server.communicate(timeout=10)
    assert server.returncode == 0
