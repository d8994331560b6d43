"""Where the secrets of a running host lie, who can read them, and where they never appear."""

import base64
import grp
import json
import pwd
import re
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from demo_host import DemoHost

pytestmark = pytest.mark.real

PRIVATE = b"PRIVATE KEY-----"
ENCODED = tuple(base64.b64encode(b" " * shift + PRIVATE)[4:-4] for shift in range(3))
"""The same inside base64, wherever it begins: Postfix' table holds its PEM files so."""
ALLOWED = {
    # where a private key may lie: mode, owner and group
    "tls/versions/": (0o640, "root", "mailward-web"),
    "tls/sni.lmdb": (0o600, "root", "root"),
    "secrets/pebble-key.pem": (0o640, "root", "mailward-ca"),
    "state/knot/keys/keys/": (0o640, "knot", "knot"),
    "dkim/": (0o640, "root", "mailward-mailpath"),
}
PANEL = "mailward-panel"


def files(host: DemoHost) -> Iterator[Path]:
    for path in sorted(host.root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def secrets_of(host: DemoHost) -> dict[str, bytes]:
    """Everything on this host that nobody else may ever see, by what it is."""
    place = host.layout.secrets
    found = {f"the password of {address}": word.encode() for address, word in host.passwords.items()}
    found["the TSIG key"] = (place / "tsig.key").read_bytes().strip()
    found["Roundcube's key"] = (place / "roundcube.key").read_bytes().strip()
    found["the steward's seal"] = re.split(rb"[\s:]+", (place / "steward.key").read_bytes().strip())[-1]
    for path in host.layout.tls_versions.iterdir():
        # The first line of a P-256 key is the same for all; the second one is the key.
        lines = re.search(rb"PRIVATE KEY-----\n(.+?)\n-----END", path.read_bytes(), re.DOTALL)
        assert lines is not None
        found[f"the key of {path.name}"] = lines.group(1).splitlines()[1]
    return found


def test_private_keys_lie_only_where_a_daemon_must_read_them(demo_host: DemoHost) -> None:
    """Each file with a private key is one of those expected, with its mode and its owner, and others can't read it."""
    found = [path for path in files(demo_host) if any(form in path.read_bytes() for form in (PRIVATE, *ENCODED))]
    places = dict.fromkeys(ALLOWED, 0)
    for path in found:
        name = str(path.relative_to(demo_host.root))
        place = next((place for place in ALLOWED if name.startswith(place)), None)
        assert place is not None, f"a private key in {name}"
        places[place] += 1
        status = path.stat()
        who = (stat.S_IMODE(status.st_mode), pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name)
        assert who == ALLOWED[place], name
    assert places["tls/versions/"] >= 3
    assert places["tls/sni.lmdb"] == 1
    assert places["secrets/pebble-key.pem"] == 1
    assert places["dkim/"] >= 4  # two kinds for each of two domains


def test_the_stewards_own_secrets_are_roots_alone(demo_host: DemoHost) -> None:
    """The seal, the TSIG secret and the first passwords: 0600 root; nobody but root can list the directory."""
    for name in ("steward.key", "tsig.key", "first-passwords"):
        status = (demo_host.layout.secrets / name).stat()
        assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o600, 0, 0), name
    assert stat.S_IMODE(demo_host.layout.secrets.stat().st_mode) == 0o711


READER = r"""
import json, os, sys
root, read, kept = sys.argv[1], [], {}
wanted = {name: bytes.fromhex(value) for name, value in json.loads(sys.stdin.read()).items()}
names = set()
for directory, _, files in os.walk(root):
    names.update(os.path.join(directory, name) for name in files)
names.update(json.loads(sys.argv[2]))
found = []
for name in sorted(names):
    try:
        with open(name, "rb") as file:
            content = file.read()
    except OSError:
        continue
    read.append(name)
    found += [(name, what) for what, value in wanted.items() if value in content]
print(json.dumps({"read": read, "found": found, "who": os.geteuid()}))
"""


@pytest.mark.parametrize("user", [PANEL, "mailward-webmail", "nobody"])
def test_the_web_processes_can_read_no_secret(demo_host: DemoHost, user: str) -> None:
    """Whoever takes over the panel, webmail or any other user of the machine finds no key, no seal and no password
    hash, though he knows the name of every file."""
    wanted = {name: value.hex() for name, value in secrets_of(demo_host).items()}
    wanted["a private key"] = PRIVATE.hex()
    wanted["a password hash"] = b"$argon2id$".hex()
    if user == "mailward-webmail":
        del wanted["Roundcube's key"]  # its own: it encrypts its sessions with it
    known = json.dumps([str(path) for path in files(demo_host)])
    groups = ["--init-groups"] if user != "nobody" else ["--clear-groups"]
    as_user = ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", *groups]
    ended = subprocess.run(
        [*as_user, "/usr/bin/python3", "-c", READER, str(demo_host.root), known],
        input=json.dumps(wanted), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    said = json.loads(ended.stdout)
    assert said["who"] == pwd.getpwnam(user).pw_uid
    assert str(demo_host.layout.settings) in said["read"]  # the walk did read what is everybody's
    if user == PANEL:  # the store is the panel's to read; the directory, with the same hashes, is not
        store = [name for name, what in said["found"] if what == "a password hash"]
        said["found"] = [(name, what) for name, what in said["found"] if name not in store]
        assert all(name.startswith(str(demo_host.layout.store)) for name in store)
    told = said["found"]
    assert told == []
    assert (str(demo_host.layout.directory) in said["read"]) is False
    assert any(name.startswith(f"{demo_host.layout.mail}/") for name in said["read"]) is False


def test_the_store_holds_keys_only_sealed(demo_host: DemoHost) -> None:
    """No table holds a private key, a password or any other secret in clear, in text or in bytes."""
    known = secrets_of(demo_host)
    with closing(sqlite3.connect(f"file:{demo_host.layout.store}?mode=ro", uri=True)) as store:
        tables = [row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert "store_version" in tables
        for table in tables:
            for row in store.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    content = value if isinstance(value, bytes) else str(value).encode()
                    assert PRIVATE not in content, table
                    for what, secret in known.items():
                        assert secret not in content, (table, what)
                        assert base64.b64encode(secret) not in content, (table, what)


def test_logs_never_hold_a_secret(demo_host: DemoHost) -> None:
    """After mail was sent and read, log-ins failed and certificates changed: no key and no password in any log."""
    with closing(sqlite3.connect(f"file:{demo_host.layout.store}?mode=ro", uri=True)) as store:
        assert store.execute("SELECT count(*) FROM store_run").fetchone()[0] > 0
    known = secrets_of(demo_host) | {"a private key": PRIVATE, "a password hash": b"$argon2id$"}
    logs = [path for path in demo_host.layout.log.rglob("*") if path.is_file()]
    assert any(path.name == "steward.log" and path.stat().st_size for path in logs)
    for path in logs:
        content = path.read_bytes()
        for what, secret in known.items():
            assert secret not in content, (path.name, what)


def test_a_configuration_generation_holds_no_secret(demo_host: DemoHost) -> None:
    """What is rendered (and shown as a diff) refers to secrets by their files; nothing of them is in it."""
    known = secrets_of(demo_host)
    for path in files(demo_host):
        if path.is_relative_to(demo_host.layout.generations):
            content = path.read_bytes()
            for what, secret in known.items():
                assert secret not in content, (path, what)


def test_no_argument_and_no_environment_of_a_process_holds_a_secret(demo_host: DemoHost) -> None:
    """Every user of the machine can see arguments: none of the host's processes, nor a running command, has one there."""
    known = secrets_of(demo_host)
    password = "Correct-horse-battery-42!"
    started = subprocess.Popen(
        demo_host.command("mailbox", "add", "shown@alpha.localhost", "--password-stdin"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert started.stdin is not None
    started.stdin.write(f"{password}\n".encode())
    started.stdin.close()
    seen = b""
    while started.poll() is None:
        seen += b"".join(_read(entry / "cmdline") for entry in Path("/proc").iterdir() if entry.name.isdigit())
        time.sleep(0.05)
    try:
        assert started.returncode == 0
        assert b"shown@alpha.localhost" in seen  # the command itself was seen
        output = started.stdout.read() + started.stderr.read()  # type: ignore[union-attr]
        for what, secret in (known | {"the new password": password.encode()}).items():
            assert secret not in seen, what
            assert secret not in output, what
    finally:
        demo_host.run("mailbox", "remove", "shown@alpha.localhost", "--yes")


def test_a_running_up_shows_no_secret_but_the_first_passwords_at_its_end(demo_host: DemoHost) -> None:
    """The passwords are printed for the person, once, on standard output; never in JSON and never in the progress."""
    spoken, plain = demo_host.run("up"), demo_host.run("up", "--json")
    for what, secret in secrets_of(demo_host).items():
        text = secret.decode()
        assert (text in spoken.stdout) is what.startswith("the password of"), what
        assert text not in spoken.stderr + plain.stdout + plain.stderr, what


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
