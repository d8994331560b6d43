"""Certificates from an ACME CA: asking for one, renewing, revoking, and what the CA's limits leave."""

from collections.abc import Sequence

from django.db import transaction

from mailward.actions import permission
from mailward.actions.lineages import belonging, chosen_for
from mailward.actions.office import Asked, Office
from mailward.actions.ordering import ask_for_order, planned_lineage
from mailward.model.certificates import Challenge, Source
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.model.settings import KeyType
from mailward.store import records


@transaction.atomic
def issue(
    office: Office,
    actor: Actor,
    domain: str,
    names: Sequence[str] = (),
    challenge: Challenge = Challenge.DNS_01,
    ca: str | None = None,
    key_type: KeyType | None = None,
) -> Asked:
    """Get a certificate from an ACME CA. Without names: the wildcard (domain, ``*.domain``); for "server" its own name.

    Asked again for the same names, the lineage that is there gets its next version, with the kind of key asked for now.
    """
    owner = permission.scope_for(actor, Act.CERTIFICATES_CHANGE, domain)
    return ask_for_order(office, actor, planned_lineage(office, owner, names, challenge, ca, key_type))


@transaction.atomic
def renew(office: Office, actor: Actor, lineage_id: str) -> Asked:
    """The next version now, whatever the date. Self-signed ones are made anew here; the rest must be from an ACME CA."""
    lineage = permission.lineage_for(actor, Act.CERTIFICATES_CHANGE, lineage_id)
    if lineage.source not in (Source.ACME, Source.SELF_SIGNED):
        said = Sentence("{id} did not come from an ACME CA", id=lineage.pk)
        raise BadInput("certificate", said, Sentence("Upload its successor."), code="not-renewable")
    return ask_for_order(office, actor, lineage)


@transaction.atomic
def revoke(office: Office, actor: Actor, lineage_id: str) -> Asked:
    """Tell the CA that the current version must not be trusted any more. Refused while it is still shown somewhere."""
    lineage = permission.lineage_for(actor, Act.CERTIFICATES_REVOKE, lineage_id)
    if lineage.source != Source.ACME or lineage.current is None:
        said = Sentence("{id} has nothing that an ACME CA could revoke", id=lineage.pk)
        raise BadInput("certificate", said, code="not-revocable")
    if chosen_for(lineage):
        said = Sentence("{id} is still shown to clients", id=lineage.pk)
        raise BadInput("certificate", said, Sentence("Choose another certificate first, or renew it."), code="in-use")
    now = office.clock.now()
    belongs = belonging(lineage)
    records.tell(actor, "certificate.revoked", lineage.pk, now, **belongs)
    request = {"lineage": lineage.pk, "revoke": True}
    return Asked(records.ask(RunKind.ORDER, lineage.pk, request, actor, now, domain=belongs["domain"]).pk)
