"""The publisher of ``directory.sqlite``: what Postfix, Dovecot and the mail path look up per mailbox.

A changed mailbox is one transaction; nothing is reloaded. The readers are unprivileged and open the file read-only, so
the database is in WAL mode and its ``-wal`` and ``-shm`` files are kept for ever (SQLITE_FCNTL_PERSIST_WAL): a reader that
may not make them would otherwise be locked out as soon as the last writer closed. It holds password hashes, so the
directory is 0750 and the files are 0640, root and one group. There is one writer, the steward.

A writer that is the first to open the file rebuilds the shared index, and a read-only reader that opens it in that instant
(well below a millisecond) is told SQLITE_READONLY_RECOVERY. So a Directory keeps its connection open as long as it lives,
which in the steward is always: then nobody is ever the first.

Tables: ``domains(name, active, tls_in, tls_out)``; ``tls_destinations(name, level)``;
``mailboxes(address, domain, local_part, password, quota_bytes, active)``; ``aliases(address,
domain, targets)`` with targets comma-separated and ``@domain`` as the catch-all; ``app_passwords(address,
selector, password, protocols)`` with protocols as ``,imap,sieve,``; ``meta(key, value)``. A
``mark`` says which sealed password was opened for a row. One of schema 1 (before app passwords) or 2 (before TLS was
demanded of some) is brought to schema 3.
"""

import ctypes
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from mailward.host.files import RealFiles, group_id, user_id
from mailward.model.errors import NotPossible
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.tables import (
    DirectoryAlias,
    DirectoryAppPassword,
    DirectoryChange,
    DirectoryDomain,
    DirectoryMailbox,
    DirectoryRow,
    DirectoryTlsDestination,
)

SCHEMA_VERSION = "3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS domains (
    name TEXT PRIMARY KEY, active INTEGER NOT NULL,
    tls_in INTEGER NOT NULL DEFAULT 0, tls_out INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tls_destinations (name TEXT PRIMARY KEY, level TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mailboxes (
    address TEXT PRIMARY KEY, domain TEXT NOT NULL, local_part TEXT NOT NULL,
    password TEXT NOT NULL, quota_bytes INTEGER NOT NULL, active INTEGER NOT NULL, mark TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aliases (address TEXT PRIMARY KEY, domain TEXT NOT NULL, targets TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS app_passwords (
    address TEXT NOT NULL, selector TEXT NOT NULL, password TEXT NOT NULL, protocols TEXT NOT NULL, mark TEXT NOT NULL,
    PRIMARY KEY (address, selector)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mailboxes_domain ON mailboxes (domain);
CREATE INDEX IF NOT EXISTS aliases_domain ON aliases (domain);
"""

_PUT_DOMAIN = (
    "INSERT INTO domains (name, active, tls_in, tls_out) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
    " active = excluded.active, tls_in = excluded.tls_in, tls_out = excluded.tls_out"
)
_PUT_DESTINATION = "INSERT OR REPLACE INTO tls_destinations VALUES (?, ?)"
_PUT_MAILBOX = (
    "INSERT INTO mailboxes (address, domain, local_part, password, quota_bytes, active, mark)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (address) DO UPDATE SET domain = excluded.domain,"
    " password = excluded.password, quota_bytes = excluded.quota_bytes, active = excluded.active, mark = excluded.mark"
)
_PUT_APP = "INSERT OR REPLACE INTO app_passwords VALUES (?, ?, ?, ?, ?)"
_PUT_ALIAS = (
    "INSERT INTO aliases VALUES (?, ?, ?) ON CONFLICT (address) DO UPDATE SET domain = excluded.domain,"
    " targets = excluded.targets"
)

Row = DirectoryRow


@dataclass(frozen=True)
class DirectoryContent:
    """All that the directory holds, each part sorted by its key."""

    domains: tuple[DirectoryDomain, ...] = ()
    mailboxes: tuple[DirectoryMailbox, ...] = ()
    aliases: tuple[DirectoryAlias, ...] = ()
    app_passwords: tuple[DirectoryAppPassword, ...] = ()
    tls_destinations: tuple[DirectoryTlsDestination, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        return (*self.domains, *self.mailboxes, *self.aliases, *self.app_passwords, *self.tls_destinations)


class Directory:
    """The directory at ``path``. ``owner`` and ``group`` say whose the files are (root:postfix on a real host)."""

    def __init__(self, path: Path, *, owner: str = "root", group: str = "postfix") -> None:
        self._path = path
        self._owner = owner
        self._group = group
        self._database: apsw.Connection | None = None
        self._opened: tuple[int, int] | None = None

    def create(self) -> None:
        """Make the database where there is none, and put modes, owner and schema right. Changes nothing when all is so."""
        RealFiles(self._path.parent).make_directory(self._path.parent, mode=0o750, owner=self._owner, group=self._group)
        uid, gid = user_id(self._owner), group_id(self._group)
        with _explained(self._path):
            if not self._path.exists():
                self._path.touch(mode=0o600)
            for file in self._files():
                if file.exists():
                    _put_right(file, uid, gid)
        with self._transaction() as database:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                database.execute(statement)
            database.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (SCHEMA_VERSION,))
            _bring_to_this_version(database)
            held = database.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
            if held != (SCHEMA_VERSION,):
                raise NotPossible(
                    Sentence("{path} was made by another version of Mailward", path=self._path),
                    Sentence("Move it away; the next run makes it anew from the store"),
                    code="directory-schema",
                )
        with _explained(self._path):
            for file in self._files():  # SQLite gives -wal and -shm the main file's mode and owner; make sure
                _put_right(file, uid, gid)

    def apply(self, change: DirectoryChange) -> None:
        """Put and remove, all in one transaction: readers see the state before or the state after."""
        with self._transaction() as database:
            for statement, keys in (
                ("DELETE FROM app_passwords WHERE address = ?", (*change.forget_app_passwords, *change.remove_mailboxes)),
                ("DELETE FROM aliases WHERE address = ?", change.remove_aliases),
                ("DELETE FROM mailboxes WHERE address = ?", change.remove_mailboxes),
                ("DELETE FROM domains WHERE name = ?", change.remove_domains),
                ("DELETE FROM tls_destinations WHERE name = ?", change.remove_tls_destinations),
            ):
                database.executemany(statement, [(key,) for key in keys])
            _put(database, change.put)

    def replace_all(self, content: DirectoryContent) -> None:
        """Make the directory hold exactly ``content``, in one transaction."""
        with self._transaction() as database:
            for table in ("app_passwords", "aliases", "mailboxes", "domains", "tls_destinations"):
                database.execute(f"DELETE FROM {table}")  # noqa: S608 - the literals above
            _put(database, content.rows)

    def read_all(self) -> DirectoryContent:
        """What it holds now; of a missing one: nothing. Opened read-only, as the daemons do."""
        if not self._path.exists():
            return DirectoryContent()
        with _explained(self._path):
            database = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                database.set_busy_timeout(5000)
                database.execute("BEGIN")  # one snapshot for all of them
                return DirectoryContent(
                    tuple(
                        DirectoryDomain(name, bool(active), bool(tls_in), bool(tls_out))
                        for name, active, tls_in, tls_out in database.execute(_DOMAINS)
                    ),
                    tuple(
                        DirectoryMailbox(address, domain, password, quota, bool(active), mark)
                        for address, domain, password, quota, active, mark in database.execute(_MAILBOXES)
                    ),
                    tuple(
                        DirectoryAlias(address, domain, _listed(targets))
                        for address, domain, targets in database.execute(_ALIASES)
                    ),
                    tuple(
                        DirectoryAppPassword(address, selector, password, _listed(protocols), mark)
                        for address, selector, password, protocols, mark in database.execute(_APP_PASSWORDS)
                    ),
                    tuple(DirectoryTlsDestination(name, level) for name, level in database.execute(_DESTINATIONS)),
                )
            finally:
                database.close()

    def _files(self) -> tuple[Path, ...]:
        return tuple(self._path.with_name(self._path.name + suffix) for suffix in ("", "-wal", "-shm"))

    def close(self) -> None:
        """Close the connection that is kept (the next use opens it again)."""
        if self._database is not None:
            self._database.close()
            self._database = None

    @contextmanager
    def _transaction(self) -> Iterator[apsw.Connection]:
        with _explained(self._path):
            database = self._connection()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise

    def _connection(self) -> apsw.Connection:
        """The connection that is kept, or a new one when the file is another one than before (restored, destroyed)."""
        status = self._path.stat()
        identity = (status.st_dev, status.st_ino)
        if self._database is not None and self._opened == identity:
            return self._database
        self.close()
        database = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            database.set_busy_timeout(10_000)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA journal_size_limit = 4194304")
            database.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, _one())
        except BaseException:
            database.close()
            raise
        self._database, self._opened = database, identity
        return database


_DOMAINS = "SELECT name, active, tls_in, tls_out FROM domains ORDER BY name"
_DESTINATIONS = "SELECT name, level FROM tls_destinations ORDER BY name"
_MAILBOXES = "SELECT address, domain, password, quota_bytes, active, mark FROM mailboxes ORDER BY address"
_ALIASES = "SELECT address, domain, targets FROM aliases ORDER BY address"
_APP_PASSWORDS = "SELECT address, selector, password, protocols, mark FROM app_passwords ORDER BY address, selector"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _bring_to_this_version(database: apsw.Connection) -> None:
    """From schema 1: a mailbox had no mark. Without one, its row is published anew. From 2: TLS was demanded of nobody."""
    held = database.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if held == ("1",):
        database.execute("ALTER TABLE mailboxes ADD COLUMN mark TEXT NOT NULL DEFAULT ''")
    if held in (("1",), ("2",)):
        database.execute("ALTER TABLE domains ADD COLUMN tls_in INTEGER NOT NULL DEFAULT 0")
        database.execute("ALTER TABLE domains ADD COLUMN tls_out INTEGER NOT NULL DEFAULT 0")
        database.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (SCHEMA_VERSION,))


def local_part(address: str) -> str:
    """What stands before the last ``@``."""
    return address.rpartition("@")[0]


def _put(database: apsw.Connection, rows: Iterable[Row]) -> None:
    for row in rows:
        match row:
            case DirectoryDomain():
                database.execute(_PUT_DOMAIN, (row.name, int(row.active), int(row.tls_in), int(row.tls_out)))
            case DirectoryTlsDestination():
                database.execute(_PUT_DESTINATION, (row.name, row.level))
            case DirectoryMailbox():
                name = local_part(row.address)
                values = (row.address, row.domain, name, row.password, row.quota_bytes, int(row.active), row.mark)
                database.execute(_PUT_MAILBOX, values)
            case DirectoryAlias():
                database.execute(_PUT_ALIAS, (row.address, row.domain, ",".join(row.targets)))
            case DirectoryAppPassword():
                protocols = f",{','.join(row.protocols)},"
                database.execute(_PUT_APP, (row.address, row.selector, row.password, protocols, row.mark))


def _one() -> int:
    """SQLITE_FCNTL_PERSIST_WAL wants the address of an int that says 1; it is read at once and may then go."""
    return ctypes.addressof(_ON)


_ON = ctypes.c_int(1)


def _put_right(file: Path, uid: int, gid: int) -> None:
    status = file.stat()
    if (status.st_uid, status.st_gid) != (uid, gid):
        os.chown(file, uid, gid)
    if stat.S_IMODE(status.st_mode) != 0o640:
        file.chmod(0o640)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors become a NotPossible that names the file and the reason."""
    try:
        yield
    except apsw.FullError as error:
        what = Sentence("{path} could not be changed: the disk is full", path=path)
        raise NotPossible(what, Sentence("Make room on this disk, then do the same again"), code="disk-full") from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        what = Sentence("{path} is damaged", path=path)
        remedy = Sentence("Move it away; the next run makes it anew from the store")
        raise NotPossible(what, remedy, code="directory-damaged") from error
    except apsw.Error as error:
        what = Sentence("{path} could not be used: {reason}", path=path, reason=error)
        raise NotPossible(what, NOTHING, code="directory-error") from error
    except OSError as error:
        what = Sentence("{path} could not be used: {reason}", path=path, reason=error.strerror or error)
        raise NotPossible(what, NOTHING, code="directory-error") from error
