"""A name server of the bench's own (Debian's Knot) that says of many domains what Mailward publishes for them, and the same
some milliseconds away. No other daemon runs."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from mailward.host.resolver import DnsResolver
from mailward.model.dns import Record
from mailward.standards import txt

HOSTNAME, ADDRESS, LIST = "mx.host.test", "192.0.2.1", "list.test"
SLOW = Path(__file__).parent / "_slow_dns.py"
PATIENCE = 60.0


def name(number: int) -> str:
    return f"d{number:05}.test"


def others() -> tuple[Record, ...]:
    """What the world says of the host: its address' name, and a block list that works and doesn't hold it."""
    return (
        Record(ip_address(ADDRESS).reverse_pointer, "PTR", f"{HOSTNAME}."),
        Record(f"2.0.0.127.{LIST}", "A", "127.0.0.2"),
        Record(LIST, "TXT", "a block list of the bench"),
    )


@contextlib.contextmanager
def name_server(root: Path, domains: Sequence[str], records: Iterable[Record], seconds: float) -> Iterator[tuple[int, int]]:
    """The ports of the near and the far one, as soon as both answer."""
    near, far = _free_port(), _free_port()
    _write(root, near, (*domains, "host.test", LIST, "2.0.192.in-addr.arpa"), records)
    running: list[subprocess.Popen[bytes]] = []
    try:
        log = (root / "knot.log").open("wb")
        running.append(subprocess.Popen(["knotd", "-c", str(root / "knot.conf")], stdout=log, stderr=log))
        running.append(subprocess.Popen([sys.executable, str(SLOW), str(far), str(near), str(seconds)]))
        _wait(near, domains[-1])
        _wait(far, domains[-1])
        yield near, far
    finally:
        for one in reversed(running):
            one.terminate()
        for one in running:
            one.wait(30)


def _write(root: Path, port: int, zones: Sequence[str], records: Iterable[Record]) -> None:
    held = set(zones)
    lines: dict[str, list[str]] = {zone: [] for zone in zones}
    for record in records:
        zone = next((above for above in _and_above(record.name) if above in held), None)
        if zone is not None:
            value = txt.quoted(record.value) if record.rdtype == "TXT" else record.value
            lines[zone].append(f"{record.name}. {record.ttl} {record.rdtype} {value}")
    folder = root / "zones"
    folder.mkdir()
    for zone, content in lines.items():
        (folder / f"{zone}.zone").write_text("\n".join([*_head(f"{zone}."), *sorted(set(content))]) + "\n")
    delegated = [f"{zone}. 300 NS ns.host.test." for zone in zones]
    (folder / "root.zone").write_text("\n".join([*_head("."), *delegated]) + "\n")
    declared = "".join(f'  - domain: "{zone}."\n    file: "{zone}.zone"\n' for zone in zones)
    (root / "knot.conf").write_text(
        f'server:\n    rundir: "{root}"\n    listen: 127.0.0.1@{port}\n    pidfile: "{root}/knot.pid"\n'
        f'    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n'
        f'database:\n    storage: "{root}/db"\ncontrol:\n    listen: "{root}/knot.sock"\n'
        f'template:\n  - id: default\n    storage: "{folder}"\n    zonefile-sync: -1\n    journal-content: none\n'
        f'zone:\n  - domain: "."\n    file: "root.zone"\n{declared}'
    )  # fmt: skip


def _head(zone: str) -> tuple[str, ...]:
    serial = datetime.now(UTC).strftime("%Y%m%d01")
    return (
        f"{zone} 300 SOA ns.host.test. hostmaster.host.test. {serial} 3600 600 1209600 60",
        f"{zone} 300 NS ns.host.test.",
    )


def _and_above(owner: str) -> list[str]:
    labels = owner.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


def _free_port() -> int:
    """Free for UDP and TCP just now."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            port = int(udp.getsockname()[1])
            with contextlib.suppress(OSError):
                tcp.bind(("127.0.0.1", port))
                return port
    raise RuntimeError("no free port was found in 100 tries")


def _wait(port: int, domain: str) -> None:
    resolver, end = DnsResolver((f"127.0.0.1:{port}",), timeout=1.0), time.monotonic() + PATIENCE
    while resolver.query(domain, "SOA").rcode != "NOERROR":
        if time.monotonic() > end:
            raise RuntimeError("the name server doesn't answer")
        time.sleep(0.1)
