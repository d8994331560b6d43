"""Proof of control: a customer's domain is prepared, and gets its mail when DNS says that it is the customer's."""

import pytest

from fakes.told_resolver import ToldResolver
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Grant, PersonRole
from mailward.model.runs import RunState

ROOT = Actor("root")
CARLA = Actor("carla", (Grant(PersonRole.CUSTOMER, customer="C"),))
DORA = Actor("dora", (Grant(PersonRole.CUSTOMER, customer="D"),))


class World:
    """A host at which Carla has added new.test; its name servers and those of the zone above it."""

    def __init__(self, made) -> None:
        from dataclasses import replace

        from mailward.actions import domains, mailboxes

        self.made = made
        self.servers = {"new.test": [ToldResolver(), ToldResolver()], "test": [ToldResolver(), ToldResolver()]}
        made.resolver.answers |= {("new.test", "SOA"): ["ns. host. 1 2 3 4 5"], ("test", "SOA"): ["ns. host. 1 2 3 4 5"]}
        host = made.host
        self.host = replace(host, authoritative=lambda zone: self.servers.get(zone, []))
        domains.add_customer(made.office, ROOT, "C")
        self.asked = domains.add_domain(made.office, CARLA, "new.test")
        made.carry_out()
        mailboxes.add_mailbox(made.office, CARLA, "anna@new.test")
        mailboxes.add_alias(made.office, CARLA, "info@new.test", ["anna@new.test"])
        made.carry_out()

    @property
    def control(self):
        from mailward.actions.control import show_control

        return show_control(self.made.office, CARLA, "new.test")

    def publish(self, *servers: int, value: str = "") -> None:
        for number in servers:
            told = self.servers["new.test"][number].answers
            told[(self.control.record_name, "TXT")] = [f'"{value or self.control.record_value}"']

    def look(self):
        from mailward.actions.control import request_control
        from mailward.actions.runs import show_run
        from mailward.model.progress import Quiet
        from mailward.steward.steward import Steward

        asked = request_control(self.made.office, CARLA, "new.test")
        Steward(self.host).take(asked.run_id, Quiet())
        row = show_run(self.made.office, ROOT, asked.run_id)
        self.made.carry_out()
        return row

    @property
    def published(self) -> bool:
        directory = self.made.directory
        there = {*directory.domains, *directory.mailboxes, *directory.aliases}
        assert there in (set(), {"new.test", "anna@new.test", "info@new.test"}), there
        return bool(there)


@pytest.fixture
def world(made) -> World:
    return World(made)


def test_mail_waits_for_the_proof_and_comes_with_it(world) -> None:
    """Before: no domain, no mailbox and no alias in the directory. After both name servers show the record: all of them."""
    assert not world.published
    assert not world.control.is_proven
    world.publish(0, 1)
    assert world.look().state is RunState.DONE
    assert world.control.how == "txt"
    assert world.published


def test_a_first_start_publishes_nothing_that_waits(world) -> None:
    """A directory made anew from the store holds what is proven, and no more."""
    from mailward.steward.birth import put_directory_right

    put_directory_right(world.host)
    assert not world.published
    world.publish(0, 1)
    world.look()
    world.made.directory.domains.clear()
    world.made.directory.mailboxes.clear()
    put_directory_right(world.host)
    assert world.published


@pytest.mark.parametrize("spoilt", ["one", "silent", "other", "longer", "none"])
def test_less_than_every_server_is_no_proof(world, spoilt: str) -> None:
    """One server without the record, a silent one, another token, the token within more text: nothing is proven."""
    if spoilt in ("one", "silent"):
        world.publish(0)
    if spoilt == "silent":
        world.servers["new.test"][1].answers[(world.control.record_name, "TXT")] = "TIMEOUT"
    if spoilt == "other":
        world.publish(0, 1, value="mailward=0123")
    if spoilt == "longer":
        world.publish(0, 1, value=world.control.record_value + "0")
    row = world.look()
    assert row.state is RunState.DONE
    assert not world.control.is_proven
    assert not world.published
    assert str(world.control.what) == str(row.what)
    assert ("TIMEOUT" in str(row.what)) == (spoilt == "silent")


def test_an_alias_is_no_proof(world) -> None:
    """A wildcard alias leads every name, also the one for the proof, to where somebody else may write."""
    world.publish(0, 1)
    for server in world.servers["new.test"]:
        server.aliases[world.control.record_name] = "elsewhere.test."
    world.look()
    assert not world.control.is_proven


def test_no_name_server_is_no_proof(world) -> None:
    """A zone whose name servers can't be found, and one about which DNS is silent, prove nothing."""
    world.servers.clear()
    world.look()
    assert not world.control.is_proven
    world.made.resolver.answers[(world.control.record_name, "SOA")] = "SERVFAIL"
    world.look()
    assert not world.control.is_proven


def test_a_delegation_to_this_host_is_a_proof(world) -> None:
    """All servers of the zone above name this server; one of them alone is not enough."""
    ours = f"{world.made.settings.hostname.upper()}."
    world.servers["test"][0].answers[("new.test", "NS")] = [ours, "ns.elsewhere.test."]
    world.look()
    assert not world.published
    world.servers["test"][1].answers[("new.test", "NS")] = [ours]
    world.look()
    assert world.control.how == "delegated"
    assert world.published


def test_a_delegation_left_behind_gives_a_domain_to_nobody(world) -> None:
    """Whoever adds what another customer gave up, and still delegates to this host, must show the record."""
    from mailward.actions import domains

    for server in world.servers["test"]:
        server.answers[("new.test", "NS")] = [f"{world.made.settings.hostname}."]
    world.look()
    domains.remove_domain(world.made.office, CARLA, "new.test")
    domains.add_customer(world.made.office, ROOT, "D")
    domains.add_domain(world.made.office, DORA, "new.test")
    world.made.carry_out()
    from mailward.steward.control import look_onward

    assert look_onward(world.host, 5) == 1
    world.made.carry_out()
    assert not world.made.directory.domains


def test_the_steward_looks_by_itself_and_less_often_with_time(world) -> None:
    """Each minute at first, then each quarter of an hour, then four times a day."""
    from datetime import timedelta

    from mailward.steward.control import look_onward
    from mailward.store.models import ControlProof

    pauses = []
    for waited in (timedelta(0), timedelta(hours=2), timedelta(days=5)):
        proof = ControlProof.objects.get()
        now = world.made.clock.now()
        ControlProof.objects.update(asked_at=now - waited, look_at=now)
        assert look_onward(world.host, 5) == 1
        pauses.append(ControlProof.objects.get(pk=proof.pk).look_at - now)
        assert look_onward(world.host, 5) == 0
    assert pauses == [timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=6)]


def test_no_certificate_is_ordered_or_shown_for_it(world) -> None:
    """What fails counts against the host's account at the CA; and nobody answers to a name that isn't theirs."""
    from mailward.actions import choices, orders

    for act in (choices.secure, orders.issue):
        with pytest.raises(BadInput) as refused:
            act(world.made.office, CARLA, "new.test")
        assert refused.value.code == "unproven"
    with pytest.raises(BadInput) as refused:
        choices.choose(world.made.office, CARLA, "new.test", mail="other")
    assert refused.value.code == "unproven"
    choices.choose(world.made.office, CARLA, "new.test", mail=choices.OWN)
    world.publish(0, 1)
    world.look()
    assert orders.issue(world.made.office, CARLA, "new.test").run_id


def test_what_lies_under_a_proven_domain_is_proven(world) -> None:
    """Whoever controls a domain's DNS controls what lies below it; under one that waits, everything waits."""
    from mailward.actions import domains
    from mailward.actions.control import show_control

    domains.add_domain(world.made.office, CARLA, "early.new.test")
    assert not show_control(world.made.office, CARLA, "early.new.test").is_proven
    world.publish(0, 1)
    world.look()
    domains.add_domain(world.made.office, CARLA, "shop.new.test")
    assert show_control(world.made.office, CARLA, "shop.new.test").how == "parent"


def test_a_provider_takes_in_and_vouches_without_a_proof(world) -> None:
    """What the provider adds is proven; what a customer added is by the provider's word, which a customer can't give."""
    from mailward.actions import control, domains
    from mailward.model.errors import Forbidden

    domains.add_domain(world.made.office, ROOT, "theirs.test", "C")
    assert control.show_control(world.made.office, CARLA, "theirs.test").how == "provider"
    with pytest.raises(Forbidden):
        control.vouch(world.made.office, CARLA, "new.test")
    control.vouch(world.made.office, ROOT, "new.test")
    world.made.carry_out()
    assert "new.test" in world.made.directory.domains
    with pytest.raises(BadInput) as refused:
        control.request_control(world.made.office, CARLA, "new.test")
    assert refused.value.code == "proven"
