"""The panel's own process: gunicorn on a unix socket, without root, with its key and the store it may write."""

import http.client
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from mailward.daemons.secrets import panel_key
from mailward.host.seals import make_keys
from mailward.model.layout import Layout
from mailward.steward import new_instance
from mailward.steward.settings_file import format_settings

EMAIL, PASSWORD = "ada@hosting.test", "Harbour-Lantern-42-Violin"
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


def ask(path: Path, address: str, form: dict[str, str] | None = None, cookie: str = "") -> tuple[int, str, str]:
    """Status, body, and the first cookie that is set."""
    connection = UnixConnection(path)
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7", "Cookie": cookie}
    if form is not None:
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": "https://mx.test/sign-in/"}
    connection.request("GET" if form is None else "POST", address, urlencode(form or {}), headers)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body, (response.headers.get("Set-Cookie") or "").partition(";")[0]


def signs_in(path: Path) -> bool:
    """Whether the one account of the instance gets a session with its password."""
    _, page, cookie = ask(path, "/sign-in/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    form = {"email": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token.group(1)}
    return ask(path, "/sign-in/", form, cookie)[0] == 302


def reaches(path: Path, who: int) -> bool:
    """Whether a process with this user and group gets an answer."""
    program = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])"
    argv = [sys.executable, "-c", program, str(path)]
    return subprocess.run(argv, user=who, group=who, extra_groups=[], capture_output=True, check=False).returncode == 0


@pytest.fixture
def instance(open_directory: Path) -> Layout:
    """What the panel finds of an instance, made by processes that have ended: the steward is dead."""
    layout = Layout(open_directory)
    layout.store.parent.mkdir()
    layout.secrets.mkdir(mode=0o711)
    layout.settings.write_text(format_settings(new_instance.demo(ipv6=False)))
    (layout.secrets / "steward.pub").write_bytes(make_keys().public)
    panel_key(layout).write_text("k" * 64)
    panel_key(layout).chmod(0o640)
    panel = layout.run / "panel"
    panel.mkdir(parents=True)
    panel.chmod(0o750)
    born = "import sys; from pathlib import Path; from mailward.store import place; place.use(Path(sys.argv[1]));"
    born += "from mailward.steward import birth; birth.make_store();"
    born += "from mailward.store.models import Account; account = Account(email=sys.argv[2]);"
    born += "account.set_password(sys.argv[3]); account.save()"
    subprocess.run([sys.executable, "-c", born, str(layout.store), EMAIL, PASSWORD], check=True, timeout=60)
    for path, owner, group in (
        (panel, PANEL, WEB), (layout.store.parent, 0, PANEL), (panel_key(layout), 0, PANEL),
        *((path, 0, PANEL) for path in layout.store_files),
    ):  # fmt: skip
        os.chown(path, owner, group)
    layout.store.parent.chmod(0o2750)
    for path in layout.store_files:
        path.chmod(0o660)
    return layout


@pytest.mark.real
def test_the_panel_is_served_without_root_and_ends_when_told(instance: Layout) -> None:
    """An unprivileged process answers nginx' group on its socket, and nobody else; it writes a session into the store with
    the steward dead, after a restart too, and nothing besides."""
    panel = instance.run / "panel"
    argv = [sys.executable, "-m", "mailward", "panel", "serve", "--instance", str(instance.root)]
    for _ in range(2):
        server = subprocess.Popen(argv, user=PANEL, group=PANEL, extra_groups=[], cwd="/", stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 20
            while True:
                try:
                    status, body, _ = ask(panel / "panel.sock", "/sign-in/")
                    break
                except OSError:
                    assert server.poll() is None, server.communicate()[1].decode()
                    assert time.monotonic() < deadline, "the panel did not answer in 20 seconds"
                    time.sleep(0.05)
            assert (status, 'action="/sign-in/"' in body) == (200, True)
            assert signs_in(panel / "panel.sock")
            assert reaches(panel / "panel.sock", WEB), "nginx' workers come in by the directory's group"
            assert not reaches(panel / "panel.sock", STRANGER), "nobody else comes in"
            assert {path.name for path in panel.iterdir()} == {"panel.sock"}
        finally:
            server.terminate()
            server.communicate(timeout=10)
        assert server.returncode == 0
    with closing(sqlite3.connect(instance.store)) as store:
        assert store.execute("SELECT count(*) FROM django_session").fetchone()[0] >= 2
