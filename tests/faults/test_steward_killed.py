"""The steward is killed (SIGKILL) before and after every step of every kind of run, on a real host. Whatever is served at
that moment is whole, and the next command ends what was left: by what was wanted, or by what was there before."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from demo_host import DemoHost
from mailward.host.clock import RealClock
from mailward.host.supervisor import Supervisord
from mailward.host.tls_dialer import AsyncioTlsDialer
from mailward.model.doors import Door, Role
from mailward.model.outside import DialTarget

pytestmark = [pytest.mark.real, pytest.mark.fault]

SCRIPT = Path(__file__).with_name("stop_at.py")
DOORS = tuple(door for door in Door if door.kind.always_open)
FLOW = ("plan", "stage", "check", "apply", "verify")
SWITCH = ("stage", "check", "apply", "verify")
DIRECTORY = ("apply", "verify")


@pytest.fixture(scope="module")
def host(demo_host_of_module: DemoHost) -> Iterator[DemoHost]:
    """A demo host whose own steward is stopped, so that only the killed one and the commands take runs; beta has two
    certificates to choose from."""
    host = demo_host_of_module
    host.run("secure", "beta.localhost")
    names = ("--name", "mail.beta.localhost", "--name", "webmail.beta.localhost")
    host.run("certificate", "issue", "beta.localhost", "--challenge", "http-01", *names)
    Supervisord(host.layout, clock=RealClock()).stop("steward")
    yield host


def killed(host: DemoHost, moment: str, step: str, *wish: str) -> int:
    """Ask, and die at this step: the run's number."""
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), str(host.root), moment, step, *wish],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, f"{moment} {step}: {ended.returncode}\n{ended.stderr[-2000:]}"
    return int(ended.stdout.split()[0])


def run_row(host: DemoHost, number: int) -> dict[str, Any]:
    return next(row for row in host.json("runs", "--limit", "5") if row["id"] == number)


def leaves(host: DemoHost) -> dict[Door, str]:
    """What beta's names are served at every door; every door must answer."""
    targets = [
        DialTarget(
            door.kind.protocol, door.kind.tls, "127.0.0.1", host.port(door),
            "webmail.beta.localhost" if door.kind.role is Role.WEB else "mail.beta.localhost",
        )
        for door in DOORS
    ]  # fmt: skip
    seen = AsyncioTlsDialer().dial(targets)
    troubles = {door: one.trouble for door, one in zip(DOORS, seen, strict=True) if one.trouble}
    assert not troubles, troubles
    return {door: sha256(one.chain[0]).hexdigest() for door, one in zip(DOORS, seen, strict=True)}


def test_a_certificate_switch_killed_at_every_step(host: DemoHost) -> None:
    """Every door serves the old certificate or the new one, whole; the next command brings the wanted one everywhere."""
    certificates = {row["id"]: row["sha256"] for row in host.json("certificate", "list", "beta.localhost")}
    turn = 0
    for step in SWITCH:
        for moment in ("before", "after"):
            wanted = sorted(certificates)[turn % 2]
            turn += 1
            run = killed(host, moment, step, "choose", wanted)
            assert set(leaves(host).values()) <= set(certificates.values())
            host.run("apply")
            assert run_row(host, run)["state"] == "done", f"{moment} {step}"
            assert set(leaves(host).values()) == {certificates[wanted]}, f"{moment} {step}"
    assert {row["verdict"] for row in host.verify("beta.localhost")} <= {"pass", "warn"}


def test_a_configuration_run_killed_at_every_step(host: DemoHost) -> None:
    """All doors answer at every moment; the next command ends the run, and the new configuration is what is served."""
    settings, main_cf = host.layout.settings, host.layout.current / "postfix" / "main.cf"
    closed = settings.read_text()
    other = "post@elsewhere.test"
    opened = closed.replace("outbound = false", f'outbound = false\ncontact = "{other}"')
    assert opened != closed
    try:
        for step in FLOW:
            for moment in ("before", "after"):
                is_open = settings.read_text() == closed
                settings.write_text(opened if is_open else closed)
                run = killed(host, moment, step, "apply")
                leaves(host)
                host.run("apply")
                assert run_row(host, run)["state"] in ("done", "unchanged"), f"{moment} {step}"
                assert (other in main_cf.read_text()) is is_open, f"{moment} {step}"
                leaves(host)
    finally:
        settings.write_text(closed)
        host.run("apply")
    assert {row["verdict"] for row in host.verify("alpha.localhost")} == {"pass"}


def test_a_directory_run_killed_at_every_step(host: DemoHost) -> None:
    """A mailbox whose run was killed is there after the next command."""
    for number, (step, moment) in enumerate((step, moment) for step in DIRECTORY for moment in ("before", "after")):
        address = f"late{number}@beta.localhost"
        run = killed(host, moment, step, "mailbox", address)
        host.run("apply")
        assert run_row(host, run)["state"] == "done", f"{moment} {step}"
        looked_up = ["doveadm", "-c", str(host.layout.current / "dovecot" / "dovecot.conf"), "user", address]
        assert subprocess.run(looked_up, capture_output=True, check=False).returncode == 0, f"{moment} {step}"
