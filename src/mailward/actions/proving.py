"""Whether control of a domain is shown, for actions that depend on it (docs/decisions/proof-of-control.md). Asks no
permission: only actions that did may call it."""

import secrets
from datetime import datetime

from mailward.model.errors import BadInput
from mailward.model.names import CHALLENGE, Control, ProofBy, Said
from mailward.model.sentence import Sentence
from mailward.store.control import record_value
from mailward.store.models import ControlProof, Domain
from mailward.store.sentences import from_json

MOST_UNPROVEN = 50
"""Domains of one customer that wait for their proof at once: each costs keys, a zone, and questions to DNS."""


def ask_for_proof(domain: Domain, now: datetime) -> ControlProof:
    """From now on, this domain's mail waits for its proof; what lies under a proven domain of the same customer has it."""
    proven = _proven_parent(domain)
    waiting = ControlProof.objects.filter(proven_at=None, domain__customer=domain.customer_id).count()
    if not proven and waiting >= MOST_UNPROVEN:
        said = Sentence("{count} domains of this customer wait for their proof already", count=waiting)
        remedy = Sentence("Publish their records, or remove those that aren't yours, then add this one.")
        raise BadInput("domain", said, remedy, code="too-many-unproven")
    return ControlProof.objects.create(
        domain=domain,
        token=secrets.token_hex(20),
        asked_at=now,
        look_at=now,
        proven_at=now if proven else None,
        how=ProofBy.PARENT if proven else "",
    )


def _proven_parent(domain: Domain) -> bool:
    labels = domain.name.split(".")
    above = [".".join(labels[i:]) for i in range(1, len(labels))]
    held = Domain.objects.filter(name__in=above, customer=domain.customer_id).select_related("control")
    return any(is_proven(one) for one in held)


def is_proven(domain: Domain) -> bool:
    """Nobody was asked for a proof, or it was seen."""
    proof = ControlProof.objects.filter(domain=domain).first()
    return proof is None or proof.proven_at is not None


def require_proven(domain: Domain | None) -> None:
    """Raises BadInput (``unproven``). None, the server itself, needs no proof."""
    if domain is None or is_proven(domain):
        return
    said = Sentence("nobody has shown yet that {domain} belongs to this customer", domain=domain.name)
    remedy = Sentence("Publish the TXT record that the page of {domain} shows, then look again.", domain=domain.name)
    raise BadInput("domain", said, remedy, code="unproven")


def control(domain: Domain, proof: ControlProof | None, hostname: str) -> Control:
    """The row as a value."""
    if proof is None:
        return Control(domain.name, ProofBy.PROVIDER, "", "", hostname)
    return Control(
        domain=domain.name,
        how=ProofBy(proof.how) if proof.proven_at is not None else None,
        record_name=f"{CHALLENGE}.{domain.name}",
        record_value=record_value(proof),
        name_server=hostname,
        asked_at=proof.asked_at,
        proven_at=proof.proven_at,
        looked_at=proof.looked_at,
        look_at=proof.look_at if proof.proven_at is None else None,
        what=from_json(proof.what),
        seen=tuple(Said(one["server"], one["rcode"], tuple(one["records"])) for one in proof.seen),
    )
