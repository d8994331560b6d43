"""Where the tables are: in a SQLite file of the instance, or in a database of a PostgreSQL server.

Of SQLite: the steward writes the file, and so does the panel's process, which owns neither it nor its directory: whoever
can put another file in the place of this one can have the steward, who is root, do as it says. A process that can't make
the ``-wal`` and ``-shm`` files must find them there, and SQLite removes them when the last connection is closed. So each
process keeps a connection open as long as it lives, and never closes it: it ends with the process, as after a kill, and
the two files stay. A panel that starts first, with the steward dead, finds them.
"""

import ctypes
import sqlite3
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.db.backends.signals import connection_created

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence

_lock = Lock()
_place: tuple[Path, bool] | None = None
_kept: tuple[sqlite3.Connection, tuple[int, int]] | None = None


def use(path: Path, *, read_only: bool = False) -> None:
    """From now on the tables are those in ``path``. ``read_only``: SQLite itself refuses every write (a page's process)."""
    global _place  # noqa: PLW0603 - Django's connections are the process' own, too
    connection.close()
    settings = connections["default"].settings_dict
    settings["NAME"] = f"{path.absolute().as_uri()}?mode=ro" if read_only else str(path)
    if read_only:
        settings["OPTIONS"].pop("init_command", None)
    with _lock:
        _let_go()
        _place = (path.absolute(), read_only)
    connection_created.connect(_keep, dispatch_uid="mailward.store.place")


def use_postgresql(address: str) -> None:
    """From now on the tables are those at ``address`` (postgresql://user@host/database?host=/run/postgresql), which holds
    no password: a socket's peer is known, or libpq finds a passfile. Raises NotPossible without psycopg."""
    global _place  # noqa: PLW0603
    connections["default"].close()
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    told = connections.settings["default"]
    told["ENGINE"] = "mailward.store.postgresql"
    told["NAME"] = options.pop("dbname", "") or unquote(parts.path.lstrip("/"))
    told["USER"] = options.pop("user", "") or unquote(parts.username or "")
    told["HOST"] = options.pop("host", "") or parts.hostname or ""
    told["PORT"] = options.pop("port", "") or str(parts.port or "")
    told["OPTIONS"] = options
    with _lock:
        _let_go()
        _place = None
    del connections["default"]  # of this thread: the next one is made by the other engine
    try:
        connections["default"]
    except ImproperlyConfigured:
        said = Sentence("PostgreSQL needs the Python package psycopg, which is not installed")
        remedy = Sentence("Install it beside Mailward's other packages: .venv/bin/python -m pip install 'psycopg[binary]'")
        raise NotPossible(said, remedy, code="no-psycopg") from None


def _keep(**_signal: Any) -> None:
    """Open the connection that is kept, or another one when the file is another one than before (restored)."""
    global _kept  # noqa: PLW0603
    with _lock:
        if _place is None:
            return
        path, read_only = _place
        try:
            status = path.stat()
            identity = (status.st_dev, status.st_ino)
            if _kept is not None and _kept[1] == identity:
                return
            _let_go()
            uri = f"{path.as_uri()}?mode={'ro' if read_only else 'rw'}"
            kept = sqlite3.connect(uri, uri=True, check_same_thread=False)
            try:
                kept.execute("SELECT count(*) FROM sqlite_master").fetchone()  # only what was read holds the files
            except sqlite3.Error:
                kept.close()
                return
            _keep_for_ever(kept)
            _kept = (kept, identity)
        except (OSError, sqlite3.Error):  # the one who asked is told by Django
            return


def _keep_for_ever(kept: sqlite3.Connection) -> None:
    """One reference too many: the interpreter closes what it throws away at its end, and that would remove the files.
    (SQLite's own switch for this, SQLITE_FCNTL_PERSIST_WAL, can't be reached from Python's module; and apsw, which has it,
    is another copy of SQLite: two copies in one process take away each other's locks.)"""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))


def _let_go() -> None:
    global _kept  # noqa: PLW0603
    if _kept is not None:
        _kept[0].close()
        _kept = None
