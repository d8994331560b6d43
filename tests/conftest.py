"""What tests share: a directory that daemons can reach, a range of free ports, and a whole demo host of one's own."""

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_host import DemoHost

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailward.store.settings")

OFFSETS = (53, 400, 401, 465, 525, 587, 801, 802, 803, 804, 805, 993, 995, 6080, 6443, 110, 143, 2190)


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


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter (pytest's own are closed to the daemons' users)."""
    path = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def demo_host() -> Iterator[DemoHost]:
    """One demo host for a whole session of tests: alpha secured, beta not. Leave it as you found it."""
    parent = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    parent.chmod(0o755)
    host = DemoHost(parent / "instance", free_base_port())
    try:
        host.up()
        yield host
    finally:
        host.destroy()
        shutil.rmtree(parent, ignore_errors=True)


@pytest.fixture
def own_demo_host() -> Iterator[DemoHost]:
    """A demo host for one test alone, which may break it."""
    parent = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    parent.chmod(0o755)
    host = DemoHost(parent / "instance", free_base_port())
    try:
        host.up()
        yield host
    finally:
        host.destroy()
        shutil.rmtree(parent, ignore_errors=True)
