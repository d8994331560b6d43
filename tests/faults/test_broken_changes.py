"""Changes that can't be made or can't be proven, on a real host: it goes on serving what it served, and says so."""

import re
import shutil
import smtplib
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from demo_host import DemoHost, demo_host_to_be
from inside import inside
from mail_people import message, person
from mailward.model.doors import Door

pytestmark = [pytest.mark.real, pytest.mark.fault]

ALPHA, BETA = "alpha.localhost", "beta.localhost"


def is_whole(host: DemoHost) -> bool:
    return {(row["verdict"], row["code"]) for row in host.verify(ALPHA, BETA)} == {("pass", "ok")}


@contextmanager
def changed(host: DemoHost, pattern: str, replacement: str) -> Iterator[None]:
    """mailward.toml with one change, for a while."""
    before = host.layout.settings.read_text()
    after = re.sub(pattern, replacement, before, flags=re.MULTILINE)
    assert after != before
    host.layout.settings.write_text(after)
    try:
        yield
    finally:
        host.layout.settings.write_text(before)


def test_what_a_daemons_checker_refuses_is_not_switched(patient: DemoHost) -> None:
    """An address that this machine doesn't have: nginx says so before anything is touched, and its words are shown."""
    current = patient.layout.current.readlink()
    with changed(patient, r"^addresses = .*", 'addresses = ["127.0.0.1", "::1", "192.0.2.1"]'):
        row = patient.json("apply", check=False)
        assert row["state"] == "refused", row
        assert re.search(r"^nginx refuses its configuration: .*192\.0\.2\.1", row["what"]), row
    assert patient.layout.current.readlink() == current
    assert not (patient.layout.generations / str(row["generation"])).exists()
    assert patient.json("plan")["changes"] == []
    assert is_whole(patient)


def test_what_a_checker_wrongly_accepts_is_undone(patient: DemoHost) -> None:
    """A port that somebody took after the plan: nginx' checker accepts it, the door doesn't come, and the previous
    generation serves again. The run says which."""
    current = patient.layout.current.readlink()
    with somebody_listening() as port, changed(patient, r"^pop3s = .*", f"pop3s = {port}"):
        row = patient.json("apply", check=False)
        assert row["state"] == "undone", row
        assert f"pop3s on port {port}" in row["what"]
        assert f"generation {current.name} serves again" in row["what"]
    assert patient.layout.current.readlink() == current
    assert patient.json("plan")["changes"] == []
    assert is_whole(patient)


@contextmanager
def somebody_listening() -> Iterator[int]:
    """Somebody else's program, which hangs up on everybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=hang_up, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


MEDDLED = """
from contextlib import contextmanager
from mailward.model.runs import Step
from mailward.steward.steward import Steward
from mailward.store.records import StoreRecorder

class Meddler(StoreRecorder):
    @contextmanager
    def step(self, step):
        with super().step(step):
            yield
        if step is Step.CHECK:
            found = mailward.layout.tls_versions.glob("beta.localhost-wildcard.*")
            newest = max(found, key=lambda one: one.stat().st_mtime)
            newest.write_bytes(b"-----BEGIN CERTIFICATE-----\\nZ2FyYmFnZQ==\\n-----END CERTIFICATE-----\\n")

asked = orders.renew(mailward.office, ME, "beta.localhost-wildcard")
Steward(mailward.host, lambda run, host: Meddler(run, host.clock)).take(asked.run_id, QUIET)
row = runs.show_run(mailward.office, ME, asked.run_id)
print(json.dumps([row.state, str(row.what), str(row.remedy)]))
"""


def test_garbage_that_slips_past_every_check_is_caught_at_the_doors_and_undone(patient: DemoHost) -> None:
    """A certificate's file is spoilt after it was checked: the doors break, and the one before is served again at each."""
    served = patient.json("certificate", "show", f"{BETA}-wildcard")["sha256"]
    state, what, remedy = inside(patient, MEDDLED)
    assert state == "undone"
    assert "served again" in what
    assert remedy
    rows = patient.verify(BETA)
    assert {(row["verdict"], row["code"], row["served_sha256"]) for row in rows} == {("pass", "ok", served)}
    patient.run("certificate", "renew", f"{BETA}-wildcard")  # the same version, whole this time
    rows = patient.verify(BETA)
    assert {(row["verdict"], row["code"], row["served_sha256"]) for row in rows} == {
        ("pass", "ok", patient.json("certificate", "show", f"{BETA}-wildcard")["sha256"])
    }


def test_a_spoilt_file_is_seen_at_the_doors_and_made_again(patient: DemoHost) -> None:
    """Somebody overwrites a served certificate: verify says which doors, and choosing it again writes it anew."""
    shown = patient.json("certificate", "show", f"{BETA}-wildcard")
    path = patient.layout.tls_version(shown["id"], shown["current"])
    path.write_bytes(b"nothing of use\n")
    broken = {row["door"] for row in patient.verify(BETA) if row["code"] == "handshake-failed"}
    assert broken == {"https", "imaps", "pop3s"}  # Postfix has a copy of its own
    assert {row["verdict"] for row in patient.verify(ALPHA)} == {"pass"}
    patient.run("secure", BETA, "--webmail", shown["id"], "--mail", shown["id"])
    assert is_whole(patient)


@pytest.fixture
def small_disk() -> Iterator[DemoHost]:
    """A demo host on a disk of its own, of 96 MB."""
    with demo_host_to_be() as host:
        host.root.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=96m,mode=0755", "tmpfs", str(host.root)], check=True, timeout=20
        )
        try:
            host.up()
            yield host
        finally:
            host.run("down", check=False)
            subprocess.run(["umount", "--lazy", str(host.root)], check=True, timeout=20)
            shutil.rmtree(host.root, ignore_errors=True)


def test_a_full_disk_stops_the_change_and_nothing_else(small_disk: DemoHost) -> None:
    """With no room left a change is refused in words, the host serves what it served, mail is put off (not lost, not
    refused for good); with room again, the same change is made."""
    host = small_disk
    current = host.layout.current.readlink()
    anna = person(host, "anna@alpha.localhost")
    anna.send(anna.address, "before it was full")
    anna.finds("before it was full")
    stuffing = host.root / "stuffing"
    with changed(host, "^outbound = false", "outbound = true"):
        subprocess.run(["fallocate", "-l", str(shutil.disk_usage(host.root).free), stuffing], check=True, timeout=20)
        ended = host.run("apply", check=False)
        assert ended.returncode == 3
        assert re.search(r"disk|room|space", ended.stdout + ended.stderr, re.IGNORECASE), ended
        assert "Traceback" not in ended.stderr
        assert host.layout.current.readlink() == current
        with anna.imap() as client:
            client.select("INBOX", readonly=True)
            assert client.search(None, "SUBJECT", '"before it was full"')[1][0]
        with anna.smtp() as client, pytest.raises(smtplib.SMTPException) as put_off:
            client.send_message(message(anna.address, anna.address, "while it was full"))
        assert re.search(r"\(?4\d\d", str(put_off.value)), put_off.value
        stuffing.unlink()
        assert host.run("apply").returncode == 0
    host.run("apply")
    anna.send(anna.address, "with room again", Door.SUBMISSION)
    anna.finds("with room again")
    assert {row["verdict"] for row in host.verify(ALPHA)} == {"pass"}
