"""Groups: people who share roles. A group belongs to a customer, or to the provider; a customer's group holds the
customer's people and roles alone."""

from typing import Any

from django.db import transaction

from mailward.actions.office import Office
from mailward.actions.paging import page
from mailward.actions.people import grant_row
from mailward.actions.people_reach import account_for, group_for, groups_in_reach, keeping_a_provider
from mailward.actions.people_rows import GroupRow, MemberRow
from mailward.actions.permission import customers_in_reach, require
from mailward.actions.roles import find_grant, give, may_give, may_take
from mailward.actions.rows import Listed
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act, Grant
from mailward.model.sentence import Sentence
from mailward.store import records
from mailward.store.models import Customer, Group

LONGEST_NAME = 120


def list_groups(
    office: Office, actor: Actor, *, search: str = "", offset: int = 0, limit: int | None = None
) -> Listed[GroupRow]:
    """The groups in reach, by name."""
    found = groups_in_reach(actor, Act.PEOPLE_READ).filter(name__icontains=search)
    whole = found.select_related("customer").prefetch_related(
        "members", "grants__customer", "grants__domain", "grants__mailbox__domain"
    )
    rows, total = page(whole.order_by("name", "customer__name"), offset, limit)
    return Listed(tuple(_row(row) for row in rows), total)


def show_group(office: Office, actor: Actor, group_id: int) -> GroupRow:
    return _row(group_for(actor, Act.PEOPLE_READ, group_id))


@transaction.atomic
def add_group(office: Office, actor: Actor, name: str, customer: str | None = None) -> GroupRow:
    """An empty group of this customer's people, or (None) of the provider's own."""
    owner = _customer(actor, customer)
    clean = _free_name(name, owner)
    row = Group.objects.create(name=clean, customer=owner)
    _tell(office, actor, "group.added", row)
    return _row(row)


@transaction.atomic
def rename_group(office: Office, actor: Actor, group_id: int, name: str) -> GroupRow:
    row = group_for(actor, Act.PEOPLE_CHANGE, group_id)
    before, row.name = row.name, _free_name(name, row.customer, but=row.pk)
    row.save(update_fields=["name"])
    _tell(office, actor, "group.renamed", row, before=before)
    return _row(row)


def remove_group(office: Office, actor: Actor, group_id: int) -> None:
    """Its members keep their accounts, and lose the roles that they had through it."""
    row = group_for(actor, Act.ROLES_CHANGE, group_id)
    with keeping_a_provider():
        _tell(office, actor, "group.removed", row, members=row.members.count())
        row.delete()


def add_member(office: Office, actor: Actor, group_id: int, account_id: int) -> GroupRow:
    """Who joins holds the group's roles: it takes the right to give each of them, and to the account itself."""
    row = group_for(actor, Act.ROLES_CHANGE, group_id)
    account = account_for(actor, Act.ROLES_CHANGE, account_id)
    for grant in row.grants.select_related("customer", "domain", "mailbox__domain"):
        may_take(actor, grant)
    with transaction.atomic():
        if not row.members.filter(pk=account.pk).exists():
            row.members.add(account)
            _tell(office, actor, "group.joined", row, member=account.email)
    return _row(row)


def remove_member(office: Office, actor: Actor, group_id: int, account_id: int) -> GroupRow:
    """They keep what they hold by themselves or through other groups."""
    row = group_for(actor, Act.ROLES_CHANGE, group_id)
    account = account_for(actor, Act.ROLES_CHANGE, account_id)
    with keeping_a_provider():
        if row.members.filter(pk=account.pk).exists():
            row.members.remove(account)
            _tell(office, actor, "group.left", row, member=account.email)
    return _row(row)


def grant_to_group(office: Office, actor: Actor, group_id: int, grant: Grant) -> GroupRow:
    """Give all members a role. A customer's group holds nothing outside that customer."""
    row = group_for(actor, Act.ROLES_CHANGE, group_id)
    tied = may_give(actor, grant)
    if row.customer is not None and tied.place.customer != row.customer.name:
        said = Sentence("this group belongs to {customer}: it can't hold a role elsewhere", customer=row.customer)
        raise BadInput("role", said, Sentence("Use a group of the provider's own people."), code="role-reach")
    give(office, actor, row, tied)
    return _row(row)


def withdraw_from_group(office: Office, actor: Actor, group_id: int, grant_id: int) -> GroupRow:
    row = group_for(actor, Act.ROLES_CHANGE, group_id)
    grant = find_grant(grant_id, row.grants.filter(pk=grant_id).first())
    taken = may_take(actor, grant)
    with keeping_a_provider():
        grant.delete()
        _tell(office, actor, "role.withdrawn", row, role=taken.role.value)
    return _row(row)


def _customer(actor: Actor, name: str | None) -> Customer | None:
    if name is None:
        require(actor, Act.PEOPLE_CHANGE, HOST)
        return None
    row = customers_in_reach(actor, Act.PEOPLE_CHANGE).filter(name=name).first()
    if row is None:
        said = Sentence("there is no customer {customer}", customer=name)
        raise BadInput("customer", said, Sentence("See: mailward customer list"), code="unknown")
    return row


def _free_name(name: str, customer: Customer | None, but: int = 0) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        raise BadInput("name", Sentence("a name has 1 to {most} characters, none of them invisible", most=LONGEST_NAME))
    if Group.objects.filter(name=clean, customer=customer).exclude(pk=but).exists():
        raise BadInput("name", Sentence("there is a group {name} already", name=clean), code="already-held")
    return clean


def _row(row: Group) -> GroupRow:
    members = tuple(MemberRow(one.pk, one.email) for one in sorted(row.members.all(), key=lambda one: one.email))
    customer = row.customer.name if row.customer else None
    return GroupRow(row.pk, row.name, customer, members, tuple(grant_row(one) for one in row.grants.all()))


def _tell(office: Office, actor: Actor, what: str, row: Group, **detail: Any) -> None:
    customer = row.customer.name if row.customer else ""
    records.tell(actor, what, row.name, office.clock.now(), customer=customer, **detail)
