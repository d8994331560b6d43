"""Choosing which certificate is shown where: webmail and mail per domain, the server-wide one, the panel's."""

from django.db import transaction

from mailward.actions.certificates import SERVER, get_lineage
from mailward.actions.domains import get_domain
from mailward.actions.office import Asked, Office
from mailward.actions.orders import ask_for_order, planned_lineage
from mailward.model.certificates import Challenge, Source
from mailward.model.doors import Role
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.store import records
from mailward.store.models import Lineage, ServerChoice

OWN = "self-signed"
"""What people type to go back to the server's own certificate."""


@transaction.atomic
def secure(office: Office, actor: Actor, domain: str) -> Asked:
    """Everything in one: get a wildcard by ACME (the server: a certificate for its name), take it everywhere, prove it."""
    names = (office.settings.hostname,) if domain == SERVER else ()
    lineage = planned_lineage(office, domain, names, Challenge.DNS_01)
    warnings = () if domain == SERVER else _server_warning()
    return ask_for_order(office, actor, lineage, choose=(Role.WEB, Role.MAIL), warnings=warnings)


@transaction.atomic
def choose(office: Office, actor: Actor, domain: str, webmail: str | None = None, mail: str | None = None) -> Asked:
    """Show these certificates (ids of lineages) from now on. For "server", ``webmail`` is the panel's certificate.

    A certificate that doesn't cover the names is refused with the names that are missing.
    """
    chosen = [(role, value) for role, value in ((Role.WEB, webmail), (Role.MAIL, mail)) if value is not None]
    if not chosen:
        said = Sentence("no certificate was named")
        raise BadInput("certificate", said, Sentence("Name one with --webmail or --mail."), code="nothing-named")
    scope = SERVER if domain == SERVER else get_domain(domain).name
    choices = [{"scope": scope, "role": r.value, "lineage": _chosen(office, scope, r, value)} for r, value in chosen]
    warnings = () if scope == SERVER or all(c["lineage"] is None for c in choices) else _server_warning()
    now = office.clock.now()
    records.tell(actor, "certificate.chosen", scope, now, choices=choices)
    return Asked(records.ask(RunKind.CERTIFICATE, scope, {"choices": choices}, actor, now).pk, warnings)


def needed_names(office: Office, scope: str, role: Role) -> tuple[str, ...]:
    """The names a certificate must cover to be chosen: ``webmail.<domain>`` or ``mail.<domain>`` (the manual's words)."""
    if scope == SERVER:
        return (office.settings.hostname,)
    return (f"webmail.{scope}",) if role is Role.WEB else (f"mail.{scope}",)


def _chosen(office: Office, scope: str, role: Role, value: str) -> str | None:
    if value == OWN:
        return _server_own(role) if scope == SERVER else None
    lineage = get_lineage(value)
    if lineage.domain is not None and lineage.domain.name != scope:
        said = Sentence("{id} belongs to {other}", id=lineage.pk, other=lineage.domain.name)
        raise BadInput("certificate", said, Sentence("Choose one of this domain's own."), code="not-own")
    if lineage.current is None:
        said = Sentence("{id} has not been issued yet", id=lineage.pk)
        raise BadInput(
            "certificate", said, Sentence("See: mailward certificate show {id}", id=lineage.pk), code="not-issued"
        )
    version = lineage.versions.get(number=lineage.current)
    missing = [name for name in needed_names(office, scope, role) if not _covers(version.names, name)]
    if missing:
        said = Sentence(
            "{id} is for {names}; {missing} is missing",
            id=lineage.pk, names=", ".join(version.names), missing=", ".join(missing),
        )  # fmt: skip
        remedy = Sentence("Get a wildcard certificate: mailward secure {scope}", scope=scope)
        raise BadInput("certificate", said, remedy, code="names-missing")
    return lineage.pk


def _covers(names: list[str], name: str) -> bool:
    return name in names or f"*.{name.partition('.')[2]}" in names


def _server_own(role: Role) -> str:
    own = Lineage.objects.filter(domain=None, source=Source.SELF_SIGNED, id__startswith=role.value).first()
    if own is None:
        raise BadInput("certificate", Sentence("the server has no self-signed certificate"), code="unknown")
    return own.pk


def _server_warning() -> tuple[Sentence, ...]:
    """A9: a domain certificate protects only if the server itself is secured."""
    choice = ServerChoice.objects.select_related("mail_lineage").first()
    if choice is None or choice.mail_lineage is None or choice.mail_lineage.source != Source.SELF_SIGNED:
        return ()
    return (
        Sentence(
            "The mail server itself still shows its self-signed certificate: mail from other servers can be intercepted on "
            "its way in. The domain's certificate ends the warning in mail clients; the way in is protected when the "
            "server has a valid certificate too: mailward secure server"
        ),
    )
