"""Mail server settings: the server's own certificates, its doors, its TLS profile, its CAs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from mailward.actions import certificates, choices
from mailward.actions.server import change_server, show_server
from mailward.model.doors import Door, Tls
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.model.server_wish import ServerWish
from mailward.model.settings import KeyType, SecondFactor, TlsProfile
from mailward.panel import board
from mailward.panel.operations.following import run_address
from mailward.panel.signed_in import signed_in
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import say

T = TypeVar("T", bound=StrEnum)
DOORS: Mapping[Door, Sentence] = {
    Door.HTTPS: Sentence("Browsers: webmail and this panel"),
    Door.IMAPS: Sentence("Mail programs read mail"),
    Door.POP3S: Sentence("Mail programs fetch mail"),
    Door.SMTP: Sentence("Other mail servers bring mail"),
    Door.SUBMISSION: Sentence("Mail programs send mail"),
    Door.SUBMISSIONS: Sentence("Mail programs send mail"),
    Door.IMAP: Sentence("Older mail programs read mail"),
    Door.POP3: Sentence("Older mail programs fetch mail"),
    Door.SIEVE: Sentence("Mail programs change filters"),
}
TLS: Mapping[Tls, Sentence] = {
    Tls.IMPLICIT: Sentence("encrypted from the first byte"),
    Tls.STARTTLS: Sentence("encrypted after STARTTLS"),
    Tls.NONE: Sentence("in clear text"),
}
KEYS: Mapping[KeyType, Sentence] = {
    KeyType.P256: Sentence("ECDSA P-256: small, fast, known to every program of the last ten years"),
    KeyType.RSA2048: Sentence("RSA 2048: for very old programs"),
    KeyType.RSA3072: Sentence("RSA 3072: for very old programs, and a longer life"),
    KeyType.BOTH: Sentence("both: ECDSA P-256, and RSA 2048 for those that know nothing else"),
}
FACTORS: Mapping[SecondFactor, Sentence] = {
    SecondFactor.BY_ROLE: Sentence("providers, support, DNS administrators and auditors must have one"),
    SecondFactor.OPTIONAL: Sentence("whoever wants one has one"),
    SecondFactor.EVERYBODY: Sentence("everybody must have one"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def server(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The page, and its one form of settings."""
    trouble = None
    if request.method == "POST":
        try:
            asked = change_server(office(), actor, _wish(request, actor))
            return HttpResponseRedirect(run_address(asked, reverse("server")))
        except BadInput as found:
            trouble = found
    return _page(request, actor, trouble)


@require_POST
@signed_in
def choose(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The server-wide certificate and the panel's."""
    mail, panel = request.POST.get("mail", ""), request.POST.get("panel", "")
    try:
        asked = choices.choose(office(), actor, SERVER, webmail=panel or None, mail=mail or None)
    except BadInput as trouble:
        return _page(request, actor, trouble)
    for warning in asked.warnings:
        messages.warning(request, say(warning, language_of(request)))
    return HttpResponseRedirect(run_address(asked, reverse("server")))


@require_POST
@signed_in
def secure(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One button: a valid certificate for the server's own name, at the mail doors and for the panel."""
    return HttpResponseRedirect(run_address(choices.secure(office(), actor, SERVER), reverse("server")))


def _page(request: HttpRequest, actor: Actor, trouble: BadInput | None) -> HttpResponse:
    view = show_server(office(), actor)
    own = [row for row in certificates.list_certificates(office(), actor, SERVER).rows if row.current is not None]
    context = {
        "view": view,
        "doors": [(row, DOORS[row.door], TLS[row.tls], board.STATES[row.verdict]) for row in view.doors],
        "keys": [(kind, words) for kind, words in KEYS.items() if kind is not KeyType.BOTH or view.may_use_both_keys],
        "profiles": list(TlsProfile),
        "factor": FACTORS[view.second_factor],
        "candidates": own,
        "may_change": actor.may(Act.SERVER_CHANGE),
        "trouble": trouble,
    }
    return render(request, "panel/operations/server.html", context, status=400 if trouble else 200)


def _wish(request: HttpRequest, actor: Actor) -> ServerWish:
    """What differs from what is."""
    view = show_server(office(), actor)
    opened = tuple(row.door for row in view.doors if row.may_close and request.POST.get(f"door-{row.door.value}"))
    now_open = tuple(row.door for row in view.doors if row.may_close and row.port is not None)
    profile = _one_of(TlsProfile, request.POST.get("tls_profile"), "tls_profile")
    key = _one_of(KeyType, request.POST.get("key_type"), "key_type")
    now_cas = tuple(ca.name for ca in view.cas)
    cas = _cas(request, now_cas)
    contact = request.POST.get("contact", "").strip()[:254]
    return ServerWish(
        open_doors=opened if opened != now_open else None,
        tls_profile=profile if profile is not view.tls_profile else None,
        key_type=key if key is not view.key_type else None,
        cas=cas if cas != now_cas else None,
        contact=contact if contact != (view.cas[0].contact if view.cas else "") else None,
    )


def _cas(request: HttpRequest, now: tuple[str, ...]) -> tuple[str, ...]:
    """Those that stay, the one that was chosen as first in front, and the one that was added at the end."""
    kept = [name for name in now if not request.POST.get(f"ca-remove-{name}")]
    first, added = request.POST.get("ca_first", ""), request.POST.get("ca_add", "")[:60]
    kept.sort(key=lambda name: name != first)
    return tuple(kept) + ((added,) if added else ())


def _one_of(kind: type[T], text: str | None, field: str) -> T | None:
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise BadInput(field, Sentence("choose one of those that are shown")) from None
