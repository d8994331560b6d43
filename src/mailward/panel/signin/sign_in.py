"""Signing in and out: the password, then the second factor of whoever has one.

An unknown address, a wrong password, a closed account and one that was never opened are answered alike, in about the same
time (a password is hashed in every case).
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.account.stages import LoginStage, LoginStageController
from allauth.core import ratelimit
from allauth.mfa.stages import AuthenticateStage
from allauth.usersessions.models import UserSession
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.panel.signin import factors, passkeys, told
from mailward.panel.signin.factors import PASSKEY, RECOVERY, TOTP_TYPE, too_many
from mailward.store.models import Account

LONGEST_PASSWORD = 1024


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """The first step: address and password."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(wanted(request))
    email = request.POST.get("email", "").strip().lower()[:254]
    trouble = None
    if request.method == "POST":
        try:
            account = known(request, email, request.POST.get("password", ""))
            login = Login(user=account, email=account.email, redirect_url=wanted(request))
            answer: HttpResponse = perform_password_login(request, {"email": account.email}, login)
            return answer
        except BadInput as bad:
            trouble = bad
    status = 200 if trouble is None else 429 if trouble.code == "too-many" else 400
    context = {"trouble": trouble, "email": email, "next": request.POST.get("next", request.GET.get("next", ""))}
    return render(request, "panel/signin/sign_in.html", context, status=status)


def known(request: HttpRequest, email: str, password: str) -> Account:
    """The account with this address and password. Raises BadInput, the same for all that is wrong."""
    if not ratelimit.consume(request, action="login"):
        raise too_many("")
    try:
        found = get_adapter(request).authenticate(request, email=email, password=password[:LONGEST_PASSWORD] or " ")
    except ValidationError:
        raise too_many("") from None
    if isinstance(found, Account) and found.is_active:
        return found
    told.failed(request, Account.objects.filter(email=email).first(), "password")
    raise BadInput("", Sentence("this address and password do not belong together"), Sentence("Try again."))


@require_http_methods(["GET", "HEAD", "POST"])
def second(request: HttpRequest) -> HttpResponseBase:
    """The second step: a one-time code, a passkey, or a recovery code."""
    stage: LoginStage | None = LoginStageController.enter(request, AuthenticateStage.key)
    if request.user.is_authenticated:
        return HttpResponseRedirect(wanted(request))
    if stage is None or not isinstance(stage.login.user, Account):
        return HttpResponseRedirect("/sign-in/")
    account, trouble = stage.login.user, None
    if request.method == "POST":
        try:
            show_factor(request, account)
            answer: HttpResponse = stage.exit()
            return answer
        except BadInput as bad:
            trouble = bad
    return render(request, "panel/signin/second.html", ways(account, trouble), status=status_of(trouble))


def show_factor(request: HttpRequest, account: Account, *, again: bool = False) -> None:
    """What was sent, as a second factor. Raises BadInput."""
    if request.POST.get("credential"):
        passkeys.check(request, account, request.POST["credential"], again=again)
    else:
        factors.check_code(request, account, request.POST.get("code", ""), again=again)


def ways(account: Account, trouble: BadInput | None) -> dict[str, Any]:
    """What a page offers to show a second factor with."""
    has_passkey = factors.has(account, PASSKEY)
    return {
        "trouble": trouble,
        "has_code_app": factors.has(account, TOTP_TYPE),
        "has_recovery": factors.has(account, RECOVERY),
        "passkey": passkeys.asked_to_show(account) if has_passkey else "",
    }


def status_of(trouble: BadInput | None) -> int:
    if trouble is None:
        return 200
    return 429 if trouble.code == "too-many" else 400


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """The session ends here and in the store."""
    if isinstance(request.user, Account):
        UserSession.objects.filter(session_key=request.session.session_key).delete()
        told.tell(request, request.user, "signed-out")
    logout(request)
    return HttpResponseRedirect("/sign-in/")


def wanted(request: HttpRequest) -> str:
    """Where somebody wanted to go, if that is a page of ours."""
    target = request.POST.get("next", request.GET.get("next", ""))
    fits = target.startswith("/") and url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if fits else "/"
