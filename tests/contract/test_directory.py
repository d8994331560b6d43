"""The directory's readers are unprivileged and read-only: they must be able to read at every moment."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailward.host.directory import Directory, DirectoryContent
from mailward.model.errors import NotPossible
from mailward.model.tables import (
    DirectoryAlias,
    DirectoryAppPassword,
    DirectoryChange,
    DirectoryDomain,
    DirectoryMailbox,
    DirectoryTlsDestination,
)

ALPHA = DirectoryDomain("alpha.test")
ANNA = DirectoryMailbox("anna@alpha.test", "alpha.test", "{ARGON2ID}$x", 1000)
CATCHES_ALL = DirectoryAlias("@alpha.test", "alpha.test", ("anna@alpha.test", "other@beta.test"))

# Runs as nobody in one extra group, opens read-only as Postfix does, and says how many mailboxes it sees.
READER = """
import os, sqlite3, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(65534)
database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=5)
for line in sys.stdin:
    print(database.execute("SELECT count(*) FROM mailboxes").fetchone()[0], flush=True)
    if line.strip() == "anew":
        database.close()
        database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=5)
"""


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mailward-test-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory) / "directory" / "directory.sqlite"


@pytest.fixture
def directory(path: Path) -> Directory:
    made = Directory(path, group="postfix")
    made.create()
    return made


class Reader:
    """A reader process that stays."""

    def __init__(self, path: Path, group: int) -> None:
        argv = [sys.executable, "-c", READER, str(path), str(group)]
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def count(self, how: str = "") -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(how + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@pytest.fixture
def reader(path: Path, directory: Directory) -> Iterator[Reader]:
    reader = Reader(path, path.stat().st_gid)
    yield reader
    reader.process.communicate()


def mailbox(number: int) -> DirectoryMailbox:
    return DirectoryMailbox(f"m{number}@alpha.test", "alpha.test", "{ARGON2ID}$x")


def test_put_read_remove(directory: Directory) -> None:
    """What was put is read back; a second put changes it; removing takes it away; missing keys are no error."""
    directory.apply(DirectoryChange(put=(ALPHA, ANNA, CATCHES_ALL)))
    assert directory.read_all() == DirectoryContent((ALPHA,), (ANNA,), (CATCHES_ALL,))
    changed = DirectoryMailbox(ANNA.address, ANNA.domain, "{ARGON2ID}$y", 0, active=False)
    directory.apply(DirectoryChange(put=(changed,), remove_aliases=("@alpha.test", "@missing.test")))
    assert directory.read_all() == DirectoryContent((ALPHA,), (changed,), ())
    directory.apply(DirectoryChange(remove_domains=("alpha.test",), remove_mailboxes=(ANNA.address,)))
    assert directory.read_all() == DirectoryContent()


def test_app_passwords_are_those_that_were_put_last(directory: Directory) -> None:
    """Of an address that is named, only what is put remains; with its mailbox all of them go; others are left alone."""
    phone, tablet, other = (
        DirectoryAppPassword(address, f"abcd-ef{n}", "{SSHA512}x", ("imap", "submission"), "m")
        for n, address in ((2, ANNA.address), (3, ANNA.address), (4, "bert@alpha.test"))
    )
    directory.apply(DirectoryChange(put=(ANNA, phone, tablet, other)))
    assert directory.read_all().app_passwords == (phone, tablet, other)
    directory.apply(DirectoryChange(put=(tablet,), forget_app_passwords=(ANNA.address,)))
    assert directory.read_all().app_passwords == (tablet, other)
    directory.apply(DirectoryChange(remove_mailboxes=(ANNA.address,)))
    assert directory.read_all().app_passwords == (other,)


def test_of_whom_tls_is_demanded(directory: Directory) -> None:
    """A domain's two wishes and other domains' levels are read back, changed and taken away."""
    strict = DirectoryDomain("alpha.test", tls_in=True, tls_out=True)
    bank = DirectoryTlsDestination("bank.test", "secure")
    directory.apply(DirectoryChange(put=(ALPHA, strict, bank)))
    assert directory.read_all() == DirectoryContent((strict,), tls_destinations=(bank,))
    changed = DirectoryTlsDestination("bank.test", "encrypt")
    directory.apply(DirectoryChange(put=(changed, ALPHA)))
    assert directory.read_all() == DirectoryContent((ALPHA,), tls_destinations=(changed,))
    directory.apply(DirectoryChange(remove_tls_destinations=("bank.test", "missing.test")))
    assert directory.read_all() == DirectoryContent((ALPHA,))


SCHEMA_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE domains (name TEXT PRIMARY KEY, active INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE mailboxes (address TEXT PRIMARY KEY, domain TEXT NOT NULL, local_part TEXT NOT NULL,
    password TEXT NOT NULL, quota_bytes INTEGER NOT NULL, active INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE aliases (address TEXT PRIMARY KEY, domain TEXT NOT NULL, targets TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('schema', '1');
INSERT INTO mailboxes VALUES ('anna@alpha.test', 'alpha.test', 'anna', '{ARGON2ID}$x', 1000, 1);
"""


def test_an_older_directory_is_taken_over(path: Path) -> None:
    """One from before app passwords keeps its rows, and takes them from then on; done again, nothing changes."""
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA_1)
    database.close()
    older = Directory(path, group="postfix")
    for _ in range(2):
        older.create()
        assert older.read_all().mailboxes == (ANNA,)
    phone = DirectoryAppPassword(ANNA.address, "abcd-efg", "{SSHA512}x", ("imap",))
    older.apply(DirectoryChange(put=(phone, ANNA)))
    assert older.read_all().app_passwords == (phone,)


def test_replace_all_is_exact(directory: Directory) -> None:
    """After replace_all nothing else is in it."""
    directory.apply(DirectoryChange(put=(ALPHA, ANNA, CATCHES_ALL)))
    wanted = DirectoryContent((DirectoryDomain("beta.test", active=False),), (), ())
    directory.replace_all(wanted)
    assert directory.read_all() == wanted


def test_a_broken_change_changes_nothing(directory: Directory) -> None:
    """One impossible row, and none of the change is there."""
    impossible = DirectoryMailbox("b@alpha.test", "alpha.test", None)  # type: ignore[arg-type]
    with pytest.raises(NotPossible):
        directory.apply(DirectoryChange(put=(ALPHA, ANNA, impossible)))
    assert directory.read_all() == DirectoryContent()


def test_modes_and_owners(path: Path, directory: Directory) -> None:
    """Password hashes: the directory is 0750 and every file 0640 root:postfix, whatever the umask, also after a write."""
    old = os.umask(0)
    try:
        directory.apply(DirectoryChange(put=(ANNA,)))
    finally:
        os.umask(old)
    assert (path.parent.stat().st_mode & 0o7777, path.parent.group()) == (0o750, "postfix")
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, path.name + "-shm", path.name + "-wal"]
    for file in path.parent.iterdir():
        assert (file.stat().st_mode & 0o7777, file.owner(), file.group()) == (0o640, "root", "postfix")


def test_create_may_be_repeated_and_repairs_modes(path: Path, directory: Directory) -> None:
    """A second create loses nothing and puts a wrong mode right; lost -wal and -shm files come back."""
    directory.apply(DirectoryChange(put=(ANNA,)))
    path.chmod(0o644)
    directory.close()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()  # a file copied back from a backup has none
    directory.create()
    assert path.stat().st_mode & 0o7777 == 0o640
    assert path.with_name(path.name + "-wal").exists()
    assert len(directory.read_all().mailboxes) in (0, 1)


def test_an_unprivileged_reader_reads_after_all_writers_closed(directory: Directory, reader: Reader) -> None:
    """A group member that may not write reads what was committed, with nobody else having the file open."""
    assert reader.count() == "0"
    directory.apply(DirectoryChange(put=(ANNA,)))
    directory.close()
    assert reader.count("anew") == "1"
    assert reader.count() == "1"
    directory.apply(DirectoryChange(put=(mailbox(1),)))
    directory.close()
    assert reader.count() == "2"


def test_an_outsider_reads_nothing(path: Path, directory: Directory) -> None:
    """Somebody who is not in the group can't open it."""
    outsider = Reader(path, 65534)
    said, _ = outsider.process.communicate("\n")
    assert "unable to open" in said


BUSY_WRITER = """
import sys
from pathlib import Path
from mailward.host.directory import Directory
from mailward.model.tables import (
    DirectoryAlias,
    DirectoryAppPassword,
    DirectoryChange,
    DirectoryDomain,
    DirectoryMailbox,
    DirectoryTlsDestination,
)
directory = Directory(Path(sys.argv[1]), group="postfix")
for number in range(int(sys.argv[2])):
    directory.apply(DirectoryChange(put=(DirectoryMailbox(f"w{number}@alpha.test", "alpha.test", "x" * 500),)))
    print(number, flush=True)
"""


def test_readers_read_while_a_writer_commits(path: Path, directory: Directory, reader: Reader) -> None:
    """During hundreds of commits and checkpoints every read succeeds, and counts never go back."""
    writer = subprocess.Popen([sys.executable, "-c", BUSY_WRITER, str(path), "300"], stdout=subprocess.DEVNULL)
    seen: list[int] = []
    while writer.poll() is None:
        seen.append(int(reader.count("anew" if len(seen) % 2 else "")))
    assert writer.returncode == 0
    assert seen == sorted(seen)
    assert int(reader.count("anew")) == 300


@pytest.mark.fault
def test_readers_read_after_kill_9_of_a_writer(path: Path, directory: Directory, reader: Reader) -> None:
    """A writer killed in the middle of its work: what it had committed is read, and the next writer goes on."""
    writer = subprocess.Popen([sys.executable, "-c", BUSY_WRITER, str(path), "100000"], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    while int(writer.stdout.readline()) < 40:
        pass
    writer.send_signal(signal.SIGKILL)
    rest = writer.communicate()[0].split()
    committed = 1 + int(rest[-1] if rest else 40)
    assert int(reader.count("anew")) >= committed
    assert int(reader.count()) >= committed
    directory.apply(DirectoryChange(put=(ANNA,)))
    assert int(reader.count()) >= committed + 1


def test_half_a_transaction_is_never_seen(path: Path, directory: Directory, reader: Reader) -> None:
    """A writer that dies inside its transaction has changed nothing."""
    script = (
        "import apsw, os, sys; d = apsw.Connection(sys.argv[1]); d.execute('BEGIN IMMEDIATE');"
        "d.execute(\"INSERT INTO mailboxes VALUES ('x@a','a','x','p',0,1,'')\"); d.cache_flush(); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == -9
    assert reader.count("anew") == "0"
    assert directory.read_all().mailboxes == ()


def test_damage_is_named(path: Path, directory: Directory) -> None:
    """A file that is no database, or one from another version, is refused with what to do."""
    directory.close()
    path.write_bytes(b"no database at all" * 100)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()
    with pytest.raises(NotPossible, match="damaged") as caught:
        directory.create()
    assert caught.value.code == "directory-damaged"
    assert str(caught.value.remedy)


def test_a_restored_file_is_opened_anew(path: Path, directory: Directory) -> None:
    """When the file is replaced while the steward runs, the next change goes into the file that the daemons read."""
    directory.apply(DirectoryChange(put=(ANNA,)))
    for file in path.parent.iterdir():
        file.unlink()
    directory.create()
    directory.apply(DirectoryChange(put=(mailbox(1),)))
    assert Directory(path).read_all().mailboxes == (mailbox(1),)
