"""A store for each test that asks for one: a copy of a migrated file, so that transactions and threads are real ones.

With MAILWARD_TEST_POSTGRESQL (an address; see tests/real/test_store_on_postgresql.py) it is that database, emptied for each
test: what a test is handed as its file then names nothing.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailward.django_settings")


POSTGRESQL = os.environ.get("MAILWARD_TEST_POSTGRESQL", "")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store with this version's tables, made once."""
    from django.core.management import call_command
    from django.db import connections

    path = tmp_path_factory.mktemp("store") / "migrated.sqlite"
    django.setup()
    if POSTGRESQL:
        from mailward.store import place

        place.use_postgresql(POSTGRESQL)
        call_command("migrate", interactive=False, verbosity=0)
        return path
    told = connections["default"].settings_dict
    before = told["NAME"]
    connections.close_all()
    told["NAME"] = str(path)
    call_command("migrate", interactive=False, verbosity=0)
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()
    told["NAME"] = before
    return path


@pytest.fixture
def store(migrated: Path, tmp_path: Path) -> Iterator[Path]:
    """This test's own store, empty."""
    from django.db import connections

    path = tmp_path / "store.sqlite"
    if POSTGRESQL:
        empty(path, migrated)
        yield path
        connections.close_all()
        return
    told = connections["default"].settings_dict  # threads' connections are made from the same dictionary
    before = told["NAME"]
    connections.close_all()
    told["NAME"] = str(path)
    empty(path, migrated)
    yield path
    connections.close_all()
    told["NAME"] = before


def empty(path: Path, migrated: Path) -> None:
    """Begin again with a store in which nothing is."""
    from django.db import connections

    if POSTGRESQL:
        _empty_tables()
        return
    connections.close_all()
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
    shutil.copyfile(migrated, path)


def _empty_tables() -> None:
    from django.db import connection

    kept = {"django_migrations", "django_content_type", "auth_permission"}
    tables = sorted(set(connection.introspection.table_names()) - kept)
    deleted = " ".join(f"DELETE FROM {table};" for table in tables)  # TRUNCATE makes new files, which takes longer
    again = "SELECT setval(format('%I.%I', schemaname, sequencename), 1, false) FROM pg_sequences"
    with connection.cursor() as cursor:
        cursor.execute(f"SET session_replication_role = replica; {deleted} SET session_replication_role = origin; {again}")


@pytest.fixture
def made(store: Path):
    """A whole host in memory, at the end of its first minute."""
    from fakes.made_host import MadeHost

    return MadeHost().born()


@pytest.fixture
def another(store: Path, migrated: Path):
    """Makes a new host with an empty store, as often as a test wants."""
    from fakes.made_host import MadeHost

    def make(*args, **options):
        empty(store, migrated)
        return MadeHost(*args, **options).born()

    return make
