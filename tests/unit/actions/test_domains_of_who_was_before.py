"""Who takes in a domain that another held before has nothing of theirs; and nobody heaps up domains without a proof."""

import pytest

from mailward.actions import dns, domains, proving
from mailward.model.dns import HomeKind
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Grant, PersonRole
from mailward.store.models import AggregateReport, ControlProof, Domain, Zone

ROOT = Actor("root")
CARLA = Actor("carla", (Grant(PersonRole.CUSTOMER, customer="C"),))


def test_where_the_zone_lived_before_is_forgotten(made) -> None:
    """The former holder's account at a provider, and the token for it, are nothing to the next one."""
    domains.add_domain(made.office, ROOT, "flowers.test", "A")
    dns.set_dns_home(
        made.office,
        ROOT,
        "flowers.test",
        HomeKind.PROVIDER,
        provider="powerdns",
        options={"url": "https://a.test"},
        secret="s",
    )
    domains.remove_domain(made.office, ROOT, "flowers.test")
    assert Zone.objects.filter(name="flowers.test").exists()  # its records are still to be taken away there
    domains.add_domain(made.office, ROOT, "flowers.test", "B")
    assert not Zone.objects.filter(name="flowers.test").exists()


def test_a_customer_has_few_domains_that_wait_for_a_proof(made) -> None:
    """Each costs keys, a zone and questions to DNS, and nothing shows that it is theirs."""
    domains.add_domain(made.office, ROOT, "own.test", "C")
    holder = Domain.objects.get(name="own.test").customer
    now = made.clock.now()
    for number in range(proving.MOST_UNPROVEN):
        row = Domain.objects.create(name=f"waits{number}.test", customer=holder)
        ControlProof.objects.create(domain=row, token=str(number), asked_at=now, look_at=now)
    with pytest.raises(BadInput) as refused:
        domains.add_domain(made.office, CARLA, "one-more.example")
    assert refused.value.code == "too-many-unproven"
    assert not Domain.objects.filter(name="one-more.example").exists()
    domains.add_domain(made.office, CARLA, "sub.own.test")


def test_reports_about_a_removed_domain_go_with_it(made) -> None:
    """Who sent mail as the former holder is nothing to the next one."""
    now = made.clock.now()
    for name in ("flowers.test", "stays.test"):
        domains.add_domain(made.office, ROOT, name, "A")
        AggregateReport.objects.create(
            domain=name, organisation="x", report_id="1", begins_at=now, ends_at=now, policy={}, received_at=now
        )
    made.carry_out()
    domains.remove_domain(made.office, ROOT, "flowers.test")
    made.carry_out()
    assert [one.domain for one in AggregateReport.objects.all()] == ["stays.test"]
