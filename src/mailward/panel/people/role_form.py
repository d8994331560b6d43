"""The part of a form in which a role is given: which role, and the customer, domain or mailbox that it is tied to."""

from dataclasses import dataclass

from django.http import HttpRequest

from mailward.actions.domains import list_customers, list_domains
from mailward.actions.people_rows import GrantRow
from mailward.actions.roles import roles_to_give
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import SPOKEN_ROLES, Act, Grant, PersonRole, Reach
from mailward.model.sentence import Sentence
from mailward.panel.people.words import REACHES
from mailward.web.office import office

MOST_NAMED = 200  # customers and domains that are offered while one types


@dataclass(frozen=True)
class Offer:
    """One line of the choice: ``mail-administrator/domain``."""

    value: str
    role: Sentence
    reach: Sentence


@dataclass(frozen=True)
class RoleForm:
    """What is offered, and what was typed."""

    offers: tuple[Offer, ...]
    places: tuple[str, ...]
    chosen: str = ""
    where: str = ""


@dataclass(frozen=True)
class Held:
    """A role that somebody holds, in words."""

    id: int
    role: Sentence
    where: Sentence | str
    group: str


def role_form(request: HttpRequest, actor: Actor) -> RoleForm | None:
    """None for who may give no role."""
    offers = tuple(
        Offer(f"{offer.role.value}/{reach.value}", SPOKEN_ROLES[offer.role], REACHES[reach])
        for offer in roles_to_give(office(), actor)
        for reach in offer.reaches
    )
    if not offers:
        return None
    return RoleForm(offers, _places(actor), request.POST.get("role", ""), request.POST.get("where", "").strip())


def chosen_grant(request: HttpRequest, actor: Actor) -> Grant:
    """The grant that was typed. Raises BadInput; whether it may be given, the action says."""
    word, _, tied = request.POST.get("role", "").partition("/")
    if word not in list(PersonRole) or tied not in list(Reach):
        raise BadInput("role", Sentence("choose a role"))
    role, reach, where = PersonRole(word), Reach(tied), request.POST.get("where", "").strip()
    if reach is Reach.HOST:
        return Grant(role)
    if not where and reach is Reach.CUSTOMER:
        where = _only_customer(actor)
    if not where:
        said = Sentence("this role is tied to a customer, a domain or a mailbox")
        raise BadInput("where", said, Sentence("Write which one."))
    if reach is Reach.CUSTOMER:
        return Grant(role, customer=where)
    return Grant(role, domain=where.lower()) if reach is Reach.DOMAIN else Grant(role, mailbox=where.lower())


def held(row: GrantRow) -> Held:
    where: Sentence | str = row.mailbox or row.domain or row.customer or REACHES[Reach.HOST]
    return Held(row.id, SPOKEN_ROLES[row.role], where, row.group)


def _places(actor: Actor) -> tuple[str, ...]:
    found: list[str] = []
    if actor.may_somewhere(Act.CUSTOMERS_READ):
        found += [row.name for row in list_customers(office(), actor, limit=MOST_NAMED)]
    if actor.may_somewhere(Act.DOMAINS_READ):
        found += [row.name for row in list_domains(office(), actor, limit=MOST_NAMED)]
    return tuple(found)


def _only_customer(actor: Actor) -> str:
    """Of who is a customer's, the customer need not be named."""
    names = {grant.customer for grant in actor.grants if grant.customer is not None}
    return names.pop() if len(names) == 1 and not actor.holds_host else ""
