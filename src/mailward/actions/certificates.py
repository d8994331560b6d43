"""Certificates as people handle them: the list, their history, uploads, and requests whose answer is pasted later."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction
from django.db.models import Q

from mailward.actions import permission
from mailward.actions.lineages import belonging, certificate_row, certificate_rows, chosen_for, refuse_pair_unless_shown
from mailward.actions.office import Asked, Office
from mailward.actions.paging import page
from mailward.actions.rows import CertificateRow, Listed, VersionRow
from mailward.certificates import inspect, make, refusals
from mailward.certificates.selection import needed_names, recommended_names
from mailward.model.certificates import Certificate, KeyedChain, Source
from mailward.model.doors import Role
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.model.settings import KeyType
from mailward.standards.hostname import parse_host_name
from mailward.store import records
from mailward.store.lineages import add_version, make_current, new_lineage
from mailward.store.models import Domain, Lineage, ServerChoice, SigningRequest

CERTIFICATE_SORTS = {"domain": "domain__name", "-domain": "-domain__name", "id": "id", "-id": "-id"}


def list_certificates(
    office: Office,
    actor: Actor,
    domain: str | None = None,
    *,
    search: str = "",
    sort: str = "domain",
    offset: int = 0,
    limit: int | None = None,
) -> Listed[CertificateRow]:
    """Every lineage in reach, or those that belong to ``domain`` (or "server"). ``sort`` is one of CERTIFICATE_SORTS."""
    found = Lineage.objects.all()
    if domain is not None:
        found = found.filter(domain=permission.scope_for(actor, Act.CERTIFICATES_READ, domain))
    else:
        found = found.filter(_in_reach(actor))
    if search:
        found = found.filter(Q(id__icontains=search) | Q(domain__name__icontains=search) | Q(ca__icontains=search))
    found = found.select_related("domain").order_by(CERTIFICATE_SORTS.get(sort, "domain__name"), "id")
    rows, total = page(found, offset, limit)
    return Listed(certificate_rows(rows), total)


def _in_reach(actor: Actor) -> Q:
    domains = permission.domains_in_reach(actor, Act.CERTIFICATES_READ)
    of_domains = Q(domain__isnull=False) if actor.may(Act.CERTIFICATES_READ) else Q(domain__in=domains)
    return of_domains | Q(domain=None) if actor.may(Act.SERVER_READ) else of_domains


def show_certificate(office: Office, actor: Actor, lineage_id: str) -> CertificateRow:
    return certificate_row(permission.lineage_for(actor, Act.CERTIFICATES_READ, lineage_id))


def history(office: Office, actor: Actor, lineage_id: str) -> tuple[VersionRow, ...]:
    """What a lineage has had, newest first."""
    lineage = permission.lineage_for(actor, Act.CERTIFICATES_READ, lineage_id)
    chosen = bool(chosen_for(lineage))
    return tuple(
        VersionRow(
            v.number, v.sha256, tuple(v.names), v.issuer, v.not_before, v.not_after, v.created_at,
            chosen and v.number == lineage.current, v.companion_sha256 or "",
        )
        for v in lineage.versions.order_by("-number")
    )  # fmt: skip


@transaction.atomic
def upload(
    office: Office,
    actor: Actor,
    domain: str,
    material: bytes,
    key: bytes | None = None,
    password: str | None = None,
    lineage_id: str | None = None,
) -> tuple[CertificateRow, Asked | None]:
    """Take in a certificate with its chain and key (PEM or PKCS#12). Every refusal says what is wrong with which part.

    The key is sealed before this returns. With ``lineage_id`` it becomes the next version of an uploaded lineage, and the
    answer's run brings it to the doors where that lineage is chosen.
    """
    owner = permission.scope_for(actor, Act.CERTIFICATES_CHANGE, domain)
    expected = inspect.expect(office.clock.now(), (office.trust_roots(),))
    parts = (material,) if key is None else (material, key)
    chain = inspect.keyed_chain(*parts, expected=expected, password=password)
    if chain.companion is not None:
        refuse_pair_unless_shown(office)
    if lineage_id is None:
        name = f"{owner.name if owner else SERVER}-upload"
        lineage = new_lineage(name, owner, Source.UPLOAD, chain.certificate.names)
    else:
        lineage = _own(permission.lineage_for(actor, Act.CERTIFICATES_CHANGE, lineage_id), owner, Source.UPLOAD)
        _refuse_narrower(lineage, chain.certificate, office.settings.hostname)
    return _keep(office, actor, lineage, chain, "certificate.uploaded")


@transaction.atomic
def signing_request(
    office: Office, actor: Actor, domain: str, names: Sequence[str] = (), key_type: KeyType | None = None
) -> tuple[CertificateRow, bytes]:
    """A request (CSR) made here for a certificate that is bought elsewhere. Its key never leaves the steward."""
    owner = permission.scope_for(actor, Act.CERTIFICATES_CHANGE, domain)
    default = recommended_names(owner.name) if owner else (office.settings.hostname,)
    wanted = tuple(parse_host_name(name, "names", wildcard=True) for name in names) or default
    if key_type is KeyType.BOTH:
        said = Sentence("a request has one key")
        raise BadInput("key_type", said, Sentence("Make two requests, or order both from an ACME CA."), code="one-key")
    made = make.request(wanted, key_type or office.settings.key_type)
    lineage = new_lineage(f"{owner.name if owner else SERVER}-csr", owner, Source.CSR, wanted)
    SigningRequest.objects.create(lineage=lineage, csr_pem=made.csr_pem, sealed_key=office.seal.seal(made.key_pem))
    records.tell(actor, "certificate.requested", lineage.pk, office.clock.now(), **belonging(lineage), names=list(wanted))
    return certificate_row(lineage), made.csr_pem


def pending_request(office: Office, actor: Actor, lineage_id: str) -> bytes:
    """The CSR of a lineage that still waits for its answer."""
    return bytes(_pending(permission.lineage_for(actor, Act.CERTIFICATES_READ, lineage_id)).csr_pem)


@transaction.atomic
def answer(office: Office, actor: Actor, lineage_id: str, material: bytes) -> Asked:
    """The CA's answer to a request made here. The steward checks it: only there can the request's key be opened."""
    lineage = permission.lineage_for(actor, Act.CERTIFICATES_CHANGE, lineage_id)
    _pending(lineage)
    # Only certificates are kept: people paste whole files, and a private key among them must reach no table.
    found = inspect.read(material).certificates
    if not found:
        raise refusals.no_certificate("certificate")
    chain = b"".join(one.public_bytes(Encoding.PEM) for one in found).decode()
    now = office.clock.now()
    belongs = belonging(lineage)
    records.tell(actor, "certificate.answered", lineage.pk, now, **belongs)
    request = {"answer": lineage.pk, "chain": chain}
    return Asked(records.ask(RunKind.CERTIFICATE, lineage.pk, request, actor, now, domain=belongs["domain"]).pk)


def _own(lineage: Lineage, owner: Domain | None, source: Source) -> Lineage:
    if lineage.domain != owner or lineage.source != source:
        said = Sentence("{id} is not an uploaded certificate of this domain", id=lineage.pk)
        raise BadInput("certificate", said, Sentence("Leave the name out: a new one is made."), code="not-own")
    return lineage


def _refuse_narrower(lineage: Lineage, successor: Certificate, hostname: str) -> None:
    """Where the lineage is chosen, its successor must cover what was chosen it for: names would silently fall back to the
    server's certificate. Raises BadInput (``names-missing``)."""
    places = [(Role.WEB, name) for name in lineage.webmail_domains.values_list("name", flat=True)]
    places += [(Role.MAIL, name) for name in lineage.mail_domains.values_list("name", flat=True)]
    needed = [name for role, domain in places for name in needed_names(domain, role)]
    choice = ServerChoice.objects.first()
    if choice is not None and lineage.pk in (choice.mail_lineage_id, choice.panel_lineage_id):
        needed.append(hostname)
    missing = successor.missing(tuple(dict.fromkeys(needed)))
    if missing:
        raise refusals.names_missing("certificate", missing, successor.names)


def _keep(
    office: Office, actor: Actor, lineage: Lineage, chain: KeyedChain, what: str
) -> tuple[CertificateRow, Asked | None]:
    version = add_version(lineage, chain, office.seal)
    now = office.clock.now()
    belongs = belonging(lineage)
    names = list(chain.certificate.names)
    records.tell(actor, what, lineage.pk, now, **belongs, sha256=version.sha256, names=names)
    if not chosen_for(lineage):
        make_current(version)
        lineage.refresh_from_db(fields=["current", "names", "ends_at"])
        return certificate_row(lineage), None
    request = {"versions": {lineage.pk: version.number}}
    run = records.ask(RunKind.CERTIFICATE, lineage.pk, request, actor, now, domain=belongs["domain"])
    return certificate_row(lineage), Asked(run.pk)


def _pending(lineage: Lineage) -> SigningRequest:
    pending = SigningRequest.objects.filter(lineage=lineage).first()
    if pending is None:
        said = Sentence("{id} waits for no answer", id=lineage.pk)
        raise BadInput("certificate", said, Sentence("Make a request first: mailward certificate csr"), code="no-request")
    return pending
