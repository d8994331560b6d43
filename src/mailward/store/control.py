"""What proofs of control mean for the rows: whose mail waits, and publishing a domain when it waits no more."""

from collections.abc import Collection, Iterable
from datetime import datetime

from mailward.model.people import Actor
from mailward.model.runs import RunKind
from mailward.store import records
from mailward.store.models import ControlProof, Domain, Run


def publish_again(domain: Domain, actor: Actor, now: datetime) -> Run:
    """Ask for the domain, its mailboxes and aliases to be published as they are declared."""
    addresses = [box.address for box in domain.mailboxes.all()] + [alias.address for alias in domain.aliases.all()]
    request = {"domains": [domain.name], "addresses": addresses}
    return records.ask(RunKind.DIRECTORY, domain.name, request, actor, now, domain=domain.name)


def unproven(domains: Iterable[str] | None = None) -> Collection[str]:
    """The domains (of all, or of these) whose mail waits for a proof of control."""
    waiting = ControlProof.objects.filter(proven_at=None)
    if domains is not None:
        waiting = waiting.filter(domain__name__in=list(domains))
    return frozenset(waiting.values_list("domain__name", flat=True))
