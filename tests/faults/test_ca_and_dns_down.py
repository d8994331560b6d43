"""The authority or the name server of a real host is down: an order says so and when it is tried again; mail goes on."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from demo_host import DemoHost
from mail_people import person
from mailward.host.clock import RealClock
from mailward.host.supervisor import Supervisord

pytestmark = [pytest.mark.real, pytest.mark.fault]

ALPHA, BETA = "alpha.localhost", "beta.localhost"
LINEAGE = f"{BETA}-wildcard"


@contextmanager
def stopped(host: DemoHost, daemon: str) -> Iterator[None]:
    keeper = Supervisord(host.layout, clock=RealClock())
    keeper.stop(daemon)
    try:
        yield
    finally:
        keeper.start(daemon)


def is_whole(host: DemoHost) -> bool:
    return {(row["verdict"], row["code"]) for row in host.verify(ALPHA, BETA)} == {("pass", "ok")}


def test_with_the_authority_down_an_order_fails_with_reason_and_date_and_nothing_else(patient: DemoHost) -> None:
    """The failure names the authority and the next try; mail flows; no door changes. Back (and with a new root, since
    Pebble forgets everything), the authority is registered with anew, and both roots are trusted."""
    before = patient.json("certificate", "show", LINEAGE)
    with stopped(patient, "pebble"):
        failed = patient.json("certificate", "renew", LINEAGE, check=False)
        assert failed["state"] == "failed", failed
        assert "pebble" in failed["what"]
        assert re.search(r"tried again after \d{4}-\d\d-\d\d \d\d:\d\d UTC", failed["what"])
        row = patient.json("certificate", "show", LINEAGE)
        assert (row["failures"], row["current"], row["sha256"]) == (1, before["current"], before["sha256"])
        assert row["retry_at"]
        assert row["failure"]
        anna, ben = person(patient, f"anna@{ALPHA}"), person(patient, f"ben@{BETA}")
        anna.send(ben.address, "without an authority")
        ben.finds("without an authority")
        assert is_whole(patient)
    again = patient.json("certificate", "renew", LINEAGE)
    assert again["state"] == "done"
    row = patient.json("certificate", "show", LINEAGE)
    assert (row["failures"], row["current"], row["retry_at"]) == (0, before["current"] + 1, None)
    assert row["issuer"] != before["issuer"]  # another root's
    assert is_whole(patient)  # alpha's certificate is from the root before


def test_when_the_dns_takes_no_update_the_order_fails_in_words_and_is_done_later(patient: DemoHost) -> None:
    """The reason names the name server and what it said; no certificate is lost; later it works.

    (A frozen zone answers at once. With Knot stopped the order waits 45 seconds for it: test_order_troubles.)
    """
    before = patient.json("certificate", "show", LINEAGE)
    with stopped(patient, "pebble"):
        pass  # it forgets that it has looked into this zone before
    knotc = ["knotc", "-s", str(patient.layout.run / "knot" / "knot.sock")]
    subprocess.run([*knotc, "zone-freeze", BETA], check=True, capture_output=True, timeout=20)
    try:
        failed = patient.json("certificate", "renew", LINEAGE, check=False)
    finally:
        subprocess.run([*knotc, "zone-thaw", BETA], check=True, capture_output=True, timeout=20)
    assert failed["state"] == "failed", failed
    assert re.search(rf"name server .*:{patient.base + 53} did not take an update of {BETA}: REFUSED", failed["what"])
    assert re.search(r"tried again after \d{4}-\d\d-\d\d", failed["what"])
    assert patient.json("certificate", "show", LINEAGE)["sha256"] == before["sha256"]
    assert patient.json("certificate", "renew", LINEAGE)["state"] == "done"
    row = patient.json("certificate", "show", LINEAGE)
    assert (row["failures"], row["current"]) == (0, before["current"] + 1)
    assert is_whole(patient)
