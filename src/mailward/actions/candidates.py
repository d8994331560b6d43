"""Which certificates a person can choose from for a domain's webmail and mail, and why some don't fit (A5, A6)."""

from dataclasses import dataclass
from datetime import datetime

from mailward.actions import permission
from mailward.actions.lineages import certificate_rows, is_of_server
from mailward.actions.office import Office
from mailward.certificates.selection import belongs, needed_names, refuse_or_warn
from mailward.model.certificates import Certificate
from mailward.model.doors import Role
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import NOTHING, Sentence
from mailward.store.lineages import certificate_of
from mailward.store.models import Domain, Lineage, Version


@dataclass(frozen=True)
class Fit:
    """Whether it may be chosen for one role. ``refused``: why not; ``warning``: it may, and this is what it means."""

    covers: tuple[str, ...]
    refused: Sentence = NOTHING
    warning: Sentence = NOTHING

    @property
    def fits(self) -> bool:
        return not self.refused.template


@dataclass(frozen=True)
class Candidate:
    id: str
    source: str
    names: tuple[str, ...]
    issuer: str
    not_after: datetime | None
    is_server_wide: bool
    web: Fit
    mail: Fit


@dataclass(frozen=True)
class Candidates:
    """``web`` and ``mail``: what is chosen now; None: the server's own certificate."""

    domain: str
    web: str | None
    mail: str | None
    rows: tuple[Candidate, ...]
    may_choose: bool
    may_order: bool


def candidates(office: Office, actor: Actor, name: str) -> Candidates:
    """The domain's own certificates, and those of the server that cover its names. Those that fit come first."""
    domain = permission.domain_for(actor, Act.CERTIFICATES_READ, name)
    place = permission.place_of(domain)
    rows = _rows(office, domain)
    fitting = sorted(rows, key=lambda row: (-row.web.fits - row.mail.fits, row.is_server_wide, row.id))
    return Candidates(
        domain.name, domain.webmail_lineage_id, domain.mail_lineage_id, tuple(fitting),
        actor.may(Act.CERTIFICATES_CHOOSE, place), actor.may(Act.CERTIFICATES_CHANGE, place),
    )  # fmt: skip


def _rows(office: Office, domain: Domain) -> list[Candidate]:
    own = list(Lineage.objects.filter(domain=domain).select_related("domain"))
    servers = [row for row in Lineage.objects.filter(domain=None) if is_of_server(row.pk)]
    shared = [row for row in servers if any(belongs(n, domain.name) for n in row.names)]
    lineages = own + shared
    current = {
        (version.lineage_id, version.number): version
        for version in Version.objects.filter(lineage__in=lineages).only("lineage", "number", "chain_pem")
    }
    found = []
    for row in certificate_rows(lineages):
        version = current.get((row.id, row.current or 0))
        certificate = certificate_of(version) if version is not None else None
        web, mail = (
            _fit(office, certificate, domain.name, role, row.revoked_at is not None) for role in (Role.WEB, Role.MAIL)
        )
        found.append(Candidate(row.id, row.source, row.names, row.issuer, row.not_after, row.domain == SERVER, web, mail))
    return found


def _fit(office: Office, certificate: Certificate | None, domain: str, role: Role, revoked: bool) -> Fit:
    if certificate is None:
        return Fit((), Sentence("It has not been issued yet."))
    needed = (*needed_names(domain, role), domain)
    covered = tuple(name for name in needed if certificate.covers(name))
    if revoked:
        return Fit(covered, Sentence("It was revoked."))
    if certificate.not_after <= office.clock.now():
        return Fit(covered, Sentence("It has ended."))
    try:
        warning = refuse_or_warn(certificate, domain, role, server_is_self_signed=False)
    except BadInput as trouble:
        return Fit(covered, trouble.what)
    return Fit(covered, warning=warning or NOTHING)
