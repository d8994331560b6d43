"""The panel's user reads the store, whoever else has it open, and can put nothing in its place."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections

from mailward.model.layout import Layout
from mailward.store import place

pytestmark = pytest.mark.real

PANEL = 64_017  # any number that is nobody's: it must get in by the group of the directory alone
READER = """
    import sys
    from pathlib import Path
    from mailward.store import place
    place.use(Path(sys.argv[1]), read_only=True)
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
    layout = Layout(open_directory)
    layout.store.parent.mkdir()
    os.chown(layout.store.parent, 0, PANEL)
    layout.store.parent.chmod(0o2750)
    place.use(layout.store)
    call_command("migrate", verbosity=0)
    connections.close_all()
    place.use(open_directory / "another.sqlite")  # lets go of this one
    yield layout.store
    connections.close_all()


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
    """A reader that may make no file goes on reading when the last writer has closed, and sees the next one's writing."""
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


def test_nothing_can_be_put_in_its_place(store: Path) -> None:
    """The panel's user can neither write the store, nor replace it, nor leave a journal for root to read."""
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
        for suffix in ("-journal", "-wal", "-shm"):
            attempt(suffix, lambda: Path(f"{store}{suffix}").symlink_to("/etc/passwd"))
        attempt("delete rows", lambda: sqlite3.connect(store).execute("DELETE FROM django_migrations"))
        print(did)
    """
    assert _process(tries, store, PANEL).communicate(timeout=20)[0].strip() == "['read']"
