"""What a review by fresh eyes found: names in others' domains, tokens that outlive a password, templates out of a store."""

import pytest

from fakes.made_host import MadeHost
from mailward.actions import domains, invitations, looks, orders, tokens
from mailward.model.errors import BadInput
from mailward.model.people import Actor, Limits
from mailward.model.rights import Act, Grant, PersonRole
from mailward.model.sentence import Sentence
from mailward.store.models import Account, ApiToken, RoleGrant

ANNA = Actor("anna")


def test_nobody_orders_names_inside_another_customers_domain(made: MadeHost) -> None:
    """The holder of a.test gets no certificate for what sub.a.test's holder serves; their own sub-domains they may."""
    office = made.office
    domains.add_domain(office, ANNA, "sub.a.test", customer="S")
    domains.add_domain(office, ANNA, "a.test", customer="A", confirmed=True)  # a provider may split it like that
    domains.add_domain(office, ANNA, "own.a.test", customer="A")
    for name in ("mail.sub.a.test", "sub.a.test", "*.sub.a.test"):
        with pytest.raises(BadInput) as refused:
            orders.issue(office, ANNA, "a.test", [name])
        assert refused.value.code == "foreign-name"
    assert orders.issue(office, ANNA, "a.test", ["a.test", "mail.own.a.test"]).run_id


def test_tokens_end_with_the_password_that_is_set_anew(made: MadeHost) -> None:
    """After a theft, the thief's token opens nothing any more."""
    account = Account.objects.create(email="p@a.test")
    RoleGrant.objects.create(account=account, role="provider")
    owner = Actor("p@a.test", (Grant(PersonRole.PROVIDER),), account.pk)
    tokens.create_token(made.office, owner, "thief", acts=[Act.DOMAINS_READ])
    assert ApiToken.objects.filter(revoked_at=None).count() == 1
    invitations.reset_password(made.office, ANNA, account.pk)
    assert not ApiToken.objects.filter(revoked_at=None).exists()


def test_a_narrowed_token_reads_no_answer_of_its_owner(made: MadeHost) -> None:
    """What its owner asked about another domain is not there for a token of one domain."""
    domains.add_domain(made.office, ANNA, "a.test")
    domains.add_domain(made.office, ANNA, "b.test")
    asked = looks.request_client(made.office, ANNA, "x@b.test")
    narrowed = Actor("anna", limits=Limits(None, frozenset({"a.test"})))
    with pytest.raises(BadInput):
        looks.client_answer(made.office, narrowed, asked.run_id)


def test_a_template_out_of_a_store_costs_nothing() -> None:
    """Only plain names are filled in: no width, no attribute."""
    assert str(Sentence("{x:>9999999999} {x.__class__} {x}", x="a")) == "{x:>9999999999} {x.__class__} a"
