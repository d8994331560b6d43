"""Certificates: their list and history, orders from an ACME CA, uploads, and requests that another CA answers."""

import base64
import binascii
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router
from pydantic import BaseModel, Field

from mailward.actions import budget as budgets
from mailward.actions import candidates as candidates_of
from mailward.actions import certificate_files, certificate_limits, certificates, orders
from mailward.actions import order_progress as progress
from mailward.actions.rows import CertificateRow, VersionRow
from mailward.api.asked import RunReference, Started, at, heading, reference, started
from mailward.api.paging import Page, Search, list_of, listed, whole
from mailward.api.problems import Refusal
from mailward.api.shapes import LARGEST, Shape, shape_of
from mailward.api.wishes import Lineage, Name, Pem, Secret, Wish
from mailward.certificates.budget import Forecast
from mailward.model.certificates import Challenge
from mailward.model.sentence import Sentence
from mailward.model.settings import KeyType

router = Router()
Certificate = shape_of(CertificateRow, "Certificate")
Version = shape_of(VersionRow, "Version")
Limit = shape_of(Forecast, "Forecast", also=("left",))
Progress = shape_of(progress.OrderProgress, "OrderProgress")
Fitting = shape_of(candidates_of.Candidates, "Candidates")
Left = shape_of(certificate_limits.LimitLeft, "LimitLeft")
PEM = "application/pem-certificate-chain"  # RFC 8555 section 9.1
VersionNumber = Annotated[int, Path(ge=1, le=LARGEST, description="The version's number")]
Scope = Annotated[Name, Field(description='A domain, or "server"', examples=["alpha.test"])]
Names = list[Name]


class CertificateSearch(Search):
    """Which certificates are wanted."""

    domain: str | None = Field(None, max_length=253, description='Only those that this domain (or "server") can choose')


class WhichPart(BaseModel):
    """What of a version is wanted."""

    part: certificate_files.Part = Field(certificate_files.Part.CHAIN, description="The chain, or the certificate alone")


class NewOrder(Wish):
    """A certificate to get from an ACME CA."""

    domain: Scope
    names: Names = Field(default_factory=list, description="The names; none: the usual ones", max_length=100)
    challenge: Challenge = Field(Challenge.DNS_01, description="How control of the names is shown")
    ca: Name | None = Field(None, description="Which of the CAs of the settings; null: the first", examples=[None])
    key_type: KeyType | None = Field(None, description="The kind of key; null: as the settings say")


class Upload(Wish):
    """A certificate with its chain and key. The key is sealed in this request and shown to nobody."""

    domain: Scope
    certificate: Pem | None = Field(None, description="PEM: the certificate, its chain, and the key unless it is apart")
    key: Pem | None = Field(None, description="PEM: the private key")
    pkcs12: Pem | None = Field(None, description="PKCS#12 instead of PEM, in base64")
    password: Secret | None = Field(None, description="What the key or the PKCS#12 file is locked with")
    replaces: Lineage | None = Field(None, description="The uploaded certificate whose next version this is")


class NewRequest(Wish):
    """A request (CSR) for a certificate that is bought elsewhere."""

    domain: Scope
    names: Names = Field(default_factory=list, description="The names; none: the usual ones", max_length=100)
    key_type: KeyType | None = Field(None, description="ecdsa or rsa; null: as the settings say")


class Answer(Wish):
    """What the CA answered."""

    certificate: Pem = Field(description="PEM: the certificate and its chain")


class Uploaded(Shape):
    """The certificate, and the run that brings it to the doors where it is chosen already."""

    certificate: Certificate = Field(description="The certificate")  # type: ignore[valid-type]
    run: RunReference | None = Field(description="null: it is shown nowhere yet")


class Requested(Shape):
    """A certificate that waits for its CA, and the request to hand to it."""

    certificate: Certificate = Field(description="The certificate")  # type: ignore[valid-type]
    csr: str = Field(description="PEM: the request")


class Csr(Shape):
    """A request to hand to a CA."""

    csr: str = Field(description="PEM: the request")


@router.get("/certificates", response=list_of(Certificate), summary="List certificates")
def list_certificates(request: HttpRequest, page: Query[CertificateSearch]) -> Any:
    """All in reach, or those that a domain (or "server") can choose."""
    found = certificates.list_certificates(
        *at(request), page.domain, search=page.search, offset=page.offset, limit=page.limit
    )
    return listed(request, found, page)


@router.post("/certificates/orders", response={202: Started}, summary="Order a certificate")
def order_certificate(request: HttpRequest, wish: NewOrder) -> Any:
    """Without names: the wildcard of the domain. Choose it afterwards, or use secure, which does both."""
    asked = orders.issue(*at(request), wish.domain, tuple(wish.names), wish.challenge, wish.ca, wish.key_type)
    return started(request, asked)


@router.post("/certificates/uploads", response={201: Uploaded}, summary="Upload a certificate")
def upload_certificate(request: HttpRequest, wish: Upload) -> Any:
    """PEM or PKCS#12. Every refusal says what is wrong with which part."""
    key = None if wish.key is None else wish.key.encode()
    row, asked = certificates.upload(*at(request), wish.domain, _material(wish), key, wish.password, wish.replaces)
    return {"certificate": row, "run": None if asked is None else reference(asked)}


@router.post("/certificates/requests", response={201: Requested}, summary="Make a request (CSR)")
def request_certificate(request: HttpRequest, wish: NewRequest) -> Any:
    """The key is made here, and never leaves the host."""
    row, csr = certificates.signing_request(*at(request), wish.domain, tuple(wish.names), wish.key_type)
    return {"certificate": row, "csr": csr.decode()}


@router.get("/certificates/{certificate}", response=Certificate, summary="Show a certificate")
def show_certificate(request: HttpRequest, certificate: str) -> Any:
    """One certificate through all its renewals."""
    return certificates.show_certificate(*at(request), certificate)


@router.get("/certificates/{certificate}/versions", response=list_of(Version), summary="Show a certificate's history")
def certificate_versions(request: HttpRequest, certificate: str, page: Query[Page]) -> Any:
    """Every version that there was, the newest first."""
    return whole(request, certificates.history(*at(request), certificate), page)


@router.get("/certificates/{certificate}/request", response=Csr, summary="Show a request that waits")
def pending_request(request: HttpRequest, certificate: str) -> Any:
    """The CSR of a certificate that still waits for its CA's answer."""
    return {"csr": certificates.pending_request(*at(request), certificate).decode()}


@router.post("/certificates/{certificate}/answer", response={202: Started}, summary="Hand in a CA's answer")
def answer_request(request: HttpRequest, certificate: str, wish: Answer) -> Any:
    """The certificate that was bought for a request made here."""
    return started(request, certificates.answer(*at(request), certificate, wish.certificate.encode()))


@router.post("/certificates/{certificate}/renew", response={202: Started}, summary="Renew a certificate")
def renew_certificate(request: HttpRequest, certificate: str) -> Any:
    """The next version now, whatever the date."""
    return started(request, orders.renew(*at(request), certificate))


@router.post("/certificates/{certificate}/revoke", response={202: Started}, summary="Revoke a certificate")
def revoke_certificate(request: HttpRequest, certificate: str) -> Any:
    """Tell the CA that it must not be trusted any more. Refused while it is shown somewhere."""
    return started(request, orders.revoke(*at(request), certificate))


@router.get(
    "/certificates/{certificate}/versions/{number}/pem",
    response={200: None},
    summary="Download a certificate",
    openapi_extra={"responses": {200: {"content": {PEM: {"schema": {"type": "string"}}}}}},
)
def download_certificate(request: HttpRequest, certificate: str, number: VersionNumber, which: Query[WhichPart]) -> Any:
    """The certificate with its chain, or alone, as PEM. Never its key."""
    file = certificate_files.pem_file(*at(request), certificate, number, which.part)
    heading(request)["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return HttpResponse(file.content, content_type=PEM)


@router.get("/certificates/{certificate}/progress", response=Progress | None, summary="Show how far an order is")
def order_progress(request: HttpRequest, certificate: str) -> Any:
    """The newest order of this certificate, step by step; null: there never was one."""
    return progress.order_progress(*at(request), certificate)


@router.get("/domains/{domain}/candidates", response=Fitting, summary="List the certificates that fit a domain")
def candidates(request: HttpRequest, domain: str) -> Any:
    """Which can be chosen for webmail and mail, and why the others can't."""
    return candidates_of.candidates(*at(request), domain)


@router.get("/domains/{domain}/limits", response=list_of(Left), summary="Show what a CA's limits leave for a domain")
def limits_left(request: HttpRequest, domain: str, page: Query[Page]) -> Any:
    """Before an order: the scarcest first, by Let's Encrypt's published limits."""
    return whole(request, certificate_limits.limits_left(*at(request), domain), page)


@router.get("/budget", response=list_of(Limit), summary="Show what the CA's limits leave")
def budget(request: HttpRequest, page: Query[Page]) -> Any:
    """Let's Encrypt's published limits: what is used, and when they would be exceeded. The fullest first."""
    return whole(request, budgets.budget(*at(request)), page)


def _material(wish: Upload) -> bytes:
    if (wish.certificate is None) == (wish.pkcs12 is None):
        said = Sentence("either certificate or pkcs12 is needed, and not both")
        raise Refusal(422, "one-of-two", said, field="certificate")
    if wish.certificate is not None:
        return wish.certificate.encode()
    try:
        return base64.b64decode(wish.pkcs12 or "", validate=True)
    except (binascii.Error, ValueError) as trouble:
        raise Refusal(422, "not-base64", Sentence("this is not base64"), field="pkcs12") from trouble
