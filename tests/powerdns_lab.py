"""Debian's PowerDNS of the test's own: its API and its answers on free ports of loopback."""

import contextlib
import http.client
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from knot_lab import free_port, until

KEY = "a-key-that-nobody-may-see"
SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")


@contextlib.contextmanager
def powerdns() -> Iterator[tuple[str, str]]:
    """Debian's pdns-server with SQLite and the zone a.test: the address of its API, and where it answers DNS."""
    with tempfile.TemporaryDirectory(prefix="pdns-") as name:
        directory, dns, api = Path(name), free_port(), free_port()
        with contextlib.closing(sqlite3.connect(directory / "zones.sqlite")) as database:
            database.executescript(SCHEMA.read_text())
        argv = ["/usr/sbin/pdns_server", f"--config-dir={directory}", f"--socket-dir={directory}", "--launch=gsqlite3"]
        argv += [f"--gsqlite3-database={directory}/zones.sqlite", "--local-address=127.0.0.1", f"--local-port={dns}"]
        argv += ["--api=yes", f"--api-key={KEY}", "--webserver=yes", "--webserver-address=127.0.0.1"]
        argv += [
            f"--webserver-port={api}",
            "--daemon=no",
            "--guardian=no",
            "--security-poll-suffix=",
            "--setuid=",
            "--setgid=",
        ]
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{api}"
        try:
            until(lambda: _answers(url), "pdns answers", 20)
            make_zone(url)
            yield url, f"127.0.0.1:{dns}"
        finally:
            process.kill()
            process.wait()


def _call(url: str, method: str, path: str, body: str | None = None) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    connection.request(method, path, body, {"X-API-Key": KEY, "Content-Type": "application/json"})
    return connection.getresponse().status


def _answers(url: str) -> bool:
    try:
        return _call(url, "GET", "/api/v1/servers") == 200
    except OSError:
        return False


def make_zone(url: str, zone: str = "a.test") -> None:
    """A zone with nothing but its SOA and NS."""
    body = f'{{"name": "{zone}.", "kind": "Native", "nameservers": ["ns.host.test."]}}'
    assert _call(url, "POST", "/api/v1/servers/localhost/zones", body) == 201
