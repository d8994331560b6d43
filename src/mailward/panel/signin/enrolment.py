"""Setting up second factors: a code app, a passkey, and the recovery codes that come with the first of them."""

import base64
import time
from collections.abc import Mapping

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import clear_totp_secret, get_totp_secret
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.sentence import Sentence
from mailward.panel.signed_in import signed_in
from mailward.panel.signin import factors, passkeys
from mailward.panel.signin.owner import owner, owner_present
from mailward.panel.signin.sign_in import status_of
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.web.second_factor import has_one, is_demanded
from mailward.words import say

_SHOWN = "recovery_codes_shown_until"
SHOWN_SECONDS = 600


@require_safe
@signed_in
def enrol(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Where somebody is led who must have a second factor and has none."""
    if has_one(owner(request).pk):
        return HttpResponseRedirect("/")
    return render(request, "panel/signin/enrol.html", {})


@require_http_methods(["GET", "HEAD", "POST"])
@owner_present
def code_app(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The secret as a picture and as text; a code of the app proves that it was taken over."""
    account, trouble = owner(request), None
    if factors.has(account, factors.TOTP_TYPE):
        return HttpResponseRedirect(reverse("account"))
    secret = get_totp_secret(regenerate=request.method != "POST")
    if request.method == "POST":
        try:
            factors.add_code_app(request, account, secret, request.POST.get("code", ""))
            clear_totp_secret(request)
            return _after_adding(request)
        except BadInput as bad:
            trouble = bad
    address = get_adapter().build_totp_url(account, secret)
    picture = base64.b64encode(get_adapter().build_totp_svg(address).encode()).decode()
    context = {"trouble": trouble, "secret": secret, "address": address, "picture": f"data:image/svg+xml;base64,{picture}"}
    return _page(request, actor, "panel/signin/code_app.html", context, trouble)


@require_http_methods(["GET", "HEAD", "POST"])
@owner_present
def passkey(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    account, trouble = owner(request), None
    name = request.POST.get("name", "")
    if request.method == "POST":
        try:
            passkeys.add(request, account, name, request.POST.get("credential", ""))
            return _after_adding(request)
        except BadInput as bad:
            trouble = bad
    context = {"trouble": trouble, "name": name, "options": passkeys.asked_to_make(account)}
    return _page(request, actor, "panel/signin/passkey.html", context, trouble)


def _page(
    request: HttpRequest, actor: Actor, template: str, context: Mapping[str, object], trouble: BadInput | None
) -> HttpResponse:
    """In the panel's frame; without its menu for somebody who may see nothing of it yet."""
    bare = is_demanded(actor.grants) and not has_one(owner(request).pk)
    frame = {"around": "panel/bare.html" if bare else "panel/base.html", "bare": bare}
    return render(request, template, {**context, **frame}, status=status_of(trouble))


def _after_adding(request: HttpRequest) -> HttpResponseBase:
    """With the first second factor come recovery codes, shown at once."""
    account = owner(request)
    if factors.has(account, factors.RECOVERY):
        messages.success(request, say(Sentence("The second factor is set up."), language_of(request)))
        return HttpResponseRedirect(reverse("account"))
    return _new_codes(request)


def _new_codes(request: HttpRequest) -> HttpResponseBase:
    factors.new_recovery_codes(request, owner(request))
    request.session[_SHOWN] = time.time() + SHOWN_SECONDS
    return HttpResponseRedirect(reverse("recovery-codes"))


@require_POST
@owner_present
def remove(request: HttpRequest, actor: Actor, number: int) -> HttpResponseBase:
    """A code app or a passkey."""
    try:
        factors.remove(request, owner(request), number, demanded=is_demanded(actor.grants))
        messages.success(request, say(Sentence("The second factor is removed."), language_of(request)))
    except BadInput as bad:
        for sentence in (bad.what, bad.remedy):
            if sentence.template:
                messages.error(request, say(sentence, language_of(request)))
    return HttpResponseRedirect(reverse("account"))


@require_http_methods(["GET", "HEAD", "POST"])
@owner_present
def recovery(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The codes, for ten minutes after they were made and in that session alone; POST makes new ones."""
    if request.method == "POST":
        return _new_codes(request)
    codes = _codes_to_show(request)
    return render(request, "panel/signin/recovery.html", {"codes": codes}) if codes else _no_codes()


@require_safe
@owner_present
def recovery_file(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The same codes as a text file."""
    codes = _codes_to_show(request)
    if not codes:
        return _no_codes()
    title = Sentence("Recovery codes of {name} at {host}. Each counts once.", name=actor.name, host=_host())
    lines = (say(title, language_of(request)), "", *codes, "")
    response = HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="mailward-recovery-codes.txt"'
    return response


def _codes_to_show(request: HttpRequest) -> tuple[str, ...]:
    if float(request.session.get(_SHOWN, 0)) < time.time():
        return ()
    return factors.recovery_codes(owner(request))


def _no_codes() -> HttpResponseBase:
    return HttpResponseRedirect(reverse("account"))


def _host() -> str:
    return office().settings.hostname
