"""The control plane is never needed for service: mail flows and mailboxes open with the panel, the steward, the
supervisor and the store gone."""

import os
import signal
from pathlib import Path

import pytest

from demo_host import DemoHost
from mail_people import person, trusting
from mailward.model.doors import Door
from webmail_people import WebmailPerson

pytestmark = [pytest.mark.real, pytest.mark.fault]


def test_mail_flows_and_opens_with_the_control_plane_dead(own_demo_host: DemoHost) -> None:
    """Panel, steward and supervisor killed, the store moved away: mail is sent, received and read, in webmail too; then
    ``up`` heals the host."""
    host = own_demo_host
    host.run("secure", "beta.localhost")
    anna, ben = person(host, "anna@alpha.localhost"), person(host, "ben@beta.localhost")
    for name in ("panel", "steward", "supervisord"):
        for pid in _pids(host, name):
            os.kill(pid, signal.SIGKILL)
    store = host.layout.store.parent
    store.rename(store.with_name("store-taken-away"))
    try:
        anna.send(ben.address, "without a steward", Door.SUBMISSION)
        assert b"The words of without a steward." in ben.finds("without a steward")
        ben.send(anna.address, "and back", Door.SUBMISSIONS)
        with anna.pop() as client:
            assert client.stat()[0] >= 0
        webmail = WebmailPerson("webmail.alpha.localhost", host.port(Door.HTTPS), trusting(host))
        webmail.log_in(anna.address, anna.password)
        assert "and back" in webmail.inbox(patience=20)
    finally:
        store.with_name("store-taken-away").rename(store)
    assert host.run("up").returncode == 0
    rows = host.verify("alpha.localhost", "beta.localhost")
    assert {row["verdict"] for row in rows} == {"pass"}
    states = {row["name"]: row["state"] for row in host.json("status", check=False)["daemons"]}
    assert set(states.values()) == {"RUNNING"}, states


def _pids(host: DemoHost, name: str) -> list[int]:
    """The processes of our own part of the control plane, by their command lines."""
    wanted = {
        "panel": ("mailward", "panel", "serve", str(host.root)),
        "steward": ("mailward", "steward", str(host.root)),
        "supervisord": ("supervisor.supervisord", str(host.root)),
    }[name]
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if all(any(word in said for said in words) for word in wanted) and "pytest" not in words:
            found.append(int(entry.parent.name))
    assert found, f"no {name} runs"
    return found
