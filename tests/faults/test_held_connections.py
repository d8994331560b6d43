"""Certificates change under open connections: nobody is cut off, and nobody who comes is turned away."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from demo_host import DemoHost
from mail_people import person, trusting
from mailward.host.tls_dialer import AsyncioTlsDialer
from mailward.model.doors import Door, Role
from mailward.model.outside import DialTarget

pytestmark = [pytest.mark.real, pytest.mark.fault]

SWITCHES = 100
SCRIPT = Path(__file__).with_name("switch_often.py")
DOORS = (Door.HTTPS, Door.IMAPS, Door.POP3S, Door.SMTP, Door.SUBMISSION, Door.SUBMISSIONS)


@dataclass
class Comers:
    """Clients that come to every door, one after the other, until told to stop."""

    host: DemoHost
    stop: threading.Event = field(default_factory=threading.Event)
    met: Counter[tuple[Door, str]] = field(default_factory=Counter)

    def come(self, door: Door) -> None:
        name = "webmail.beta.localhost" if door.kind.role is Role.WEB else "mail.beta.localhost"
        dialer = AsyncioTlsDialer()
        target = DialTarget(door.kind.protocol, door.kind.tls, "127.0.0.1", self.host.port(door), name)
        while not self.stop.is_set():
            (seen,) = dialer.dial([target])
            found = sha256(seen.chain[0]).hexdigest() if seen.trouble is None else f"{seen.trouble}: {seen.detail}"
            self.met[door, found] += 1
            self.stop.wait(0.05)


def test_held_connections_live_through_a_hundred_switches(own_demo_host: DemoHost) -> None:
    """While a certificate changes 100 times, held IMAP, SMTP and HTTPS sessions stay, and no new connection fails."""
    host = own_demo_host
    host.run("secure", "beta.localhost")
    host.run("certificate", "issue", "beta.localhost", "--challenge", "http-01", *_names())
    lineages = [row["id"] for row in host.json("certificate", "list", "beta.localhost")]
    wanted = {row["sha256"] for row in host.json("certificate", "list", "beta.localhost")}
    assert len(lineages) == 2
    comers = Comers(host)
    threads = [threading.Thread(target=comers.come, args=(door,)) for door in DOORS]
    anna = person(host, "anna@beta.localhost")
    with anna.imap() as imap, anna.smtp(Door.SUBMISSION) as smtp, _keep_alive(host) as ask:
        first = ask()
        for thread in threads:
            thread.start()
        switching = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(host.root), str(SWITCHES), *lineages], stderr=subprocess.PIPE, text=True
        )
        try:
            while switching.poll() is None:
                assert imap.noop()[0] == "OK"
                assert smtp.noop()[0] == 250
                assert len(ask()) > len(first) // 2
                time.sleep(1)
            trouble = switching.communicate(timeout=30)[1]
        finally:
            switching.kill()
            comers.stop.set()
            for thread in threads:
                thread.join(timeout=30)
        assert switching.returncode == 0, trouble[-3000:]
        assert imap.noop()[0] == "OK"
        assert smtp.noop()[0] == 250
        assert ask()
    unwanted = {key: count for key, count in comers.met.items() if key[1] not in wanted}
    assert not unwanted, f"of {comers.met.total()} new connections some failed: {unwanted}"
    for door in DOORS:
        assert {found for at, found in comers.met if at is door} == wanted, f"{door} showed only one of the two"


def _names() -> tuple[str, ...]:
    return ("--name", "mail.beta.localhost", "--name", "webmail.beta.localhost")


@contextmanager
def _keep_alive(host: DemoHost) -> Iterator[Callable[[], bytes]]:
    """One HTTPS connection to webmail; each call asks over it again and gives the page."""
    port = host.port(Door.HTTPS)
    client = http.client.HTTPSConnection("webmail.beta.localhost", port, timeout=30)
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sock = held = trusting(host).wrap_socket(plain, server_hostname="webmail.beta.localhost")

    def ask() -> bytes:
        client.request("GET", "/")
        page = client.getresponse().read()
        assert client.sock is held, "the connection was closed"
        return page

    try:
        yield ask
    finally:
        client.close()
