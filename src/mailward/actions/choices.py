"""Choosing which certificate is shown where: webmail and mail per domain, the server-wide one, the panel's."""

from django.db import transaction

from mailward.actions import permission
from mailward.actions.lineages import is_of_server
from mailward.actions.office import Asked, Office
from mailward.actions.ordering import ask_for_order, planned_lineage
from mailward.actions.proving import require_proven
from mailward.certificates.selection import belongs, refuse_for_server, refuse_or_warn, san_names
from mailward.model.certificates import Challenge, Source
from mailward.model.doors import Role
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.store import records
from mailward.store.lineages import certificate_of
from mailward.store.models import Domain, Lineage, ServerChoice

OWN = "self-signed"
"""What people type to go back to the server's own certificate."""


@transaction.atomic
def secure(office: Office, actor: Actor, domain: str, challenge: Challenge = Challenge.DNS_01) -> Asked:
    """Everything in one: get a certificate by ACME, take it for webmail and mail, prove it at every door.

    DNS-01 gives a wildcard; HTTP-01 (a domain whose DNS is elsewhere) the names of mail and webmail; the server always
    shows control of its name by HTTP-01: its zone may be anywhere, port 80 of its name is here.
    """
    permission.scope_for(actor, Act.CERTIFICATES_CHOOSE, domain)
    owner = permission.scope_for(actor, Act.CERTIFICATES_CHANGE, domain)
    if owner is None:
        names: tuple[str, ...] = (office.settings.hostname,)
        challenge = Challenge.HTTP_01
    else:
        names = _listed_names(owner) if challenge is Challenge.HTTP_01 else ()
    lineage = planned_lineage(office, owner, names, challenge)
    warnings = () if owner is None else _server_warning()
    return ask_for_order(office, actor, lineage, choose=(Role.WEB, Role.MAIL), warnings=warnings)


def _listed_names(owner: Domain) -> tuple[str, ...]:
    """With the name of the MTA-STS policy, where the certificate for all of them is there already: it must not be lost."""
    names = san_names(owner.name)
    more = (*names, f"mta-sts.{owner.name}")
    known = Lineage.objects.filter(domain=owner, source=Source.ACME, challenge=Challenge.HTTP_01.value)
    return more if any(sorted(one.names) == sorted(more) for one in known) else names


@transaction.atomic
def choose(office: Office, actor: Actor, domain: str, webmail: str | None = None, mail: str | None = None) -> Asked:
    """Show these certificates (ids of lineages) from now on. For "server", ``webmail`` is the panel's certificate.

    A certificate that doesn't cover the names is refused with the names that are missing.
    """
    owner = permission.scope_for(actor, Act.CERTIFICATES_CHOOSE, domain)
    chosen = [(role, value) for role, value in ((Role.WEB, webmail), (Role.MAIL, mail)) if value is not None]
    if not chosen:
        said = Sentence("no certificate was named")
        raise BadInput("certificate", said, Sentence("Name one with --webmail or --mail."), code="nothing-named")
    if any(value != OWN for _, value in chosen):
        require_proven(owner)
    scope = owner.name if owner else SERVER
    choices, warnings = [], []
    for role, value in chosen:
        lineage, warning = _chosen(office, actor, scope, role, value)
        choices.append({"scope": scope, "role": role.value, "lineage": lineage})
        if warning is not None and warning not in warnings:
            warnings.append(warning)
    now = office.clock.now()
    name, customer = (owner.name, owner.customer.name) if owner else ("", "")
    records.tell(actor, "certificate.chosen", scope, now, domain=name, customer=customer, choices=choices)
    run = records.ask(RunKind.CERTIFICATE, scope, {"choices": choices}, actor, now, domain=name)
    return Asked(run.pk, tuple(warnings))


def _chosen(office: Office, actor: Actor, scope: str, role: Role, value: str) -> tuple[str | None, Sentence | None]:
    if value == OWN:
        return (_server_own(role) if scope == SERVER else None), None
    lineage = _servers(scope, value) or permission.lineage_for(actor, Act.CERTIFICATES_CHOOSE, value)
    if lineage.domain is not None and lineage.domain.name != scope:
        said = Sentence("{id} belongs to {other}", id=lineage.pk, other=lineage.domain.name)
        raise BadInput("certificate", said, Sentence("Choose one of this domain's own."), code="not-own")
    if lineage.current is None:
        said = Sentence("{id} has not been issued yet", id=lineage.pk)
        remedy = Sentence("See: mailward certificate show {id}", id=lineage.pk)
        raise BadInput("certificate", said, remedy, code="not-issued")
    certificate = certificate_of(lineage.versions.get(number=lineage.current))
    if scope == SERVER:
        refuse_for_server(certificate, office.settings.hostname)
        return lineage.pk, None
    return lineage.pk, refuse_or_warn(certificate, scope, role, server_is_self_signed=_server_is_self_signed())


def _servers(scope: str, value: str) -> Lineage | None:
    """A certificate of the host that has names of this domain: whoever chooses for the domain may choose it."""
    row = Lineage.objects.filter(pk=value, domain=None).first()
    if row is None or not is_of_server(row.pk):
        return None
    return row if any(belongs(name, scope) for name in row.names) else None


def _server_own(role: Role) -> str:
    own = Lineage.objects.filter(domain=None, source=Source.SELF_SIGNED, id__startswith=role.value).first()
    if own is None:
        raise BadInput("certificate", Sentence("the server has no self-signed certificate"), code="unknown")
    return own.pk


def _server_is_self_signed() -> bool:
    choice = ServerChoice.objects.select_related("mail_lineage").first()
    return choice is None or choice.mail_lineage is None or choice.mail_lineage.source == Source.SELF_SIGNED


def _server_warning() -> tuple[Sentence, ...]:
    """A9: a domain certificate protects only if the server itself is secured."""
    if not _server_is_self_signed():
        return ()
    return (
        Sentence(
            "The mail server itself still shows its self-signed certificate: mail from other servers can be intercepted on "
            "its way in. The domain's certificate ends the warning in mail clients; the way in is protected when the "
            "server has a valid certificate too: mailward secure server"
        ),
    )
