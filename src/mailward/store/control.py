"""What proofs of control mean for the rows: whose mail waits, and publishing a domain when it waits no more."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from mailward.model.people import Actor
from mailward.model.runs import RunKind
from mailward.store import records
from mailward.store.models import ControlProof, Domain, Run


def publish_again(domain: Domain, actor: Actor, now: datetime) -> Run:
    """Ask for the domain, its mailboxes and aliases to be published as they are declared."""
    addresses = [box.address for box in domain.mailboxes.all()] + [alias.address for alias in domain.aliases.all()]
    request = {"domains": [domain.name], "addresses": addresses}
    return records.ask(RunKind.DIRECTORY, domain.name, request, actor, now, domain=domain.name)


def record_value(proof: ControlProof) -> str:
    """What the TXT record must say."""
    return f"mailward={proof.token}"


def waiting() -> QuerySet[ControlProof, int]:
    """The keys of all domains whose mail waits, for a question to the store."""
    return ControlProof.objects.filter(proven_at=None).order_by().values_list("domain", flat=True)


def unproven(domains: Iterable[str]) -> frozenset[str]:
    """Those of these domains whose mail waits for a proof of control."""
    named = ControlProof.objects.filter(proven_at=None, domain__name__in=list(domains))
    return frozenset(named.values_list("domain__name", flat=True))
