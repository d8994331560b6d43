"""Who may do what, decided here for every face. Nothing else in Mailward compares roles.

Each action asks ``require`` before it looks at anything. An object out of reach is answered like one that doesn't exist,
so that nobody learns what others hold.
"""

from django.db.models import Q, QuerySet

from mailward.model.errors import BadInput, Forbidden, NeedsSecondFactor
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import DANGEROUS, HOST, READS, Act, Place
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_domain
from mailward.standards.mail_address import parse_address
from mailward.store.models import Customer, Domain, Lineage, Mailbox


def require(actor: Actor, act: Act, place: Place = HOST) -> None:
    """Raises Forbidden, or NeedsSecondFactor for a dangerous act of somebody who showed none lately."""
    if not actor.may(act, place):
        said = Sentence("{name} has no right to this ({act})", name=actor.name, act=act.value)
        raise Forbidden(said, Sentence("Ask your provider for a role that allows it."), code="forbidden")
    _require_fresh(actor, act)


def require_somewhere(actor: Actor, act: Act) -> None:
    """For lists, which then show only what is in reach."""
    if not actor.may_somewhere(act):
        said = Sentence("{name} has no right to this ({act})", name=actor.name, act=act.value)
        raise Forbidden(said, Sentence("Ask your provider for a role that allows it."), code="forbidden")


def _require_fresh(actor: Actor, act: Act) -> None:
    if act in DANGEROUS and not actor.is_fresh:
        said = Sentence("this asks for your second factor, shown just now")
        raise NeedsSecondFactor(said, Sentence("Confirm it is you, then ask again."), code="needs-second-factor")


def place_of(domain: Domain) -> Place:
    return Place(domain.customer.name, domain.name)


def place_of_mailbox(mailbox: Mailbox) -> Place:
    return Place(mailbox.domain.customer.name, mailbox.domain.name, mailbox.address)


def domain_for(actor: Actor, act: Act, name: str) -> Domain:
    """The domain row that a person means and may do this with. Raises BadInput when there is none in reach; Forbidden when
    it can be seen, and this can't be done with it."""
    clean = parse_domain(name, "domain")
    domain = Domain.objects.select_related("customer").filter(name=clean).first()
    if domain is None or not _can_see(actor, act, place_of(domain), Act.DOMAINS_READ):
        said = Sentence("{domain} is not held here", domain=clean)
        raise BadInput("domain", said, Sentence("Add it with: mailward domain add {domain}", domain=clean), code="unknown")
    require(actor, act, place_of(domain))
    return domain


def scope_for(actor: Actor, act: Act, scope: str) -> Domain | None:
    """The domain that a person means, as ``domain_for`` has it. None for "server", which asks for rights of its own."""
    if scope == SERVER:
        require(actor, _of_server(act))
        return None
    return domain_for(actor, act, scope)


def _of_server(act: Act) -> Act:
    return Act.SERVER_READ if act in READS else Act.SERVER_CHANGE


def lineage_for(actor: Actor, act: Act, lineage_id: str) -> Lineage:
    """The lineage that a person means and may do this with. Raises as ``domain_for`` does; of no domain: the host's."""
    row = Lineage.objects.select_related("domain__customer").filter(pk=lineage_id).first()
    domain = row.domain if row is not None else None
    place, needed, read = HOST, _of_server(act), Act.SERVER_READ
    if domain is not None:
        place, needed, read = place_of(domain), act, Act.CERTIFICATES_READ
    if row is None or not _can_see(actor, needed, place, read):
        said = Sentence("there is no certificate {id}", id=lineage_id)
        raise BadInput("certificate", said, Sentence("See: mailward certificate list"), code="unknown")
    require(actor, needed, place)
    return row


def mailbox_for(actor: Actor, act: Act, address: str) -> Mailbox:
    """The mailbox row that a person means and may do this with. Raises as ``domain_for`` does."""
    parsed = parse_address(address)
    rows = Mailbox.objects.select_related("domain__customer")
    box = rows.filter(local_part=parsed.local_part, domain__name=parsed.domain).first()
    if box is None or not _can_see(actor, act, place_of_mailbox(box), Act.MAILBOXES_READ):
        said = Sentence("there is no mailbox {address}", address=parsed)
        raise BadInput("address", said, Sentence("See: mailward mailbox list"), code="unknown")
    require(actor, act, place_of_mailbox(box))
    return box


def _can_see(actor: Actor, act: Act, place: Place, read: Act) -> bool:
    """Whether it exists for this person: some grant that reaches it allows ``act``, or at least to look (``read``). A token
    that is narrowed to other acts still sees it, one that is narrowed to other domains does not."""
    if actor.limits.domains is not None and place.domain not in actor.limits.domains:
        return False
    return any(grant.covers(place) and (grant.allows(act) or grant.allows(read)) for grant in actor.grants)


def domains_in_reach(actor: Actor, act: Act) -> QuerySet[Domain]:
    """Every domain with which this person may do this."""
    require_somewhere(actor, act)
    rows = Domain.objects.all()
    if actor.limits.domains is not None:
        rows = rows.filter(name__in=actor.limits.domains)
    grants = [grant for grant in actor.grants if grant.allows(act)]
    if any(grant.covers(HOST) for grant in grants):
        return rows
    reach = Q(pk__in=[])
    for grant in grants:
        if grant.mailbox is None:
            reach |= Q(name=grant.domain) if grant.domain else Q(customer__name=grant.customer)
    return rows.filter(reach)


def mailboxes_in_reach(actor: Actor, act: Act) -> QuerySet[Mailbox]:
    """Every mailbox with which this person may do this."""
    require_somewhere(actor, act)
    if actor.may(act) and actor.limits.domains is None:
        return Mailbox.objects.all()
    reach = Q(domain__in=domains_in_reach(actor, act))
    for grant in actor.grants:
        if grant.allows(act) and grant.mailbox is not None:
            local, _, domain = grant.mailbox.rpartition("@")
            reach |= Q(local_part=local, domain__name=domain)
    rows = Mailbox.objects.filter(reach)
    return rows if actor.limits.domains is None else rows.filter(domain__name__in=actor.limits.domains)


def customers_in_reach(actor: Actor, act: Act) -> QuerySet[Customer]:
    """Every customer with whom this person may do this."""
    require_somewhere(actor, act)
    if actor.may(act):
        return Customer.objects.all()
    names = [grant.customer for grant in actor.grants if grant.allows(act) and grant.customer is not None]
    return Customer.objects.filter(name__in=names) if actor.limits.domains is None else Customer.objects.none()
