"""Postfix' table of certificates by name: what was meant is what it holds, and nobody else reads it."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from mailward.host.processes import RealProcesses
from mailward.host.sni_map import SniMap
from mailward.model.errors import NotPossible
from mailward.model.outside import Completed

pytestmark = pytest.mark.real


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mailward-test-") as directory:
        yield Path(directory)


@pytest.fixture
def table(root: Path) -> SniMap:
    return SniMap(root / "sni", RealProcesses())


def pem(root: Path, name: str, size: int = 800) -> Path:
    """Something in PEM's form: postmap -F doesn't look inside."""
    path = root / f"{name}.pem"
    path.write_text(f"-----BEGIN PRIVATE KEY-----\n{name}{'A' * size}\n-----END PRIVATE KEY-----\n")
    return path


def test_put_read_replace_remove(root: Path, table: SniMap) -> None:
    """Names and wildcards are found under Postfix' keys; a new certificate replaces the old; removed ones are gone."""
    one, two = pem(root, "one"), pem(root, "two")
    table.put({"a.test": one, "*.a.test": two})
    assert table.held(["a.test", "*.a.test", "b.test"]) == {"a.test": one.read_bytes(), "*.a.test": two.read_bytes()}
    asked = subprocess.run(
        ["postmap", "-c", f"{root}/sni.conf", "-F", "-q", ".a.test", f"lmdb:{root}/sni"], capture_output=True, check=True
    )
    assert asked.stdout.rstrip(b"\n") == two.read_bytes().rstrip(b"\n")
    table.put({"A.test": two})
    assert table.held(["a.test"])["a.test"] == two.read_bytes()
    table.remove(["missing.test", "*.a.test"])
    table.remove(["*.a.test"])
    assert table.held(["a.test", "*.a.test"]) == {"a.test": two.read_bytes()}


def test_nobody_else_reads_it(root: Path, table: SniMap) -> None:
    """The map is 0600 before any key is in it and after every change, whatever the umask; a wrong mode is reported."""
    old = os.umask(0)
    try:
        table.create()
        assert table.file.stat().st_mode & 0o7777 == 0o600
        table.put({"a.test": pem(root, "one")})
        table.remove(["a.test"])
    finally:
        os.umask(old)
    assert table.file.stat().st_mode & 0o7777 == 0o600
    table.file.chmod(0o644)
    table.create()
    assert table.file.stat().st_mode & 0o7777 == 0o600


def test_a_missing_file_is_caught(root: Path, table: SniMap) -> None:
    """postmap skips a missing file and says it is well: we don't."""
    with pytest.raises(NotPossible, match="none"):
        table.put({"a.test": root / "none.pem"})
    assert table.held(["a.test"]) == {}


class Vanishing:
    """Takes the PEM file away before postmap reads it, as a race would."""

    def __init__(self, victim: Path) -> None:
        self._victim = victim

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout: float = 60,
        environment: Mapping[str, str] | None = None,
    ) -> Completed:
        if "-F" in argv:
            self._victim.unlink()
        return RealProcesses().run(argv, stdin=stdin, timeout=timeout, environment=environment)


def test_an_entry_that_postmap_skipped_is_caught(root: Path, table: SniMap) -> None:
    """postmap returns 0 although it skipped the entry and the old certificate is still served: that is an error here."""
    table.put({"a.test": pem(root, "old")})
    new = pem(root, "new")
    with pytest.raises(NotPossible, match=r"a\.test"):
        SniMap(root / "sni", Vanishing(new)).put({"a.test": new})
    assert b"old" in table.held(["a.test"])["a.test"]


def test_no_key_in_the_error(root: Path, table: SniMap) -> None:
    """What goes wrong is said without a byte of a key."""
    path = root / "with space.pem"
    path.write_text("-----BEGIN PRIVATE KEY-----\nSECRET\n")
    with pytest.raises(NotPossible) as caught:
        table.put({"a.test": path})
    assert "SECRET" not in str(caught.value) + str(caught.value.remedy)


def test_thousands_in_one_call_and_one_among_them_at_once(root: Path, table: SniMap) -> None:
    """2,000 entries go in by one call and are read back; afterwards one changes in well under a second."""
    one, two = pem(root, "one", 3000), pem(root, "two", 3000)
    table.put({f"d{number}.test": one for number in range(2000)})
    started = time.monotonic()
    table.put({"d1000.test": two})
    assert time.monotonic() - started < 1
    held = table.held(["d0.test", "d1000.test", "d1999.test"])
    assert held == {"d0.test": one.read_bytes(), "d1000.test": two.read_bytes(), "d1999.test": one.read_bytes()}
    table.remove(f"d{number}.test" for number in range(2000))
    assert table.held(["d0.test", "d1999.test"]) == {}
