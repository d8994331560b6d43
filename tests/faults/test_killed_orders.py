"""kill -9 in the middle of an order, on a real host with its own CA and DNS: nothing is ordered twice, and the doors show
the old certificate or the new one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from demo_host import DemoHost
from mailward.host.clock import RealClock
from mailward.host.supervisor import Supervisord

pytestmark = [pytest.mark.real, pytest.mark.fault]

BETA = "beta.localhost"
SCRIPT = Path(__file__).with_name("kill_orders.py")


def orders_at_the_ca(host: DemoHost) -> int:
    return (host.layout.log / "pebble.out.log").read_text().count("Added order ")


def test_killed_in_an_order_nothing_is_ordered_twice(patient: DemoHost) -> None:
    """At four moments of a renewal: until it is asked for again the old certificate is served; then the same run goes on,
    with one order at the CA for each wish, one more version that is served at every door, and a clean zone."""
    host, lineage = patient, f"{BETA}-wildcard"
    before = host.json("certificate", "show", lineage)
    ordered = orders_at_the_ca(host)
    try:
        ended = subprocess.run(
            [sys.executable, str(SCRIPT), str(host.root), lineage], capture_output=True, text=True, timeout=120, check=False
        )
    finally:
        Supervisord(host.layout, clock=RealClock()).start("steward")
    assert ended.returncode == 0, ended.stdout + ended.stderr[-3000:]
    served = before["sha256"]
    for death in map(json.loads, ended.stdout.splitlines()):
        assert (death["left"], death["seen"]) == ("running", [served]), death
        assert (death["same"], death["ended"]) == (True, "done"), death
        ((now, verdict, code),) = death["after"]
        assert (verdict, code) == ("pass", "ok"), death
        assert now != served, death
        served = now
    assert orders_at_the_ca(host) == ordered + 4
    assert host.json("certificate", "show", lineage)["current"] == before["current"] + 4
    asked = ["kdig", "@127.0.0.1", "-p", str(host.base + 53), "+short", f"_acme-challenge.{BETA}", "TXT"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20).stdout.strip() == ""
