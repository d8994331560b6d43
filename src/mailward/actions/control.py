"""Showing that a domain is one's own: what to publish, having the steward look now, and the provider's word for it."""

from django.db import transaction

from mailward.actions import permission
from mailward.actions.office import Asked, Office
from mailward.actions.proving import control
from mailward.actions.refused_names import Doubt, doubts
from mailward.model.errors import BadInput
from mailward.model.names import Control, ProofBy
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind, RunState
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_domain
from mailward.store import records
from mailward.store.control import publish_again
from mailward.store.models import ControlProof, Domain, Run


def show_control(office: Office, actor: Actor, name: str) -> Control:
    """How the proof stands, and what to publish."""
    domain = permission.domain_for(actor, Act.DOMAINS_READ, name)
    return control(domain, ControlProof.objects.filter(domain=domain).first(), office.settings.hostname)


@transaction.atomic
def request_control(office: Office, actor: Actor, name: str) -> Asked:
    """Look for the proof in DNS, now. Asked again while it waits, it is the same look."""
    domain = permission.domain_for(actor, Act.DNS_CHANGE, name)
    if not ControlProof.objects.filter(domain=domain, proven_at=None).exists():
        said = Sentence("control of {domain} is shown", domain=domain.name)
        raise BadInput("domain", said, Sentence("There is nothing left to do."), code="proven")
    waiting = Run.objects.filter(
        kind=RunKind.CONTROL, domain=domain.name, state__in=[RunState.WAITING, RunState.RUNNING]
    ).first()
    if waiting is not None:
        return Asked(waiting.pk)
    request = {"domain": domain.name}
    return Asked(records.ask(RunKind.CONTROL, domain.name, request, actor, office.clock.now(), domain=domain.name).pk)


@transaction.atomic
def vouch(office: Office, actor: Actor, name: str) -> Asked:
    """The provider's word that the domain is its customer's: it counts as proven."""
    domain = permission.domain_for(actor, Act.DOMAINS_READ, name)
    permission.require(actor, Act.SERVER_CHANGE)
    proof = ControlProof.objects.filter(domain=domain, proven_at=None).first()
    if proof is None:
        said = Sentence("control of {domain} is shown", domain=domain.name)
        raise BadInput("domain", said, Sentence("There is nothing left to do."), code="proven")
    now = office.clock.now()
    proof.proven_at, proof.how = now, ProofBy.PROVIDER.value
    proof.save(update_fields=["proven_at", "how"])
    customer = domain.customer.name
    records.tell(actor, "domain.proven", domain.name, now, domain=domain.name, customer=customer, how=proof.how)
    return Asked(publish_again(domain, actor, now).pk)


def try_name(office: Office, actor: Actor, name: str) -> tuple[Doubt, ...]:
    """What would speak against taking this name in, for a customer who holds nothing yet."""
    permission.require(actor, Act.SERVER_READ)
    clean = parse_domain(name, "domain")
    owner = Domain.objects.filter(name=clean).values_list("customer__name", flat=True).first()
    return tuple(doubts(clean, owner or "", office))
