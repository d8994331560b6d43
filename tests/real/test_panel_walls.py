"""What somebody who takes over the panel's process has: its files, the store, its memory. No key and no password of others,
and no way to the host but asking the steward."""

import base64
import json
import os
import pwd
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from playwright.sync_api import expect

from browsing import browser
from demo_host import DemoHost
from mailward.host.clock import RealClock
from mailward.host.supervisor import Supervisord
from mailward.model.doors import Door

pytestmark = pytest.mark.real
PANEL = "mailward-panel"
TAKEN_OVER = r"""
import json, os, socket, sqlite3, stat, sys
root, told = sys.argv[1], json.loads(sys.stdin.read())
wanted = {name: bytes.fromhex(value) for name, value in told["secrets"].items()}
found, read, writable, spoken, done = [], [], [], [], []

def look(where, content):
    found.extend([where, name] for name, value in wanted.items() if value in content)

paths = set(told["names"])
for directory, below, files in os.walk(root):
    paths.update(os.path.join(directory, name) for name in (*below, *files))
for path in sorted(paths):
    if os.access(path, os.W_OK) and not os.path.islink(path):
        writable.append(os.path.relpath(path, root))
    try:
        if stat.S_ISSOCK(os.stat(path).st_mode):
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(2)
                door.connect(path)
                spoken.append(os.path.relpath(path, root))
            continue
        with open(path, "rb") as file:
            look(path, file.read())
            read.append(os.path.relpath(path, root))
    except OSError:
        pass

store = sqlite3.connect(told["store"])
rows = 0
for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
    for row in store.execute(f'SELECT * FROM "{table}"'):
        rows += 1
        for value in row:
            look(f"row of {table}", bytes(value) if isinstance(value, bytes) else str(value).encode())

seen = 0
for process in told["processes"]:
    with open(f"/proc/{process}/environ", "rb") as file:
        look(f"environment of {process}", file.read())
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
        for line in maps:
            ends, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in ends.split("-"))
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            seen += len(content)
            look(f"memory of {process}", content)

def attempt(what, act):
    try:
        act()
        done.append(what)
    except OSError:
        pass

place = told["store"]
attempt("rename the store", lambda: os.rename(place, place + ".old"))
attempt("link beside the store", lambda: os.symlink("/etc/passwd", place + "-journal"))
attempt("remove the store's log", lambda: os.unlink(place + "-wal"))
attempt("write mailward.toml", lambda: open(os.path.join(root, "mailward.toml"), "a"))
attempt("list the secrets", lambda: os.listdir(os.path.join(root, "secrets")))
attempt("see root's memory", lambda: open("/proc/1/mem", "rb"))
attempt("signal the supervisor", lambda: os.kill(told["supervisor"], 0))
print(json.dumps({"found": found, "read": read, "writable": writable, "spoken": spoken, "done": done, "rows": rows,
                  "seen": seen, "who": os.geteuid()}))
"""


def processes_of(host: DemoHost) -> list[int]:
    """The panel's own, by their user and the directory they serve."""
    who, found = pwd.getpwnam(PANEL).pw_uid, []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and entry.stat().st_uid == who
                and str(host.root).encode() in (entry / "cmdline").read_bytes()
            ):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def secrets_of(host: DemoHost) -> dict[str, bytes]:
    """Everything of this host that the panel must not have, in the forms in which it could lie somewhere."""
    place = host.layout.secrets
    found = {f"mailbox password of {address}": word.encode() for address, word in host.passwords.items()}
    found["the TSIG secret"] = (place / "tsig.key").read_bytes().strip()
    found["the TSIG secret, raw"] = base64.b64decode(found["the TSIG secret"])
    found["Roundcube's key"] = (place / "roundcube.key").read_bytes().strip()
    seal = re.split(rb"\s+", (place / "steward.key").read_bytes().strip())[-1]
    found |= {"the steward's seal": seal, "the steward's seal, raw": base64.b64decode(seal)}
    pem_files = [*host.layout.tls_versions.iterdir(), place / "pebble-key.pem"]
    for path in pem_files:
        text = path.read_bytes()
        key = load_pem_private_key(text[text.index(b"-----BEGIN") :], None) if b"PRIVATE" in text else None
        if isinstance(key, EllipticCurvePrivateKey):
            found[f"key of {path.name}, raw"] = key.private_numbers().private_value.to_bytes(32, "big")
        lines = re.search(rb"PRIVATE KEY-----\n(.+?)\n-----END", text, re.DOTALL)
        assert lines is not None, path
        found[f"key of {path.name}"] = lines.group(1).splitlines()[1]
    with closing(apsw.Connection(str(host.layout.directory), flags=apsw.SQLITE_OPEN_READONLY)) as directory:
        for address, hashed in directory.execute("SELECT address, password FROM mailboxes"):
            found[f"hash of {address}"] = hashed.encode()
    for path in (host.root / "state" / "knot").rglob("*.pem"):
        lines = re.search(rb"PRIVATE KEY-----\n(.+?)\n-----END", path.read_bytes(), re.DOTALL)
        found[f"DNSSEC key {path.name}"] = lines.group(1).splitlines()[1] if lines else path.read_bytes()
    return found


@pytest.mark.browser
def test_whoever_takes_over_the_panel_gets_no_key_and_no_password(demo_host: DemoHost) -> None:
    """After a person has signed in through nginx and looked around: with the panel's user, its files, the whole store and
    the memory of its processes, no TLS, DNS or ACME key, no mailbox password or hash and no TSIG secret is found; nothing
    but the store's files and its own socket can be written, and no daemon's socket answers."""
    look_around(demo_host, "/certificates/", "/mail/addresses/", "/doors/", "/account/")
    supervisor = int((demo_host.layout.run / "supervisord.pid").read_text())
    mine = processes_of(demo_host)
    assert len(mine) >= 2, "gunicorn and its worker"
    wanted = secrets_of(demo_host)
    assert {"the TSIG secret", "the steward's seal, raw", "hash of anna@alpha.localhost"} <= wanted.keys()
    told = {
        "secrets": {name: value.hex() for name, value in wanted.items()},
        "names": [str(path) for path in demo_host.root.rglob("*")],
        "store": str(demo_host.layout.store),
        "processes": mine,
        "supervisor": supervisor,
    }
    as_panel = ["setpriv", f"--reuid={PANEL}", f"--regid={PANEL}", "--init-groups"]
    ended = subprocess.run(
        [*as_panel, "/usr/bin/python3", "-c", TAKEN_OVER, str(demo_host.root)],
        input=json.dumps(told), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert said["who"] == pwd.getpwnam(PANEL).pw_uid
    assert "mailward.toml" in said["read"]
    assert "secrets/panel.key" in said["read"], "the walk reaches what is the panel's"
    assert said["rows"] > 100
    assert said["seen"] > 10_000_000, "its memory was looked through"
    assert said["found"] == []
    assert said["done"] == []
    store = [f"store/{path.name}" for path in demo_host.layout.store_files]
    assert sorted(said["writable"]) == sorted(["run/panel", "run/panel/panel.sock", *store])
    assert said["spoken"] == ["run/panel/panel.sock"]


@pytest.mark.browser
def test_the_panel_starts_and_signs_in_with_the_steward_dead(demo_host: DemoHost) -> None:
    """Without a steward, a panel that was killed comes back by itself, and people sign in: the store's files stay where its
    user can write them."""
    keeper = Supervisord(demo_host.layout, clock=RealClock())
    configuration = demo_host.layout.current / "supervisor" / "supervisord.conf"
    order = [sys.executable, "-m", "supervisor.supervisorctl", "-c", str(configuration)]
    subprocess.run([*order, "stop", "steward"], check=True, capture_output=True, timeout=60)
    try:
        before = processes_of(demo_host)
        os.kill(min(before), signal.SIGKILL)
        deadline = time.monotonic() + 30
        while keeper.states()["panel"] != "RUNNING" or set(processes_of(demo_host)) & set(before):
            assert time.monotonic() < deadline, keeper.states()
            time.sleep(0.2)
        look_around(demo_host, "/account/")
        for path in demo_host.layout.store_files:
            status = path.stat()
            whose = (status.st_uid, status.st_gid, status.st_mode & 0o777)
            assert whose == (0, pwd.getpwnam(PANEL).pw_gid, 0o660), path
    finally:
        subprocess.run([*order, "start", "steward"], check=True, capture_output=True, timeout=60)


def look_around(host: DemoHost, *paths: str) -> None:
    """The demo's provider signs in through nginx, with Chromium, and looks at these pages."""
    email, password = next((email, word) for email, word in host.people.items() if email.startswith("provider@"))
    url = f"https://mx.mailward.localhost:{host.port(Door.HTTPS)}"
    with browser(host) as chromium:
        page = chromium.new_context(ignore_https_errors=True).new_page()  # the panel's certificate is its own in a demo
        page.goto(f"{url}/domains/")
        page.fill("#f-email", email)
        page.fill("#f-password", password)
        page.click("main button[type=submit]")
        expect(page.locator("main")).to_contain_text("alpha.localhost")
        for path in paths:
            answer = page.goto(f"{url}{path}")
            assert answer is not None
            assert answer.status == 200, path
        expect(page.locator("main")).to_contain_text("Chrome")  # the session, among one's own
        page.goto(f"{url}/invitation/planted-secret/")
    requests = (host.layout.log / "nginx-web.log").read_text()
    assert "/invitation/-" in requests
    assert "planted-secret" not in requests, "a link that lets somebody in is logged nowhere"
