"""kill -9 in the middle of an order, on a real host with its own CA and DNS: nothing is ordered twice, and the doors show
the old certificate or the new one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo_host import DemoHost
from mailward.host.clock import RealClock
from mailward.host.supervisor import Supervisord

pytestmark = [pytest.mark.real, pytest.mark.fault]

BETA = "beta.localhost"
SCRIPT = Path(__file__).with_name("kill_orders.py")


@pytest.fixture(scope="module")
def host(patient: DemoHost) -> Iterator[DemoHost]:
    yield patient
    Supervisord(patient.layout, clock=RealClock()).start("steward")
    assert {row["verdict"] for row in patient.verify("alpha.localhost", BETA)} == {"pass"}


def deaths(host: DemoHost, *words: str) -> list[dict[str, Any]]:
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), str(host.root), *words], capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr[-3000:]
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_killed_in_an_order_nothing_is_ordered_twice(host: DemoHost) -> None:
    """At four moments of a renewal: one order at the CA for each wish, one more version, and the zone is clean."""
    lineage = f"{BETA}-wildcard"
    ordered, version = orders_at_the_ca(host), host.json("certificate", "show", lineage)["current"]
    seen = deaths(host, lineage)
    assert [(death["left"], death["ended"]) for death in seen] == [("running", "done")] * 4, seen
    assert all(death["after"][0][1:] == ["pass", "ok"] and len(death["after"]) == 1 for death in seen)
    assert orders_at_the_ca(host) == ordered + 4
    assert host.json("certificate", "show", lineage)["current"] == version + 4
    asked = ["kdig", "@127.0.0.1", "-p", str(host.base + 53), "+short", f"_acme-challenge.{BETA}", "TXT"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20).stdout.strip() == ""


def orders_at_the_ca(host: DemoHost) -> int:
    return (host.layout.log / "pebble.out.log").read_text().count("Added order ")
