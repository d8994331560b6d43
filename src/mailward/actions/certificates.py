"""Certificates as people handle them: the list, their history, uploads, and requests whose answer is pasted later."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction
from django.db.models import F

from mailward.actions.domains import get_domain
from mailward.actions.office import Asked, Office
from mailward.actions.rows import CertificateRow, VersionRow
from mailward.certificates import inspect, make, refusals
from mailward.certificates.selection import needed_names, recommended_names
from mailward.model.certificates import Certificate, KeyedChain, Source
from mailward.model.doors import Role
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.model.settings import KeyType
from mailward.standards.hostname import parse_host_name
from mailward.store import records
from mailward.store.lineages import add_version, new_lineage
from mailward.store.models import Domain, Lineage, ServerChoice, SigningRequest, Version
from mailward.store.sentences import from_json


def list_certificates(office: Office, domain: str | None = None) -> tuple[CertificateRow, ...]:
    """Every lineage, or those that ``domain`` (or "server") can choose."""
    rows = Lineage.objects.select_related("domain").order_by("domain__name", "id")
    if domain is not None:
        rows = rows.filter(domain=None if domain == SERVER else get_domain(domain))
    shown = list(rows)
    served = {(v.lineage_id, v.number): v for v in _current_versions(shown)}
    chosen = _chosen_everywhere()
    return tuple(_row(row, served.get((row.pk, row.current or 0)), tuple(chosen.get(row.pk, ()))) for row in shown)


def _current_versions(lineages: Sequence[Lineage]) -> list[Version]:
    """The versions that are current, a thousand lineages at a time, without their keys."""
    found: list[Version] = []
    for start in range(0, len(lineages), 1000):
        part = lineages[start : start + 1000]
        found += Version.objects.filter(lineage__in=part, number=F("lineage__current")).defer("chain_pem", "sealed_key")
    return found


def _chosen_everywhere() -> dict[str, list[str]]:
    """``chosen_for`` of every lineage that is chosen somewhere."""
    found: dict[str, list[str]] = {}
    domains = Domain.objects.exclude(webmail_lineage=None, mail_lineage=None).order_by("name")
    for what, field in (("webmail", "webmail_lineage_id"), ("mail", "mail_lineage_id")):
        for name, lineage in domains.values_list("name", field):
            if lineage is not None:
                found.setdefault(lineage, []).append(f"{what} of {name}")
    choice = ServerChoice.objects.first()
    own = {"server": choice.mail_lineage_id, "panel": choice.panel_lineage_id} if choice is not None else {}
    for what, chosen in own.items():
        if chosen is not None:
            found.setdefault(chosen, []).append(what)
    return found


def show_certificate(office: Office, lineage_id: str) -> CertificateRow:
    return certificate_row(get_lineage(lineage_id))


def history(office: Office, lineage_id: str) -> tuple[VersionRow, ...]:
    """What a lineage has had, newest first."""
    lineage = get_lineage(lineage_id)
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
    owner = None if domain == SERVER else get_domain(domain)
    expected = inspect.expect(office.clock.now(), (office.trust_roots(),))
    parts = (material,) if key is None else (material, key)
    chain = inspect.keyed_chain(*parts, expected=expected, password=password)
    if chain.companion is not None:
        refuse_pair_unless_shown(office)
    if lineage_id is None:
        name = f"{owner.name if owner else SERVER}-upload"
        lineage = new_lineage(name, owner, Source.UPLOAD, chain.certificate.names)
    else:
        lineage = _own(get_lineage(lineage_id), owner, Source.UPLOAD)
        _refuse_narrower(lineage, chain.certificate, office.settings.hostname)
    return _keep(office, actor, lineage, chain, "certificate.uploaded")


@transaction.atomic
def signing_request(
    office: Office, actor: Actor, domain: str, names: Sequence[str] = (), key_type: KeyType | None = None
) -> tuple[CertificateRow, bytes]:
    """A request (CSR) made here for a certificate that is bought elsewhere. Its key never leaves the steward."""
    owner = None if domain == SERVER else get_domain(domain)
    default = recommended_names(owner.name) if owner else (office.settings.hostname,)
    wanted = tuple(parse_host_name(name, "names", wildcard=True) for name in names) or default
    if key_type is KeyType.BOTH:
        said = Sentence("a request has one key")
        raise BadInput("key_type", said, Sentence("Make two requests, or order both from an ACME CA."), code="one-key")
    made = make.request(wanted, key_type or office.settings.key_type)
    lineage = new_lineage(f"{owner.name if owner else SERVER}-csr", owner, Source.CSR, wanted)
    SigningRequest.objects.create(lineage=lineage, csr_pem=made.csr_pem, sealed_key=office.seal.seal(made.key_pem))
    records.tell(actor, "certificate.requested", lineage.pk, office.clock.now(), names=list(wanted))
    return certificate_row(lineage), made.csr_pem


def pending_request(office: Office, lineage_id: str) -> bytes:
    """The CSR of a lineage that still waits for its answer."""
    return bytes(_pending(get_lineage(lineage_id)).csr_pem)


@transaction.atomic
def answer(office: Office, actor: Actor, lineage_id: str, material: bytes) -> Asked:
    """The CA's answer to a request made here. The steward checks it: only there can the request's key be opened."""
    lineage = get_lineage(lineage_id)
    _pending(lineage)
    # Only certificates are kept: people paste whole files, and a private key among them must reach no table.
    found = inspect.read(material).certificates
    if not found:
        raise refusals.no_certificate("certificate")
    chain = b"".join(one.public_bytes(Encoding.PEM) for one in found).decode()
    now = office.clock.now()
    records.tell(actor, "certificate.answered", lineage.pk, now)
    request = {"answer": lineage.pk, "chain": chain}
    return Asked(records.ask(RunKind.CERTIFICATE, lineage.pk, request, actor, now).pk)


def refuse_pair_unless_shown(office: Office) -> None:
    """Two certificates for one name are taken only where the doors show both. Raises BadInput."""
    if not office.settings.rsa:
        said = Sentence("the doors of this host show one certificate for each name, not one for each kind of key")
        remedy = Sentence("Write rsa = true into mailward.toml, run: mailward apply; then try again.")
        raise BadInput("key_type", said, remedy, code="one-kind-of-key")


def get_lineage(lineage_id: str) -> Lineage:
    """The lineage that a person means. Raises BadInput when there is none."""
    lineage = Lineage.objects.select_related("domain").filter(pk=lineage_id).first()
    if lineage is None:
        said = Sentence("there is no certificate {id}", id=lineage_id)
        raise BadInput("certificate", said, Sentence("See: mailward certificate list"), code="unknown")
    return lineage


def certificate_row(lineage: Lineage) -> CertificateRow:
    version = Version.objects.filter(lineage=lineage, number=lineage.current or 0).first()
    return _row(lineage, version, chosen_for(lineage))


def _row(lineage: Lineage, version: Version | None, chosen: tuple[str, ...]) -> CertificateRow:
    return CertificateRow(
        id=lineage.pk,
        domain=lineage.domain.name if lineage.domain else SERVER,
        source=lineage.source,
        names=tuple(lineage.names),
        challenge=lineage.challenge,
        ca=lineage.ca,
        current=lineage.current,
        not_before=version.not_before if version else None,
        not_after=version.not_after if version else None,
        issuer=version.issuer if version else "",
        sha256=version.sha256 if version else "",
        renew_at=lineage.renew_at,
        failures=lineage.failures,
        failure=from_json(lineage.failure),
        retry_at=lineage.retry_at,
        revoked_at=lineage.revoked_at,
        chosen_for=chosen,
        key_type=lineage.key_type if lineage.source == Source.ACME else "",
        companion_sha256=(version.companion_sha256 or "") if version else "",
    )


def chosen_for(lineage: Lineage) -> tuple[str, ...]:
    """Where a lineage is shown to clients now: domains and the server itself."""
    found = [f"webmail of {d.name}" for d in Domain.objects.filter(webmail_lineage=lineage)]
    found += [f"mail of {d.name}" for d in Domain.objects.filter(mail_lineage=lineage)]
    choice = ServerChoice.objects.first()
    if choice and choice.mail_lineage_id == lineage.pk:
        found.append("server")
    if choice and choice.panel_lineage_id == lineage.pk:
        found.append("panel")
    return tuple(found)


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
    records.tell(actor, what, lineage.pk, now, sha256=version.sha256, names=list(chain.certificate.names))
    if not chosen_for(lineage):
        lineage.current = version.number
        lineage.names = list(chain.certificate.names)
        lineage.save(update_fields=["current", "names"])
        return certificate_row(lineage), None
    run = records.ask(RunKind.CERTIFICATE, lineage.pk, {"versions": {lineage.pk: version.number}}, actor, now)
    return certificate_row(lineage), Asked(run.pk)


def _pending(lineage: Lineage) -> SigningRequest:
    pending = SigningRequest.objects.filter(lineage=lineage).first()
    if pending is None:
        said = Sentence("{id} waits for no answer", id=lineage.pk)
        raise BadInput("certificate", said, Sentence("Make a request first: mailward certificate csr"), code="no-request")
    return pending
