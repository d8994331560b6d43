"""The store on PostgreSQL: what the tests of store and actions promise is promised there, too, and transactions exclude
each other as SQLite's do."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from _postgresql import server

from demo_host import demo_host_to_be
from mailward.model.doors import Door

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
TOGETHER = """
    import sys, threading, time
    from mailward.store import place
    place.use_postgresql(sys.argv[1])
    from mailward.steward import birth
    birth.make_store()
    from django.db import connection, transaction
    from mailward.model.certificates import Source
    from mailward.store.lineages import new_lineage
    from mailward.store.models import Lineage
    def take():
        with transaction.atomic():
            new_lineage("alpha.test", None, Source.UPLOAD, ("alpha.test",))
            time.sleep(0.05)
        connection.close()
    threads = [threading.Thread(target=take) for _ in range(8)]
    for one in threads: one.start()
    for one in threads: one.join()
    print(" ".join(sorted(Lineage.objects.values_list("id", flat=True))))
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server of our own."""
    with server(durable=False) as found:
        yield found


def test_transactions_exclude_each_other(address: str) -> None:
    """Eight at once look for a free name and take it: each gets one, none fails, none is taken twice."""
    argv = [sys.executable, "-c", textwrap.dedent(TOGETHER), address]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["alpha.test", *(f"alpha.test-{number}" for number in range(2, 9))]


def test_store_and_actions_do_the_same_on_postgresql(address: str) -> None:
    """Every test of store and actions (but the matrix of permission, which is the same whatever the store) passes there."""
    argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/unit/store", "tests/unit/actions"]
    argv += ["--ignore", "tests/unit/actions/test_permission_matrix.py"]
    environment = {**os.environ, "MAILWARD_TEST_POSTGRESQL": address}
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_a_whole_host_has_its_store_there(address: str) -> None:
    """up makes a demo whose tables are in PostgreSQL: its doors are proven, the panel answers, and a change is carried out;
    an instance that is told to look elsewhere for its tables is refused."""
    with psycopg.connect(address, autocommit=True) as database:
        database.execute("DROP SCHEMA public CASCADE")  # what the tests before left there
        database.execute("CREATE SCHEMA public")
    with demo_host_to_be() as host:
        made = host.json("up", "--base-port", str(host.base), "--store", address)
        assert made["findings"]
        assert not host.layout.store.exists()
        host.run("domain", "add", "gamma.test")
        assert "gamma.test" in host.run("domain", "list").stdout
        status = subprocess.run(
            ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", f"https://127.0.0.1:{host.port(Door.HTTPS)}/sign-in/",
             "-H", "Host: mx.mailward.localhost"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert status.stdout == "200"
        text = host.layout.settings.read_text()
        host.layout.settings.write_text("\n".join(line for line in text.splitlines() if not line.startswith("store")))
        refused = host.run("domain", "list", check=False)
        assert refused.returncode != 0
        assert "the tables of this instance are in" in refused.stderr
        host.layout.settings.write_text(text)
