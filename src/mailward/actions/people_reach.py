"""Whom somebody may see and change, and what must stay so whatever is changed: that a provider can still get in.

A provider reaches everybody. A customer reaches their own people: accounts whose every grant and group lies within that
customer. Who also holds something elsewhere is the provider's business alone, and unknown to the customer.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.db.models import Q, QuerySet

from mailward.actions.permission import require, require_somewhere
from mailward.model.errors import BadInput, NotPossible
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act, PersonRole, Place, Reach
from mailward.model.sentence import Sentence
from mailward.store import chain
from mailward.store.models import Account, Group, RoleGrant

_Members = Group.members.through


def own_customers(actor: Actor, act: Act) -> tuple[str, ...]:
    """The customers with whose people this person may do this; who reaches the host needs none."""
    names = {grant.customer for grant in actor.grants if grant.reach is Reach.CUSTOMER and grant.customer is not None}
    return tuple(sorted(name for name in names if actor.may(act, Place(name))))


def people_in_reach(actor: Actor, act: Act) -> QuerySet[Account]:
    """Every account with which this person may do this."""
    require_somewhere(actor, act)
    return Account.objects.all() if actor.may(act) else _wholly_of(own_customers(actor, act))


def account_for(actor: Actor, act: Act, account_id: int) -> Account:
    """The account that a person means and may do this with. Raises BadInput when there is none in reach; Forbidden when it
    can be seen, and this can't be done with it."""
    sees = Act.PEOPLE_READ if actor.may_somewhere(Act.PEOPLE_READ) else act
    row = people_in_reach(actor, sees).filter(pk=account_id).first()
    if row is None:
        said = Sentence("there is no account {id}", id=account_id)
        raise BadInput("person", said, Sentence("See the list of people."), code="unknown")
    require(actor, act, _place(actor, act))
    if not people_in_reach(actor, act).filter(pk=account_id).exists():
        require(actor, act, HOST)
    return row


def groups_in_reach(actor: Actor, act: Act) -> QuerySet[Group]:
    """Every group with which this person may do this."""
    require_somewhere(actor, act)
    return Group.objects.all() if actor.may(act) else Group.objects.filter(customer__name__in=own_customers(actor, act))


def group_for(actor: Actor, act: Act, group_id: int) -> Group:
    """The group that a person means and may do this with. Raises as ``account_for`` does."""
    sees = Act.PEOPLE_READ if actor.may_somewhere(Act.PEOPLE_READ) else act
    row = groups_in_reach(actor, sees).select_related("customer").filter(pk=group_id).first()
    if row is None:
        said = Sentence("there is no group {id}", id=group_id)
        raise BadInput("group", said, Sentence("See the list of groups."), code="unknown")
    require(actor, act, Place(row.customer.name) if row.customer else HOST)
    return row


def customer_of(account: Account) -> str:
    """The one customer within whom all of this account's grants lie; "" for everybody else (the host's)."""
    through = RoleGrant.objects.filter(group__members=account)
    rows = (RoleGrant.objects.filter(account=account) | through).distinct()
    held = rows.values_list("customer__name", "domain__customer__name", "mailbox__domain__customer__name")
    names = {next((name for name in row if name), "") for row in held}
    names |= {name or "" for name in account.groups.values_list("customer__name", flat=True)}
    return names.pop() if len(names) == 1 else ""


@contextmanager
def keeping_a_provider() -> Iterator[None]:
    """What happens in here happens as a whole, and not at all when it would leave nobody who reaches the host and can sign
    in. One at a time, so that two who close each other are not both let through."""
    with transaction.atomic():
        chain.hold()
        before = _providers().exists()
        yield
        if before and not _providers().exists():
            said = Sentence("nobody could get in any more: this is the last provider")
            remedy = Sentence("Invite another provider first, and wait until they have chosen a password.")
            raise NotPossible(said, remedy, code="last-provider")


def _providers() -> QuerySet[Account]:
    grants = RoleGrant.objects.filter(role=PersonRole.PROVIDER, customer=None, domain=None, mailbox=None)
    holders = Q(pk__in=grants.filter(group=None).values("account")) | Q(
        pk__in=_Members.objects.filter(group__in=grants.filter(account=None).values("group")).values("account")
    )
    return Account.objects.filter(holders, is_active=True).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)


def _place(actor: Actor, act: Act) -> Place:
    """Somewhere that this person may do this, when there is such a place: freshness is asked there."""
    own = own_customers(actor, act)
    return HOST if actor.may(act) or not own else Place(own[0])


def _wholly_of(customers: Iterable[str]) -> QuerySet[Account]:
    names = list(customers)
    within = (
        Q(customer__name__in=names) | Q(domain__customer__name__in=names) | Q(mailbox__domain__customer__name__in=names)
    )
    own = RoleGrant.objects.filter(group=None)
    inside = own.filter(within)
    outside = own.exclude(pk__in=inside.values("pk"))
    member = _Members.objects.filter(group__customer__name__in=names)
    elsewhere = _Members.objects.exclude(pk__in=member.values("pk"))
    found = Account.objects.filter(Q(pk__in=inside.values("account")) | Q(pk__in=member.values("account")))
    return found.exclude(Q(pk__in=outside.values("account")) | Q(pk__in=elsewhere.values("account")))
