"""Lists: what is in reach, a page at a time, in a number of questions to the store that doesn't grow."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fakes import papers
from fakes.made_host import MadeHost
from mailward.actions import candidates, certificates, choices, domains
from mailward.actions.office import Office
from mailward.model.errors import BadInput, Forbidden
from mailward.model.people import Actor
from mailward.model.rights import Grant, PersonRole
from mailward.store.models import Customer, Domain, Lineage

ROOT = Actor("root")
OWNER = Actor("owner@a.test", (Grant(PersonRole.CUSTOMER, customer="A"),), account=1)


@pytest.fixture
def office(made: MadeHost) -> Office:
    """a0.test … a59.test of A, b.test of B; each of A's has a lineage."""
    a, b = Customer.objects.create(name="A"), Customer.objects.create(name="B")
    Domain.objects.bulk_create([Domain(name=f"a{n}.test", customer=a) for n in range(60)])
    other = Domain.objects.create(name="b.test", customer=b)
    held = Domain.objects.filter(customer=a)
    Lineage.objects.bulk_create([Lineage(id=f"{one.name}-x", domain=one, source="upload") for one in [*held, other]])
    return made.office


def test_a_page_is_a_part_with_the_number_of_all(office: Office) -> None:
    """25 of 60, from the 50th on, sorted and searched as was asked for; a customer's list knows of nobody else."""
    first = domains.list_domains(office, OWNER, limit=25)
    assert (len(first), first.total, first.rows[0].name) == (25, 60, "a0.test")
    assert len(domains.list_domains(office, OWNER, offset=50, limit=25)) == 10
    assert domains.list_domains(office, OWNER, sort="-name", limit=1).rows[0].name == "a9.test"
    assert {row.name for row in domains.list_domains(office, OWNER, search="a5")} >= {"a5.test", "a59.test"}
    assert domains.list_domains(office, OWNER, search="b.test").total == 0
    assert domains.list_domains(office, ROOT).total == 61
    assert certificates.list_certificates(office, OWNER, limit=10).total == 60
    assert certificates.list_certificates(office, OWNER, search="b.test").rows == ()
    assert {row.name for row in domains.list_customers(office, OWNER)} == {"A"}


@pytest.mark.parametrize("actor", [ROOT, OWNER])
def test_a_page_costs_the_same_however_long_the_list_is(office: Office, actor: Actor) -> None:
    """Few questions for a page of one, and as many for a page of fifty."""
    for listing in (domains.list_domains, domains.list_customers, certificates.list_certificates):
        counts = []
        for limit in (1, 50):
            with CaptureQueriesContext(connection) as asked:
                listing(office, actor, limit=limit)
            counts.append(len(asked))
        assert counts[0] == counts[1] <= 6, listing.__name__


def test_customers_add_domains_to_what_is_theirs(office: Office) -> None:
    """Unnamed it becomes their own; another customer is unknown to them; who holds nothing may add nothing."""
    domains.add_domain(office, OWNER, "new.test")
    assert domains.show_domain(office, OWNER, "new.test").customer == "A"
    with pytest.raises(BadInput) as unknown:
        domains.add_domain(office, OWNER, "other.test", "B")
    assert unknown.value.code == "unknown"
    with pytest.raises(BadInput) as same:
        domains.add_domain(office, OWNER, "other.test", "Nobody Ltd")
    assert str(same.value.what).replace("Nobody Ltd", "B") == str(unknown.value.what)
    with pytest.raises(Forbidden):
        domains.add_domain(office, Actor("x", ()), "other.test")


def test_customers_add_nothing_above_the_server_or_other_customers(office: Office) -> None:
    """Who holds a domain gets certificates for what lies below it: above others' names only the provider adds."""
    domains.add_domain(office, ROOT, "sub.shop.test", "B")
    for name in ("shop.test", office.settings.hostname.partition(".")[2]):
        if name.count("."):
            with pytest.raises((Forbidden, BadInput)):
                domains.add_domain(office, OWNER, name)
    domains.add_domain(office, ROOT, "shop.test", "B")


def test_a_customer_chooses_the_hosts_certificate_that_has_their_names(office: Office) -> None:
    """The provider's certificate for many names is chosen by those whose names it has; another is unknown to them."""
    mine = papers.leaf("mail.a0.test", "webmail.a0.test", office.settings.hostname)
    shared, _ = certificates.upload(office, ROOT, "server", papers.bundle(mine))
    alien, _ = certificates.upload(office, ROOT, "server", papers.bundle(papers.leaf("mail.b.test")))
    choices.choose(office, OWNER, "a0.test", mail=shared.id)
    with pytest.raises(BadInput) as unknown:
        choices.choose(office, OWNER, "a0.test", mail=alien.id)
    assert unknown.value.code == "unknown"
    with pytest.raises(BadInput) as unseen:
        certificates.show_certificate(office, OWNER, shared.id)
    assert unseen.value.code == "unknown"


def test_who_adds_a_removed_domain_gets_nothing_of_its_former_holder(office: Office) -> None:
    """Its certificates are nobody's: they are not offered, and can't be chosen."""
    row, _ = certificates.upload(office, OWNER, "a0.test", papers.bundle(papers.leaf("mail.a0.test", "webmail.a0.test")))
    domains.remove_domain(office, OWNER, "a0.test")
    domains.add_domain(office, ROOT, "a0.test", "B")
    for actor in (ROOT, Actor("b", (Grant(PersonRole.CUSTOMER, customer="B"),), 7)):
        assert row.id not in {one.id for one in candidates.candidates(office, actor, "a0.test").rows}
    with pytest.raises(BadInput) as unknown:
        choices.choose(office, actor, "a0.test", mail=row.id)
    assert unknown.value.code == "unknown"
