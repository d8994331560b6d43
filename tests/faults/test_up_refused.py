"""``up`` on a machine where it can't be done: it says why, and leaves everything as it was."""

import os
import socket

import pytest

from demo_host import demo_host_to_be
from mailward.host.packages import DebianPackages
from mailward.host.processes import RealProcesses
from mailward.model.doors import Door
from mailward.model.errors import NotPossible

pytestmark = [pytest.mark.real, pytest.mark.fault]


def test_a_taken_port_is_named_with_who_holds_it() -> None:
    """Nothing is started; with the port free again, the same command goes through."""
    with demo_host_to_be() as host:
        with socket.create_server(("127.0.0.1", host.port(Door.IMAPS))):
            said = host.json("up", "--base-port", str(host.base), check=False)["error"]
            assert said["code"] == "port-taken"
            assert str(host.port(Door.IMAPS)) in said["what"]
            assert f"pid {os.getpid()}" in said["what"]
            assert "--base-port" in said["remedy"]
            assert host.json("status", check=False)["daemons"] == []
        assert host.up()["changed"] is True
        assert {row["verdict"] for row in host.verify("alpha.localhost")} == {"pass"}


def test_a_package_that_would_remove_another_is_refused_by_its_name() -> None:
    """Debian's own courier-imap and dovecot-imapd exclude each other: asked for one, the other is not removed."""
    packages = DebianPackages(RealProcesses())
    assert packages.missing(("dovecot-imapd",)) == ()
    with pytest.raises(NotPossible) as refused:
        packages.plan(("courier-imap",))
    assert refused.value.code == "would-remove"
    assert "dovecot-imapd" in str(refused.value.what)
