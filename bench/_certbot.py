"""The peer: Debian's certbot with its RFC 2136 plugin, against the same CA and the same name server, one after the other as
certbot works. Its directories are the bench's own."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from mailward.bootstrap import Mailward
from mailward.daemons.secrets import TSIG_NAME, pebble_certificate, steward_tsig


def issue(mailward: Mailward, directory: Path, names: Sequence[str]) -> list[float]:
    """A wildcard for each of ``names``; the seconds of each. It is told not to wait for DNS to spread (default: 60 s)."""
    credentials = directory / "rfc2136.ini"
    credentials.touch(mode=0o600)
    credentials.write_text(
        f"dns_rfc2136_server = 127.0.0.1\ndns_rfc2136_port = {mailward.settings.dns_port}\n"
        f"dns_rfc2136_name = {TSIG_NAME}\ndns_rfc2136_algorithm = HMAC-SHA256\n"
        f"dns_rfc2136_secret = {steward_tsig(mailward.layout).read_text()}\n"
    )
    found = []
    for name in names:
        began = time.monotonic()
        _run(mailward, directory, credentials, name)
        found.append(time.monotonic() - began)
    return found


def _run(mailward: Mailward, directory: Path, credentials: Path, name: str) -> None:
    argv = [
        "certbot", "certonly", "--non-interactive", "--agree-tos", "--register-unsafely-without-email",
        "--server", mailward.settings.cas[0].directory, "--config-dir", str(directory / "config"),
        "--work-dir", str(directory / "work"), "--logs-dir", str(directory / "logs"), "--key-type", "ecdsa",
        "--dns-rfc2136", "--dns-rfc2136-credentials", str(credentials), "--dns-rfc2136-propagation-seconds", "0",
        "-d", name, "-d", f"*.{name}",
    ]  # fmt: skip
    trusted = {"REQUESTS_CA_BUNDLE": str(pebble_certificate(mailward.layout))}
    done = subprocess.run(argv, env={**os.environ, **trusted}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"certbot for {name}: {(done.stdout + done.stderr)[-800:]}")
