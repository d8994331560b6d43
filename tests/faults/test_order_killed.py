"""kill -9 at every step of an order, against a real CA and a real name server: one order, one certificate, a clean zone."""

import base64
import json
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acme_lab import Lab, lab
from mailward.certificates.accounts import Account
from mailward.certificates.orders import OrderRecord, OrderState, plan_order, run_order
from mailward.certificates.records import Failure, Journal
from mailward.host.files import RealFiles
from mailward.host.seals import make_keys
from mailward.model.certificates import Challenge

pytestmark = [pytest.mark.real, pytest.mark.fault]

MOST_SAVES = 20


class Disk:
    """Records, accounts and certificates as JSON files: what a crash can't take back. ``kill_at`` counts saves."""

    def __init__(self, root: Path, kill_at: tuple[int, str] | None = None) -> None:
        self.root = root
        self.files = RealFiles(root)
        self.kill_at = kill_at
        self.saves = 0

    def save(self, what: OrderRecord | Account) -> None:
        self.saves += 1
        if self.kill_at == (self.saves, "before"):
            os.kill(os.getpid(), signal.SIGKILL)
        if isinstance(what, Account):
            self._write("account", {"directory": what.directory, "uri": what.uri, "key": _text(what.sealed_key)})
        else:
            self._write("order", _to_json(what))
        if self.kill_at == (self.saves, "after"):
            os.kill(os.getpid(), signal.SIGKILL)

    def load(self, ca: str) -> Account | None:
        data = self._read("account")
        return Account(ca, data["directory"], data["uri"], base64.b64decode(data["key"])) if data else None

    def knows(self, _ca: str, _order_url: str) -> bool:
        return False  # the only record is the one that asks

    def record(self) -> OrderRecord | None:
        data = self._read("order")
        return _from_json(data) if data else None

    def deliver(self, _record, material) -> None:
        self.files.write(self.root / f"{material.certificate.sha256}.pem", material.pem, mode=0o600)

    @property
    def certificates(self) -> list[Path]:
        return list(self.root.glob("*.pem"))

    def _write(self, name: str, data: dict) -> None:
        self.files.write(self.root / f"{name}.json", json.dumps(data).encode())

    def _read(self, name: str) -> dict | None:
        path = self.root / f"{name}.json"
        return json.loads(path.read_bytes()) if path.exists() else None


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _to_json(record: OrderRecord) -> dict:
    return {
        "id": record.id,
        "lineage": record.lineage,
        "ca": record.ca,
        "state": record.state.value,
        "names": list(record.names),
        "journal": record.journal.to_json(),
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
        "sealed_key": _text(record.sealed_key),
        "csr_pem": _text(record.csr_pem),
        "failure": record.failure.to_json() if record.failure else None,
    }


def _from_json(data: dict) -> OrderRecord:
    return OrderRecord(
        data["id"],
        data["lineage"],
        data["ca"],
        OrderState(data["state"]),
        tuple(data["names"]),
        Journal.from_json(data["journal"]),
        datetime.fromisoformat(data["created_at"]),
        datetime.fromisoformat(data["updated_at"]),
        base64.b64decode(data["sealed_key"]) if data["sealed_key"] else None,
        base64.b64decode(data["csr_pem"]) if data["csr_pem"] else None,
        Failure.from_json(data["failure"]) if data["failure"] else None,
    )


def plan(names: tuple[str, ...], challenge: Challenge = Challenge.DNS_01) -> OrderRecord:
    return plan_order(1, "lineage", names, ("pebble",), datetime.now(UTC), challenge=challenge)


def in_child(work) -> int:
    """Runs ``work`` in a process of its own; its exit status, negative when a signal ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def steward(running: Lab, root: Path, keys, names, kill_at: tuple[int, str] | None):
    """What a process does: go on with the saved record, or plan one."""

    def work() -> None:
        disk = Disk(root, kill_at)
        outside = replace(running.outside(book=disk, journal=disk, seals=keys), deliver=disk.deliver)
        record = run_order(disk.record() or plan(names), outside)
        assert record.state in (OrderState.DONE, OrderState.FAILED)

    return work


def new_root(running: Lab, name: str) -> Path:
    root = running.directory / name
    root.mkdir()
    return root


@pytest.fixture(scope="module")
def running():
    with lab() as made:
        yield made


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_every_save(running, moment):
    """Killed before or after any save of an order and started again, exactly one order is made at the CA, one certificate
    is delivered, and no challenge stays in the DNS."""
    for number in range(1, MOST_SAVES):
        names = (f"{moment}{number}.lab.test", f"*.{moment}{number}.lab.test")
        root, keys = new_root(running, f"{moment}-{number}"), make_keys()
        killed = in_child(steward(running, root, keys, names, (number, moment)))
        if killed == 0:
            break  # there were fewer saves
        assert killed == -signal.SIGKILL
        assert in_child(steward(running, root, keys, names, None)) == 0
        disk = Disk(root)
        record = disk.record()
        assert record.state is OrderState.DONE, (number, record.failure)
        assert len(disk.certificates) == 1, number
        outside = running.outside(book=disk, seals=keys)
        orders = running.order_urls(outside)
        assert len(orders) == 1, (number, moment, orders)
        assert running.dns.query(f"_acme-challenge.{names[0]}", "TXT").records == (), number
    assert number > 14  # KEYED … DONE, and the account's two


def test_killed_again_and_again(running):
    """Killed after every single save, one process after the other, the order still comes to its one certificate."""
    root, keys = new_root(running, "again"), make_keys()
    names = ("again.lab.test", "*.again.lab.test")
    for _ in range(MOST_SAVES):
        if in_child(steward(running, root, keys, names, (1, "after"))) == 0:
            break
    disk = Disk(root)
    assert disk.record().state is OrderState.DONE
    assert len(running.order_urls(running.outside(book=disk, seals=keys))) == 1
    assert len(disk.certificates) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_failing(running, moment):
    """Killed at any save of an order that the CA refuses, the challenges are still taken away and the reason is told."""
    for number in range(1, MOST_SAVES):
        names = (f"refused{moment}{number}.lab.test",)
        root, keys = new_root(running, f"failing-{moment}-{number}"), make_keys()

        def failing(kill_at, root=root, keys=keys, names=names):
            def work() -> None:
                disk = Disk(root, kill_at)
                outside = running.outside(book=disk, journal=disk, seals=keys)
                # By HTTP, and nobody serves the files: the CA's connection is refused.
                run_order(disk.record() or plan(names, Challenge.HTTP_01), replace(outside, deliver=disk.deliver))

            return work

        killed = in_child(failing((number, moment)))
        if killed == 0:
            break
        assert in_child(failing(None)) == 0
        record = Disk(root).record()
        assert (record.state, record.failure.code) == (OrderState.FAILED, "domain-refused"), number
        assert record.failure.retry_at is not None
        assert list((running.directory / "challenges").iterdir()) == [], number
    assert number > 9
