"""Certificates from an ACME CA: asking for one, renewing, revoking, and what the CA's limits leave."""

from collections.abc import Sequence

from django.db import transaction

from mailward.actions.certificates import chosen_for, get_lineage, refuse_pair_unless_shown
from mailward.actions.domains import get_domain
from mailward.actions.office import Asked, Office
from mailward.certificates.selection import belongs, recommended_names
from mailward.model.certificates import Challenge, Source
from mailward.model.doors import Role
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.runs import RunKind, RunState
from mailward.model.sentence import Sentence
from mailward.model.settings import KeyType
from mailward.standards.hostname import parse_host_name
from mailward.store import records
from mailward.store.lineages import new_lineage
from mailward.store.models import Lineage, Run


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
    return ask_for_order(office, actor, planned_lineage(office, domain, names, challenge, ca, key_type))


def planned_lineage(
    office: Office,
    domain: str,
    names: Sequence[str],
    challenge: Challenge,
    ca: str | None = None,
    key_type: KeyType | None = None,
) -> Lineage:
    """The ACME lineage for these names: the one there is, or a new one."""
    owner = None if domain == SERVER else get_domain(domain)
    scope = owner.name if owner else office.settings.hostname
    default = recommended_names(scope) if owner else (scope,)
    wanted = tuple(parse_host_name(name, "names", wildcard=True) for name in names) or default
    _refuse_names(wanted, scope, challenge)
    _refuse_ca(office, ca)
    if key_type is KeyType.BOTH:
        refuse_pair_unless_shown(office)
    for known in Lineage.objects.filter(domain=owner, source=Source.ACME, challenge=challenge.value):
        if sorted(known.names) == sorted(wanted) and (ca is None or known.ca == ca):
            if key_type is not None and known.key_type != key_type.value:
                known.key_type = key_type.value  # of the next version, and those after it
                known.save(update_fields=["key_type"])
            return known
    kind = "wildcard" if any(name.startswith("*.") for name in wanted) else "san"
    return new_lineage(
        f"{owner.name if owner else SERVER}-{kind}", owner, Source.ACME, wanted,
        challenge=challenge, ca=ca, key_type=key_type or office.settings.key_type,
    )  # fmt: skip


def ask_for_order(
    office: Office,
    actor: Actor,
    lineage: Lineage,
    *,
    choose: Sequence[Role] = (),
    warnings: tuple[Sentence, ...] = (),
) -> Asked:
    """Put the order into the queue; ``choose``: take the certificate for these roles as soon as it is there.

    A wish that is in the queue already (a killed command's, asked again) is the same wish: nothing is ordered twice.
    """
    for run in Run.objects.filter(kind=RunKind.ORDER, subject=lineage.pk, state__in=[RunState.WAITING, RunState.RUNNING]):
        if "revoke" not in run.request and {role.value for role in choose} <= set(run.request["choose"]):
            return Asked(run.pk, warnings)
    now = office.clock.now()
    records.tell(actor, "certificate.ordered", lineage.pk, now, names=list(lineage.names))
    scope = lineage.domain.name if lineage.domain else SERVER
    request = {"lineage": lineage.pk, "scope": scope, "choose": [role.value for role in choose]}
    return Asked(records.ask(RunKind.ORDER, lineage.pk, request, actor, now).pk, warnings)


@transaction.atomic
def renew(office: Office, actor: Actor, lineage_id: str) -> Asked:
    """The next version now, whatever the date. Self-signed ones are made anew here; the rest must be from an ACME CA."""
    lineage = get_lineage(lineage_id)
    if lineage.source not in (Source.ACME, Source.SELF_SIGNED):
        said = Sentence("{id} did not come from an ACME CA", id=lineage.pk)
        raise BadInput("certificate", said, Sentence("Upload its successor."), code="not-renewable")
    return ask_for_order(office, actor, lineage)


@transaction.atomic
def revoke(office: Office, actor: Actor, lineage_id: str) -> Asked:
    """Tell the CA that the current version must not be trusted any more. Refused while it is still shown somewhere."""
    lineage = get_lineage(lineage_id)
    if lineage.source != Source.ACME or lineage.current is None:
        said = Sentence("{id} has nothing that an ACME CA could revoke", id=lineage.pk)
        raise BadInput("certificate", said, code="not-revocable")
    if chosen_for(lineage):
        said = Sentence("{id} is still shown to clients", id=lineage.pk)
        raise BadInput("certificate", said, Sentence("Choose another certificate first, or renew it."), code="in-use")
    now = office.clock.now()
    records.tell(actor, "certificate.revoked", lineage.pk, now)
    return Asked(records.ask(RunKind.ORDER, lineage.pk, {"lineage": lineage.pk, "revoke": True}, actor, now).pk)


def _refuse_names(wanted: Sequence[str], scope: str, challenge: Challenge) -> None:
    foreign = [name for name in wanted if not belongs(name, scope)]
    if foreign:
        said = Sentence("{names} does not lie under {scope}", names=", ".join(foreign), scope=scope)
        raise BadInput("names", said, Sentence("Ask for names of this domain."), code="foreign-name")
    if challenge is Challenge.HTTP_01 and any(name.startswith("*.") for name in wanted):
        said = Sentence("a wildcard can only be had with the DNS-01 challenge")
        raise BadInput("names", said, Sentence("Leave out --challenge, or the wildcard."), code="wildcard-needs-dns")


def _refuse_ca(office: Office, ca: str | None) -> None:
    known = [one.name for one in office.settings.cas]
    if not known:
        said = Sentence("no ACME CA is set up")
        raise BadInput("ca", said, Sentence("Add a [[ca]] part to mailward.toml, for example Let's Encrypt."), code="no-ca")
    if ca is not None and ca not in known:
        said = Sentence("there is no CA {name}", name=ca)
        raise BadInput("ca", said, Sentence("Known are: {names}.", names=", ".join(known)), code="unknown")
