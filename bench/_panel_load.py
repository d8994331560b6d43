"""People at the panel: its real process (gunicorn on a unix socket), and readers who open one page after another."""

import contextlib
import http.client
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _panel_store import name

from mailward.model.layout import Layout

PATIENCE = 60  # seconds
PAGES: dict[str, Callable[[int], str]] = {
    "home": lambda _n: "/",
    "domains": lambda _n: "/domains/",
    "a domain": lambda n: f"/domains/{name(n)}/",
    "mail settings of a domain": lambda n: f"/mail/settings/{name(n)}/",
    "certificates": lambda _n: "/certificates/",
    "e-mail addresses": lambda _n: "/mail/addresses/",
    "activity": lambda _n: "/activity/",
    "API: list of domains": lambda _n: "/api/v1/domains?limit=50",
}


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("mx.mailward.localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))


@dataclass(frozen=True)
class Panel:
    """A running panel. ``pid`` is gunicorn's first process."""

    socket: Path
    pid: int

    def seconds(self, address: str, cookie: str) -> float:
        """Until the whole page is there. It must be the page."""
        began = time.monotonic()
        connection = _UnixConnection(self.socket)
        try:
            headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7", "Cookie": f"__Host-mailward={cookie}"}
            connection.request("GET", address, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{address} is answered with {answer.status}: {body[:300]!r}")
        return time.monotonic() - began


@contextlib.contextmanager
def served(layout: Layout) -> Iterator[Panel]:
    """The panel's process, as its daemon starts it, but as root; it ends with the block."""
    argv = [sys.executable, "-m", "mailward", "panel", "serve", "--instance", str(layout.root)]
    process = subprocess.Popen(argv, cwd="/", stdout=subprocess.DEVNULL)
    panel = Panel(layout.run / "panel" / "panel.sock", process.pid)
    try:
        _await(panel, process)
        yield panel
    finally:
        process.terminate()
        process.wait(30)


def _await(panel: Panel, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError):
            panel.seconds("/sign-in/", "")
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the panel does not answer")
        time.sleep(0.05)


@dataclass
class Measured:
    """What readers saw: seconds of each page, in milliseconds when they are told."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {page: [] for page in PAGES})
    failed: list[str] = field(default_factory=list)
    lasted: float = 0.0

    def p(self, page: str | None, percent: int) -> float:
        """Milliseconds. None: of all pages."""
        found = self.seconds[page] if page is not None else [one for many in self.seconds.values() for one in many]
        return 1000 * (statistics.quantiles(found, n=100, method="inclusive")[percent - 1] if len(found) > 1 else found[0])

    @property
    def rate(self) -> float:
        return sum(map(len, self.seconds.values())) / self.lasted


def read(panel: Panel, cookies: Sequence[str], domains: int, seconds: float, pause: float) -> Measured:
    """All readers at once, each by chance from page to page, with ``pause`` seconds between two on average."""
    found, lock = Measured(), threading.Lock()
    began = time.monotonic()

    def reader(number: int) -> None:
        chance = random.Random(number)
        time.sleep(chance.uniform(0, pause))
        while time.monotonic() < began + seconds:
            page = chance.choice(list(PAGES))
            try:
                took = panel.seconds(PAGES[page](chance.randrange(domains)), cookies[number])
            except (OSError, RuntimeError, http.client.HTTPException) as trouble:
                with lock:
                    found.failed.append(f"{page}: {trouble}")
                continue
            with lock:
                found.seconds[page].append(took)
            time.sleep(chance.uniform(0.5 * pause, 1.5 * pause))

    readers = [threading.Thread(target=reader, args=(number,)) for number in range(len(cookies))]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    found.lasted = time.monotonic() - began
    return found
