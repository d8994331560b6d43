"""Customers and their domains."""

from django.db import transaction
from django.db.models import Count

from mailward.actions.office import Asked, Office
from mailward.actions.rows import CustomerRow, DomainRow
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.model.settings import OWN_TOP_LEVEL
from mailward.standards.hostname import parse_domain
from mailward.store import records
from mailward.store.models import Customer, Domain

LONGEST_DOMAIN = 220
"""Characters. Names of 253 lie under it (_autodiscover._tcp., RFC 1035 section 2.3.4), and files of 255 bytes are named
after it, with the kind, the number and the ending of a certificate."""


def list_customers(office: Office) -> tuple[CustomerRow, ...]:
    rows = Customer.objects.annotate(held=Count("domains")).order_by("name")
    return tuple(CustomerRow(row.name, row.held) for row in rows)


@transaction.atomic
def add_customer(office: Office, actor: Actor, name: str) -> CustomerRow:
    clean = _customer_name(name)
    if Customer.objects.filter(name=clean).exists():
        raise BadInput("customer", Sentence("there is a customer {name} already", name=clean), code="already-held")
    Customer.objects.create(name=clean)
    records.tell(actor, "customer.added", clean, office.clock.now())
    return CustomerRow(clean, 0)


def list_domains(office: Office, customer: str | None = None) -> tuple[DomainRow, ...]:
    rows = Domain.objects.select_related("customer").annotate(boxes=Count("mailboxes")).order_by("name")
    if customer is not None:
        rows = rows.filter(customer__name=customer)
    return tuple(DomainRow(r.name, r.customer.name, r.webmail_lineage_id, r.mail_lineage_id, r.boxes) for r in rows)


@transaction.atomic
def add_domain(office: Office, actor: Actor, name: str, customer: str | None = None) -> Asked:
    """Take a domain in: mail for it is delivered here, its zone and its clients' settings are published.

    A domain is held once, and never under a domain that another customer holds (B7).
    """
    domain = parse_domain(name, "domain")
    if len(domain) > LONGEST_DOMAIN:
        said = Sentence("{domain} is too long for the names that mail clients look up under it", domain=domain)
        remedy = Sentence("Use at most {most} characters.", most=LONGEST_DOMAIN)
        raise BadInput("domain", said, remedy, code="name-too-long")
    owner = _customer_name(customer) if customer else domain
    _refuse_taken(domain, owner, office)
    holder, _ = Customer.objects.get_or_create(name=owner)
    Domain.objects.create(name=domain, customer=holder)
    now = office.clock.now()
    records.tell(actor, "domain.added", domain, now, customer=owner)
    return Asked(records.ask(RunKind.DIRECTORY, domain, {"domains": [domain], "addresses": []}, actor, now).pk)


def _customer_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > 120 or not clean.isprintable():
        raise BadInput("customer", Sentence("a customer's name has 1 to 120 printable characters"))
    return clean


def _refuse_taken(domain: str, owner: str, office: Office) -> None:
    if Domain.objects.filter(name=domain).exists():
        said = Sentence("{domain} is already held here", domain=domain)
        raise BadInput("domain", said, Sentence("See: mailward domain list"), code="already-held")
    if domain == office.settings.hostname:
        said = Sentence("{domain} is this server's own name", domain=domain)
        raise BadInput("domain", said, Sentence("Mail domains need a name of their own."), code="server-name")
    if domain.rsplit(".", maxsplit=1)[-1] == OWN_TOP_LEVEL:
        said = Sentence("{domain} ends in a name that Mailward keeps for itself", domain=domain)
        raise BadInput("domain", said, Sentence("Mail domains need a name of their own."), code="reserved")
    labels = domain.split(".")
    parents = [".".join(labels[i:]) for i in range(1, len(labels))]
    for parent in Domain.objects.filter(name__in=parents).select_related("customer"):
        if parent.customer.name != owner:
            said = Sentence("{domain} lies under {parent}, which another customer holds", domain=domain, parent=parent.name)
            remedy = Sentence("Only the holder of {parent} can add it.", parent=parent.name)
            raise BadInput("domain", said, remedy, code="under-another-customer")


@transaction.atomic
def remove_domain(office: Office, actor: Actor, name: str) -> Asked:
    """Stop holding a domain: nothing is accepted for it any more. Its mail stays on disk; its certificates are kept."""
    domain = get_domain(name)
    addresses = [box.address for box in domain.mailboxes.all()] + [alias.address for alias in domain.aliases.all()]
    if domain.webmail_lineage_id or domain.mail_lineage_id:
        said = Sentence("{domain} still serves a certificate of its own", domain=domain.name)
        remedy = Sentence("First: mailward secure {domain} --webmail self-signed --mail self-signed", domain=domain.name)
        raise BadInput("domain", said, remedy, code="in-use")
    now = office.clock.now()
    domain.lineages.update(domain=None, renew_at=None, retry_at=None)  # nobody needs their successors
    shown = domain.name
    domain.delete()
    records.tell(actor, "domain.removed", shown, now, addresses=len(addresses))
    request = {"domains": [shown], "addresses": addresses}
    return Asked(records.ask(RunKind.DIRECTORY, shown, request, actor, now).pk)


def get_domain(name: str) -> Domain:
    """The domain row that a person means. Raises BadInput when there is none."""
    domain = Domain.objects.filter(name=parse_domain(name, "domain")).first()
    if domain is None:
        said = Sentence("{domain} is not held here", domain=name)
        raise BadInput("domain", said, Sentence("Add it with: mailward domain add {domain}", domain=name), code="unknown")
    return domain
