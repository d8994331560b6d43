"""The panel's user reads and writes the store, whoever else has it open or not, and can put nothing in its place."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailward.model.layout import Layout

pytestmark = pytest.mark.real

PANEL = 64_017  # any number that is nobody's: it must get in by the group of the directory alone
READER = """
    import sys
    from pathlib import Path
    from mailward.store import place
    place.use(Path(sys.argv[1]))
    from mailward.store.models import Event
    for line in sys.stdin:
        from django.db import connection
        print(Event.objects.count(), flush=True)
        connection.close()
"""
WRITER = """
    import sys
    from pathlib import Path
    from mailward.store import place
    place.use(Path(sys.argv[1]))
    from datetime import UTC, datetime
    from mailward.store.models import Event
    Event.objects.create(at=datetime.now(UTC), who="w", what="x.y", subject="z")
    from django.db import connection
    connection.close()
    print("written", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def store(open_directory: Path) -> Iterator[Path]:
    """Made by a process that has ended, as ``up`` has; nobody has it open."""
    layout = Layout(open_directory)
    layout.store.parent.mkdir()
    os.chown(layout.store.parent, 0, PANEL)
    layout.store.parent.chmod(0o2750)
    born = """
        import os, sys
        from pathlib import Path
        from mailward.store import place
        place.use(Path(sys.argv[1]))
        from mailward.steward import birth
        birth.make_store()
        for suffix in ("", "-wal", "-shm"):
            os.chmod(sys.argv[1] + suffix, 0o660)
    """
    assert _process(born, layout.store, 0).wait(timeout=60) == 0
    yield layout.store


def _process(program: str, store: Path, user: int) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", textwrap.dedent(program), str(store)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(argv, user=user, group=user, extra_groups=[], text=True, **pipes)


def _said(process: subprocess.Popen[str], line: str = "") -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(line)
        process.stdin.flush()
    return process.stdout.readline().strip()


def test_it_is_read_before_and_after_its_writers_end(store: Path) -> None:
    """A process that may make no file goes on reading when the last writer has ended, and sees the next one's writing."""
    first = _process(WRITER, store, 0)
    assert _said(first) == "written"
    reader = _process(READER, store, PANEL)
    assert _said(reader, "?\n") == "1"
    first.communicate("end\n", timeout=20)
    assert _said(reader, "?\n") == "1"
    second = _process(WRITER, store, 0)
    assert _said(second) == "written"
    assert _said(reader, "?\n") == "2"
    for process in (second, reader):
        process.communicate(timeout=20)


@pytest.mark.parametrize("ending", ["ended", "killed"])
def test_a_panel_that_starts_first_writes(store: Path, ending: str) -> None:
    """With the steward dead and nobody at the store, the panel's user reads and writes it, again and again; what root's
    processes do afterwards takes nothing from it."""
    assert {path.name for path in store.parent.iterdir()} == {store.name, f"{store.name}-wal", f"{store.name}-shm"}
    for number in range(2):
        for user in (PANEL, 0, PANEL):
            writer = _process(WRITER, store, user)
            assert _said(writer) == "written", (number, user)
            if ending == "killed":
                writer.kill()
            writer.communicate(timeout=20)
    reader = _process(READER, store, PANEL)
    assert _said(reader, "?\n") == "6"
    reader.communicate(timeout=20)
    for path in store.parent.iterdir():
        status = path.stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (0, PANEL, 0o660), path


def test_nothing_can_be_put_in_its_place(store: Path) -> None:
    """The panel's user writes the store, but can't replace or remove it, nor leave another file beside it for root."""
    tries = """
        import os, sqlite3, sys
        from pathlib import Path
        store, did = Path(sys.argv[1]), []
        def attempt(what, act):
            try:
                act()
                did.append(what)
            except (OSError, sqlite3.Error):
                pass
        attempt("read", lambda: store.read_bytes())
        attempt("write", lambda: store.open("r+b"))
        attempt("replace", lambda: store.rename(store.with_name("old")))
        attempt("remove", lambda: store.unlink())
        attempt("give away", lambda: store.chmod(0o666))
        attempt("another", lambda: store.with_name("new").write_bytes(b""))
        for suffix in ("-journal", "-wal", "-shm"):
            beside = Path(f"{store}{suffix}")
            attempt(suffix, lambda: beside.symlink_to("/etc/passwd"))
            attempt(suffix, lambda: beside.unlink())
        attempt("the directory", lambda: store.parent.rename(store.parent.with_name("gone")))
        print(did)
    """
    assert _process(tries, store, PANEL).communicate(timeout=20)[0].strip() == "['read', 'write']"
