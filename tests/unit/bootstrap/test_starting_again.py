"""``up`` over what is there already: after a killed supervisor, after a move of the directory, with other wishes."""

import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.made_host import LAYOUT, MadeHost
from mailward.host import ports
from mailward.model.errors import BadInput
from mailward.model.layout import Layout
from mailward.steward.new_instance import demo


@pytest.fixture
def stopped(store):
    """A host that served once, and of which nothing runs now."""
    from mailward.actions import configuration
    from mailward.bootstrap.up import declared_ports
    from mailward.model.people import Actor
    from mailward.model.runs import RunState

    settings = (demo(10_000 + 10 * secrets.randbelow(1_600), ipv6=False) for _ in range(100))
    free = next(one for one in settings if not ports.taken([("127.0.0.1", port) for port in declared_ports(one)]))
    made = MadeHost(free).born()
    row = made.carry_out(configuration.apply(made.office, Actor("anna")))
    assert row is not None
    assert row.state is RunState.DONE, str(row.what)
    made.supervisor.shutdown()
    made.supervisor.calls.clear()
    return made


def opened(made: MadeHost, layout: Layout = LAYOUT):
    from mailward.bootstrap.mailward import Mailward

    host = made.host
    return Mailward(layout, made.settings, made.office, replace(host, ground=replace(host.ground, layout=layout)))


def test_what_a_killed_supervisor_left_is_ended_before_ports_are_looked_at(stopped) -> None:
    """Daemons whose supervisor was killed hold our own ports: they must not be taken for somebody else's."""
    from mailward.bootstrap.up import start

    start(opened(stopped))
    assert stopped.supervisor.calls == [("end_leftovers",), ("update",)]


def test_a_moved_instance_never_starts_with_the_paths_of_its_old_place(stopped) -> None:
    """A directory restored elsewhere holds generations that name the old one: nothing is started of them, and no way
    leads back to them."""
    from mailward.bootstrap.up import start

    config = LAYOUT.current / "supervisor" / "supervisord.conf"
    text = stopped.files.read(config).decode().replace(f"{LAYOUT.root}/", "/elsewhere/")
    number = (stopped.files.target(LAYOUT.current) or "").rpartition("/")[2]
    stopped.files.write(LAYOUT.generations / number / "supervisor" / "supervisord.conf", text.encode())
    start(opened(stopped))
    assert ("update",) not in stopped.supervisor.calls
    assert stopped.files.target(LAYOUT.current) is None
    assert stopped.files.names(LAYOUT.generations) == []


@pytest.mark.parametrize(
    "wished",
    [
        {"base_port": 2001},
        {"acme": "letsencrypt"},
        {"contact": "anna@a.test"},
        {"trust": Path("/elsewhere.pem")},
    ],
)
def test_a_wish_that_an_instance_does_not_keep_is_refused(wished) -> None:
    """``up --base-port`` (or another setting) on an instance made with another value is not passed over in silence."""
    from mailward.bootstrap.up import UpWish, refuse_other

    with pytest.raises(BadInput) as refused:
        refuse_other(UpWish(**wished), demo(2000, ipv6=False), LAYOUT)
    assert refused.value.code == "already-made"


def test_the_same_wish_again_is_kept() -> None:
    """A second ``up`` with the words of the first changes nothing."""
    from mailward.bootstrap.up import UpWish, refuse_other

    refuse_other(UpWish(base_port=2000), demo(2000, ipv6=False), LAYOUT)
    refuse_other(UpWish(), demo(2000, ipv6=False), LAYOUT)
