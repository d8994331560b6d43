"""The peer: Dovecot with one ``local_name`` block per domain, as other panels write it, on a port and in a directory of its
own. Nothing of Mailward is in it."""

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from _certificates import Ca, Issued
from _storm import look, seeing
from _usage import Memory, memory

from mailward.host import ports, proc
from mailward.model.doors import Door

PATIENCE = 120.0


@dataclass(frozen=True)
class PeerFigures:
    """Seconds; ``served_after`` from the changed file and the reload to the new certificate, each time."""

    start: float
    served_after: tuple[float, ...]
    memory: Memory


def measure(directory: Path, ca: Ca, domains: Sequence[str], certificates: Sequence[Issued], times: int) -> PeerFigures:
    """Start it, see the last domain served, then change that domain's certificate ``times`` times."""
    port = ports.free_port()
    for domain, issued in zip(domains, certificates, strict=True):
        (directory / f"{domain}.pem").write_bytes(issued.pem)
    config = _config(directory, domains, port)
    last = domains[-1]
    with _running(directory, config) as process:
        started = time.monotonic()
        _until_served(process, port, last, certificates[-1].sha256)
        start = time.monotonic() - started
        used = memory(proc.family(process.pid))
        changes = []
        for _ in range(times):
            following = ca.wildcard(last)
            began = time.monotonic()
            (directory / f"{last}.new").write_bytes(following.pem)
            (directory / f"{last}.new").rename(directory / f"{last}.pem")
            subprocess.run(["doveadm", "-c", str(config), "reload"], check=True, capture_output=True)
            _until_served(process, port, last, following.sha256)
            changes.append(time.monotonic() - began)
    return PeerFigures(start, tuple(changes), used)


def _config(directory: Path, domains: Sequence[str], port: int) -> Path:
    blocks = "".join(
        f'local_name "{domain} *.{domain}" {{\n  ssl_cert = <{file}\n  ssl_key = <{file}\n}}\n'
        for domain in domains
        for file in (directory / f"{domain}.pem",)
    )
    path = directory / "dovecot.conf"
    path.write_text(
        f"base_dir = {directory}/run\nstate_dir = {directory}/state\nlog_path = {directory}/log\n"
        "protocols = imap\nlisten = 127.0.0.1\nssl = required\n"
        f"ssl_cert = <{directory}/{domains[0]}.pem\nssl_key = <{directory}/{domains[0]}.pem\n"
        # 256 MB by default: from about 1,700 domains on, every log-in would fail.
        "service config {\n  vsz_limit = 0\n}\n"
        "service imap-login {\n  client_limit = 2000\n  service_count = 0\n  process_min_avail = 1\n  vsz_limit = 0\n"
        "  inet_listener imap {\n    port = 0\n  }\n"
        f"  inet_listener imaps {{\n    port = {port}\n    ssl = yes\n  }}\n}}\n"
        "passdb {\n  driver = static\n  args = nopassword=y\n}\n"
        "userdb {\n  driver = static\n  args = uid=dovecot gid=dovecot home=/nonexistent\n}\n" + blocks
    )
    return path


@contextlib.contextmanager
def _running(directory: Path, config: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (directory / "out").open("ab") as out:
        process = subprocess.Popen(
            ["/usr/sbin/dovecot", "-F", "-c", str(config)], stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        family = proc.family(process.pid)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            proc.send(family, "KILL")
            process.wait(5)
        proc.send(family, "KILL")


def _until_served(process: subprocess.Popen[bytes], port: int, domain: str, sha256: str) -> None:
    context = seeing()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("the peer has ended")
        with contextlib.suppress(OSError, EOFError):
            if look(Door.IMAPS, port, f"mail.{domain}", context) == sha256:
                return
        time.sleep(0.02)
    raise RuntimeError(f"the peer did not serve {domain} within {PATIENCE:g} s")
