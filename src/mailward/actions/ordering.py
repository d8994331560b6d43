"""Orders that go into the queue, and the lineages they are for. Asks no permission: only actions that did may call it."""

from collections.abc import Sequence

from mailward.actions.lineages import belonging, refuse_pair_unless_shown
from mailward.actions.office import Asked, Office
from mailward.actions.proving import require_proven
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
from mailward.store.models import Domain, Lineage, Run


def planned_lineage(
    office: Office,
    owner: Domain | None,
    names: Sequence[str],
    challenge: Challenge,
    ca: str | None = None,
    key_type: KeyType | None = None,
) -> Lineage:
    """The ACME lineage for these names: the one there is, or a new one. ``owner`` None: the server's."""
    scope = owner.name if owner else office.settings.hostname
    default = recommended_names(scope) if owner else (scope,)
    wanted = tuple(parse_host_name(name, "names", wildcard=True) for name in names) or default
    _refuse_names(wanted, scope, challenge)
    if owner is not None:
        _refuse_held_by_others(wanted, owner)
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
    Nothing is ordered for a domain whose control nobody has shown: what fails counts against the host's account at the CA.
    """
    require_proven(lineage.domain)
    for run in Run.objects.filter(kind=RunKind.ORDER, subject=lineage.pk, state__in=[RunState.WAITING, RunState.RUNNING]):
        if "revoke" not in run.request and {role.value for role in choose} <= set(run.request["choose"]):
            return Asked(run.pk, warnings)
    now = office.clock.now()
    records.tell(actor, "certificate.ordered", lineage.pk, now, **belonging(lineage), names=list(lineage.names))
    domain = lineage.domain.name if lineage.domain else ""
    scope = domain or SERVER
    request = {"lineage": lineage.pk, "scope": scope, "choose": [role.value for role in choose]}
    return Asked(records.ask(RunKind.ORDER, lineage.pk, request, actor, now, domain=domain).pk, warnings)


def _refuse_names(wanted: Sequence[str], scope: str, challenge: Challenge) -> None:
    foreign = [name for name in wanted if not belongs(name, scope)]
    if foreign:
        said = Sentence("{names} does not lie under {scope}", names=", ".join(foreign), scope=scope)
        raise BadInput("names", said, Sentence("Ask for names of this domain."), code="foreign-name")
    if challenge is Challenge.HTTP_01 and any(name.startswith("*.") for name in wanted):
        said = Sentence("a wildcard can only be had with the DNS-01 challenge")
        raise BadInput("names", said, Sentence("Leave out --challenge, or the wildcard."), code="wildcard-needs-dns")


def _refuse_held_by_others(wanted: Sequence[str], owner: Domain) -> None:
    """A name below ``owner`` that lies in a domain of another customer is that customer's to ask for."""
    labels = {name: name.removeprefix("*.").removesuffix(owner.name).rstrip(".").split(".") for name in wanted}
    above = {f"{'.'.join(parts[i:])}.{owner.name}" for parts in labels.values() for i in range(len(parts)) if parts != [""]}
    taken = Domain.objects.filter(name__in=above).exclude(customer=owner.customer_id).order_by("name").first()
    if taken is not None:
        said = Sentence("{domain} lies under {parent}, which another customer holds", domain=taken.name, parent=taken.name)
        raise BadInput("names", said, Sentence("Ask for names of this domain."), code="foreign-name")


def _refuse_ca(office: Office, ca: str | None) -> None:
    known = [one.name for one in office.settings.cas]
    if not known:
        said = Sentence("no ACME CA is set up")
        raise BadInput("ca", said, Sentence("Add a [[ca]] part to mailward.toml, for example Let's Encrypt."), code="no-ca")
    if ca is not None and ca not in known:
        said = Sentence("there is no CA {name}", name=ca)
        raise BadInput("ca", said, Sentence("Known are: {names}.", names=", ".join(known)), code="unknown")
