"""Giving and taking roles. Nobody gives more than they hold: which roles, says ``model.rights.GIVES``; where, the reach of
their own grant; and a token that is narrowed to some acts gives no role that allows others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from mailward.actions.office import Office
from mailward.actions.people import fresh_row
from mailward.actions.people_reach import account_for, customer_of, keeping_a_provider, own_customers
from mailward.actions.people_rows import PersonRow, RoleOffer
from mailward.actions.permission import domain_for, mailbox_for, place_of, place_of_mailbox, require
from mailward.model.errors import BadInput, Forbidden
from mailward.model.people import Actor
from mailward.model.rights import GIVES, HOST, REACHES, RIGHTS, Act, Grant, PersonRole, Place, Reach
from mailward.model.sentence import Sentence
from mailward.store import records
from mailward.store.models import Account, Customer, Domain, Mailbox, RoleGrant

if TYPE_CHECKING:
    from mailward.store.models import Group


@dataclass(frozen=True)
class Tied:
    """A grant with the rows it is tied to, and where they lie. Made by ``may_give`` alone."""

    grant: Grant
    place: Place
    customer: Customer | None = None
    domain: Domain | None = None
    mailbox: Mailbox | None = None

    def row(self) -> RoleGrant:
        return RoleGrant(role=self.grant.role, customer=self.customer, domain=self.domain, mailbox=self.mailbox)

    def same(self) -> Q:
        return Q(role=self.grant.role, customer=self.customer, domain=self.domain, mailbox=self.mailbox)


def roles_to_give(office: Office, actor: Actor) -> tuple[RoleOffer, ...]:
    """What a form offers: each role that this person may give somewhere, and what it may be tied to by them."""
    if not actor.may_somewhere(Act.ROLES_CHANGE):
        return ()
    places = [HOST] if actor.may(Act.ROLES_CHANGE) else [Place(name) for name in own_customers(actor, Act.ROLES_CHANGE)]
    within = {reach for reach in Reach if reach is not Reach.HOST or HOST in places}
    offered = []
    for role in PersonRole:
        reaches = tuple(reach for reach in REACHES[role] if reach in within)
        if reaches and any(_gives(actor, role, place) for place in places):
            offered.append(RoleOffer(role, reaches))
    return tuple(offered)


def grant_role(office: Office, actor: Actor, account_id: int, grant: Grant) -> PersonRow:
    """Give somebody a role. Raises Forbidden for one that this person may not give."""
    account = account_for(actor, Act.ROLES_CHANGE, account_id)
    tied = may_give(actor, grant)
    give(office, actor, account, tied)
    return fresh_row(account)


def withdraw_role(office: Office, actor: Actor, account_id: int, grant_id: int) -> PersonRow:
    """Take a role that was given to this account itself. The last provider keeps theirs; a customer's people keep one."""
    account = account_for(actor, Act.ROLES_CHANGE, account_id)
    row = find_grant(grant_id, account.grants.filter(pk=grant_id).first())
    grant = may_take(actor, row)
    customer = customer_of(account)
    with keeping_a_provider():
        row.delete()
        if not actor.may(Act.ROLES_CHANGE) and not account.grants.exists() and not account.groups.exists():
            said = Sentence("{email} would hold nothing any more", email=account.email)
            raise BadInput("role", said, Sentence("Close the account instead."), code="only-role")
        _tell(office, actor, "role.withdrawn", account.email, grant, customer)
    return fresh_row(account)


@transaction.atomic
def give(office: Office, actor: Actor, holder: "Account | Group", tied: Tied) -> None:
    """Write the grant down. ``tied`` says that it may be given."""
    if holder.grants.filter(tied.same()).exists():
        said = Sentence("{holder} holds this role already", holder=holder)
        raise BadInput("role", said, code="already-held")
    row = tied.row()
    if isinstance(holder, Account):
        row.account = holder
    else:
        row.group = holder
    row.save(force_insert=True)
    _tell(office, actor, "role.granted", str(holder), tied.grant, tied.place.customer or "")


def may_give(actor: Actor, grant: Grant) -> Tied:
    """The rows that ``grant`` is tied to. Raises BadInput for what isn't in reach or doesn't fit the role, Forbidden for a
    role that this person may not give there."""
    if grant.reach not in REACHES[grant.role]:
        fits = ", ".join(reach.value for reach in REACHES[grant.role])
        said = Sentence("the role {role} can't be tied to this", role=grant.role.value)
        raise BadInput("role", said, Sentence("It can be tied to: {fits}.", fits=fits), code="role-reach")
    tied = _tied(actor, grant)
    require(actor, Act.ROLES_CHANGE, tied.place)
    if not _gives(actor, grant.role, tied.place):
        said = Sentence("{name} may not give the role {role} here", name=actor.name, role=grant.role.value)
        raise Forbidden(said, Sentence("Ask your provider to give it."), code="forbidden")
    return tied


def may_take(actor: Actor, row: RoleGrant) -> Grant:
    """Who may give a role may take it."""
    grant = Grant(
        PersonRole(row.role),
        row.customer.name if row.customer else None,
        row.domain.name if row.domain else None,
        row.mailbox.address if row.mailbox else None,
    )
    may_give(actor, grant)
    return grant


def find_grant(grant_id: int, row: RoleGrant | None) -> RoleGrant:
    if row is None:
        raise BadInput("role", Sentence("there is no such role to take ({id})", id=grant_id), code="unknown")
    return row


def _tied(actor: Actor, grant: Grant) -> Tied:
    if sum(one is not None for one in (grant.customer, grant.domain, grant.mailbox)) > 1:
        raise BadInput("role", Sentence("a role is tied to a customer, a domain or a mailbox, not to several"))
    if grant.mailbox is not None:
        box = mailbox_for(actor, Act.ROLES_CHANGE, grant.mailbox)
        return Tied(grant, place_of_mailbox(box), mailbox=box)
    if grant.domain is not None:
        domain = domain_for(actor, Act.ROLES_CHANGE, grant.domain)
        return Tied(grant, place_of(domain), domain=domain)
    if grant.customer is None:
        return Tied(grant, HOST)
    customer = Customer.objects.filter(name=grant.customer).first()
    if customer is None or not any(one.covers(Place(grant.customer)) for one in actor.grants):
        said = Sentence("there is no customer {customer}", customer=grant.customer)
        raise BadInput("customer", said, Sentence("See: mailward customer list"), code="unknown")
    return Tied(grant, Place(customer.name), customer=customer)


def _gives(actor: Actor, role: PersonRole, place: Place) -> bool:
    if actor.limits.acts is not None and not RIGHTS[role] <= actor.limits.acts:
        return False
    holding = [one for one in actor.grants if one.allows(Act.ROLES_CHANGE) and one.covers(place)]
    return any(role in GIVES.get(one.role, frozenset()) for one in holding)


def _tell(office: Office, actor: Actor, what: str, holder: str, grant: Grant, customer: str) -> None:
    where = grant.mailbox or grant.domain or grant.customer or ""
    now = office.clock.now()
    records.tell(actor, what, holder, now, customer=customer, role=grant.role.value, reach=grant.reach.value, where=where)
