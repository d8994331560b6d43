"""A whole demo host of one's own, driven as people drive it: by the command line."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mailward.model.doors import Door
from mailward.model.layout import Layout

OFFSETS = (53, 400, 401, 465, 525, 587, 801, 802, 803, 804, 805, 806, 993, 995, 6080, 6443, 110, 143, 2190)


def free_base_port() -> int:
    """A base port with which none of a demo's ports is taken now, nor lent by the kernel to an outgoing connection
    (32768 and up)."""
    for _ in range(200):
        base = 10_000 + 10 * secrets.randbelow(1_600)
        if all(_is_free(base + offset) for offset in OFFSETS):
            return base
    raise RuntimeError("no range of free ports was found in 200 tries")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass
class DemoHost:
    """``base`` is its first port. Commands run as processes of their own, as the launcher runs them."""

    root: Path
    base: int

    @property
    def layout(self) -> Layout:
        return Layout(self.root)

    def port(self, door: Door) -> int:
        return self.base + door.kind.demo_offset

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "mailward", *words, "--instance", str(self.root)]

    def run(
        self, *words: str, check: bool = True, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """One command. ``check``: it must end with 0 (verify ends with 1 when a door isn't well)."""
        ended = subprocess.run(
            self.command(*words), input=stdin.decode(), capture_output=True, text=True, timeout=300,
            env={**os.environ, "LC_ALL": "C.UTF-8", **environment}, check=False,
        )  # fmt: skip
        if check:
            assert ended.returncode == 0, f"{words} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
        return ended

    def json(self, *words: str, check: bool = True) -> Any:
        return json.loads(self.run(*words, "--json", check=check).stdout)

    def up(self) -> Any:
        return self.json("up", "--base-port", str(self.base))

    @cached_property
    def passwords(self) -> dict[str, str]:
        """The demo mailboxes' passwords, address -> password, as ``up`` shows them to a person (never in JSON)."""
        return dict(re.findall(r"^  (\S+@\S+)  (\S+)$", self.shown, re.MULTILINE))

    @cached_property
    def people(self) -> dict[str, str]:
        """The panel's first accounts, address -> password, as ``up`` shows them (never in JSON)."""
        return dict(re.findall(r"^    (\S+@\S+)  (\S+)$", self.shown, re.MULTILINE))

    @cached_property
    def shown(self) -> str:
        """What ``up`` shows to a person."""
        return self.run("up").stdout

    def verify(self, *domains: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json("verify", *domains, check=False)
        return rows

    def destroy(self) -> None:
        if self.root.exists():
            self.run("destroy", "--yes", check=False)


@contextmanager
def demo_host_to_be() -> Iterator[DemoHost]:
    """A directory that daemons can reach and free ports, for a host that isn't up yet; destroyed in the end."""
    parent = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    parent.chmod(0o755)
    host = DemoHost(parent / "instance", free_base_port())
    try:
        yield host
    finally:
        host.destroy()
        shutil.rmtree(parent, ignore_errors=True)
