"""One certificate: what it is, its history, how its order goes on, and what can be done with it. A key is never shown."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailward.actions import certificates as actions
from mailward.actions import orders
from mailward.actions.certificate_files import Part, pem_file
from mailward.actions.certificate_states import seen
from mailward.actions.order_progress import OrderProgress, order_progress
from mailward.actions.rights_here import rights_at
from mailward.actions.rows import CertificateRow
from mailward.model.certificates import Source
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.panel.certificates.listing import shown
from mailward.panel.certificates.material import MOST_TEXT
from mailward.panel.signed_in import needing, signed_in
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import say

AT_THE_END = 286  # what htmx takes as: show this, and stop asking


@dataclass(frozen=True)
class Rights:
    """Which buttons are offered. The actions ask again."""

    change: bool
    revoke: bool


@require_safe
@signed_in
def certificate(request: HttpRequest, actor: Actor, lineage: str) -> HttpResponse:
    """GET /certificates/<id>/"""
    return _page(request, actor, lineage)


@require_safe
@signed_in
def live(request: HttpRequest, actor: Actor, lineage: str) -> HttpResponse:
    """GET /certificates/<id>/live/: the progress alone. When it has ended, the whole page is asked for anew."""
    progress = order_progress(office(), actor, lineage)
    response = render(request, "panel/certificates/progress.html", {"progress": progress, "lineage": lineage})
    if progress is None or progress.is_over:
        response.headers["HX-Refresh"] = "true"
    return response


@require_safe
@signed_in
def download(request: HttpRequest, actor: Actor, lineage: str, number: int, part: str) -> HttpResponse:
    """GET /certificates/<id>/<number>/<part>.pem: PEM of a version's chain or of its leaf alone."""
    if part not in list(Part):
        raise BadInput("part", Sentence("there is no such file"), code="unknown")
    file = pem_file(office(), actor, lineage, number, Part(part))
    response = HttpResponse(file.content, content_type="application/x-pem-file")
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
@signed_in
def request_file(request: HttpRequest, actor: Actor, lineage: str) -> HttpResponse:
    """GET /certificates/<id>/request.csr: the signing request that waits for its answer."""
    response = HttpResponse(actions.pending_request(office(), actor, lineage), content_type="application/pkcs10")
    response.headers["Content-Disposition"] = 'attachment; filename="request.csr"'
    return response


@require_POST
@signed_in
def renew(request: HttpRequest, actor: Actor, lineage: str) -> HttpResponse:
    """POST /certificates/<id>/renew/"""
    try:
        orders.renew(office(), actor, lineage)
    except BadInput as trouble:
        return _page(request, actor, lineage, trouble)
    return HttpResponseRedirect(reverse("certificate", args=[lineage]))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@needing(Act.CERTIFICATES_REVOKE)
def revoke(request: HttpRequest, actor: Actor, lineage: str) -> HttpResponse:
    """/certificates/<id>/revoke/: what it means, then doing it (a fresh second factor is asked for by the action)."""
    row = actions.show_certificate(office(), actor, lineage)
    trouble = None
    if request.method == "POST":
        try:
            orders.revoke(office(), actor, lineage)
        except BadInput as refused:
            trouble = refused
        else:
            return HttpResponseRedirect(reverse("certificate", args=[lineage]))
    context = {"one": shown(row, None), "trouble": trouble}
    return render(request, "panel/certificates/revoke.html", context, status=400 if trouble else 200)


@require_POST
@signed_in
def answer(request: HttpRequest, actor: Actor, lineage: str) -> HttpResponse:
    """POST /certificates/<id>/answer/: what the certificate authority sent for the request that was made here."""
    file = request.FILES.get("answer_file")
    pasted = request.POST.get("certificate", "")[: MOST_TEXT + 1].encode()
    material = b"\n".join(
        part for part in ((file.read(MOST_TEXT + 1) if file is not None else b""), pasted) if part.strip()
    )
    try:
        actions.answer(office(), actor, lineage, material)
    except BadInput as trouble:
        return _page(request, actor, lineage, trouble)
    said = Sentence("The answer was taken in. It is checked now, with the key that was made for its request.")
    messages.success(request, say(said, language_of(request)))
    return HttpResponseRedirect(reverse("certificate", args=[lineage]))


def _page(request: HttpRequest, actor: Actor, lineage: str, trouble: BadInput | None = None) -> HttpResponse:
    row = actions.show_certificate(office(), actor, lineage)
    if trouble is not None and trouble.code == "unknown":
        raise trouble
    met = seen(office(), actor, [row])
    progress = order_progress(office(), actor, lineage)
    context: dict[str, Any] = {
        "one": shown(row, met.get(row.sha256) or met.get(row.companion_sha256)),
        "history": actions.history(office(), actor, lineage),
        "progress": progress if _is_news(progress) else None,
        "is_going_on": progress is not None and not progress.is_over,
        "rights": _rights(actor, row),
        "may_renew": row.source in (Source.ACME, Source.SELF_SIGNED),
        "may_replace": row.source == Source.UPLOAD,
        "may_revoke": row.source == Source.ACME and row.current is not None and not row.chosen_for,
        "request_pem": _waiting_request(actor, row),
        "lineage": row.id,
        "trouble": trouble,
    }
    return render(request, "panel/certificates/one.html", context, status=400 if trouble is not None else 200)


def _is_news(progress: OrderProgress | None) -> bool:
    """Whether the last wish is still worth showing: it goes on, it failed, or it ended just now."""
    if progress is None:
        return False
    ended = progress.finished_at
    return not progress.went_well or ended is None or (office().clock.now() - ended).total_seconds() < 900


def _waiting_request(actor: Actor, row: CertificateRow) -> str:
    if row.source != Source.CSR:
        return ""
    try:
        return actions.pending_request(office(), actor, row.id).decode("ascii")
    except BadInput:  # it was answered
        return ""


def _rights(actor: Actor, row: CertificateRow) -> Rights:
    rights = rights_at(office(), actor, row.domain)
    if row.domain == SERVER:
        return Rights(change=Act.SERVER_CHANGE in rights, revoke=Act.SERVER_CHANGE in rights)
    return Rights(change=Act.CERTIFICATES_CHANGE in rights, revoke=Act.CERTIFICATES_REVOKE in rights)
