"""Customers and their domains."""

from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from mailward.actions import permission
from mailward.actions.office import Asked, Office
from mailward.actions.paging import page
from mailward.actions.proving import ask_for_proof
from mailward.actions.refused_names import refuse
from mailward.actions.rows import CustomerRow, DomainRow, Listed
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act, Place
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_domain
from mailward.store import name_forms, records
from mailward.store.models import Customer, Domain, Mailbox
from mailward.store.zone_secret import forget_home

LONGEST_DOMAIN = 220
"""Characters. Names of 253 lie under it (_autodiscover._tcp., RFC 1035 section 2.3.4), and files of 255 bytes are named
after it, with the kind, the number and the ending of a certificate."""


DOMAIN_SORTS = {"name": "name", "-name": "-name", "customer": "customer__name", "-customer": "-customer__name"}


def list_customers(
    office: Office, actor: Actor, *, search: str = "", offset: int = 0, limit: int | None = None
) -> Listed[CustomerRow]:
    """The customers in reach, by name."""
    found = permission.customers_in_reach(actor, Act.CUSTOMERS_READ)
    if search:
        found = found.filter(name__icontains=search)
    rows, total = page(found.annotate(held=Count("domains")).order_by("name"), offset, limit)
    return Listed(tuple(CustomerRow(row.name, vars(row)["held"]) for row in rows), total)


@transaction.atomic
def add_customer(office: Office, actor: Actor, name: str) -> CustomerRow:
    permission.require(actor, Act.CUSTOMERS_CHANGE)
    clean = _customer_name(name)
    if Customer.objects.filter(name=clean).exists():
        raise BadInput("customer", Sentence("there is a customer {name} already", name=clean), code="already-held")
    Customer.objects.create(name=clean)
    records.tell(actor, "customer.added", clean, office.clock.now(), customer=clean)
    return CustomerRow(clean, 0)


def list_domains(
    office: Office,
    actor: Actor,
    customer: str | None = None,
    *,
    search: str = "",
    sort: str = "name",
    offset: int = 0,
    limit: int | None = None,
) -> Listed[DomainRow]:
    """The domains in reach, of one customer or all. ``sort`` is one of DOMAIN_SORTS."""
    found = permission.domains_in_reach(actor, Act.DOMAINS_READ)
    if customer is not None:
        found = found.filter(customer__name=customer)
    if search:
        found = found.filter(Q(name__icontains=search) | Q(customer__name__icontains=search))
    boxes = Mailbox.objects.filter(domain=OuterRef("pk")).order_by().values("domain").annotate(n=Count("pk")).values("n")
    found = found.select_related("customer").annotate(boxes=Coalesce(Subquery(boxes), 0))
    rows, total = page(found.order_by(DOMAIN_SORTS.get(sort, "name"), "name"), offset, limit)
    shown = (DomainRow(r.name, r.customer.name, r.webmail_lineage_id, r.mail_lineage_id, vars(r)["boxes"]) for r in rows)
    return Listed(tuple(shown), total)


def show_domain(office: Office, actor: Actor, name: str) -> DomainRow:
    domain = permission.domain_for(actor, Act.DOMAINS_READ, name)
    boxes = domain.mailboxes.count()
    return DomainRow(domain.name, domain.customer.name, domain.webmail_lineage_id, domain.mail_lineage_id, boxes)


@transaction.atomic
def add_domain(office: Office, actor: Actor, name: str, customer: str | None = None, *, confirmed: bool = False) -> Asked:
    """Take a domain in: its zone and its clients' settings are published, and mail for it is delivered here; of a customer,
    as soon as control of it is shown (docs/decisions/proof-of-control.md).

    A domain is held once. What lies under or above another customer's, or can be taken for something else, is a provider's
    to add (B7, B8), who must say that it is meant (``confirmed``). Customers add to what is their own.
    """
    permission.require_somewhere(actor, Act.DOMAINS_ADD)
    domain = parse_domain(name, "domain")
    if len(domain) > LONGEST_DOMAIN:
        said = Sentence("{domain} is too long for the names that mail clients look up under it", domain=domain)
        remedy = Sentence("Use at most {most} characters.", most=LONGEST_DOMAIN)
        raise BadInput("domain", said, remedy, code="name-too-long")
    owner = _owner(actor, domain, _customer_name(customer) if customer else None)
    refuse(domain, owner, office=office, actor=actor, confirmed=confirmed)
    holder, _ = Customer.objects.get_or_create(name=owner)
    forget_home(domain, office.settings.hostname)
    row = Domain.objects.create(name=domain, customer=holder)
    name_forms.remember([row], office.suffixes().registered)
    now = office.clock.now()
    if not actor.may(Act.DOMAINS_ADD, HOST):
        ask_for_proof(row, now)
    records.tell(actor, "domain.added", domain, now, domain=domain, customer=owner)
    request = {"domains": [domain], "addresses": []}
    return Asked(records.ask(RunKind.DIRECTORY, domain, request, actor, now, domain=domain).pk)


def _owner(actor: Actor, domain: str, named: str | None) -> str:
    """Whose it will be: who was named; else the domain's own new customer for a provider, the only one of a customer."""
    act = Act.DOMAINS_ADD
    if any(grant.allows(act) and grant.covers(HOST) for grant in actor.grants):
        owner = named or domain
    else:
        own = sorted({grant.customer for grant in actor.grants if grant.allows(act) and grant.customer is not None})
        if named is not None and named not in own:
            said = Sentence("there is no customer {name}", name=named)
            raise BadInput("customer", said, Sentence("See: mailward customer list"), code="unknown")
        if named is None and len(own) != 1:
            said = Sentence("it is not clear whose {domain} will be", domain=domain)
            raise BadInput("customer", said, Sentence("Name one of: {names}.", names=", ".join(own)), code="nothing-named")
        owner = named or own[0]
    permission.require(actor, act, Place(owner, domain))
    return owner


def _customer_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > 120 or not clean.isprintable():
        raise BadInput("customer", Sentence("a customer's name has 1 to 120 printable characters"))
    return clean


@transaction.atomic
def remove_domain(office: Office, actor: Actor, name: str) -> Asked:
    """Stop holding a domain: nothing is accepted for it any more. Its mail stays on disk; its certificates are kept."""
    domain = permission.domain_for(actor, Act.DOMAINS_REMOVE, name)
    addresses = [box.address for box in domain.mailboxes.all()] + [alias.address for alias in domain.aliases.all()]
    if domain.webmail_lineage_id or domain.mail_lineage_id:
        said = Sentence("{domain} still serves a certificate of its own", domain=domain.name)
        remedy = Sentence("First: mailward secure {domain} --webmail self-signed --mail self-signed", domain=domain.name)
        raise BadInput("domain", said, remedy, code="in-use")
    now = office.clock.now()
    domain.lineages.update(domain=None, renew_at=None, retry_at=None)  # nobody needs their successors
    shown, customer = domain.name, domain.customer.name
    domain.delete()
    records.tell(actor, "domain.removed", shown, now, domain=shown, customer=customer, addresses=len(addresses))
    request = {"domains": [shown], "addresses": addresses}
    return Asked(records.ask(RunKind.DIRECTORY, shown, request, actor, now, domain=shown).pk)
