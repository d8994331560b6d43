"""One's own account: password, second factors, sessions, language."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from mailward.actions.passwords import refuse_weak
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.sentence import Sentence
from mailward.panel.signed_in import signed_in
from mailward.panel.signin import factors, told
from mailward.panel.signin.browsers import browser_name
from mailward.panel.signin.owner import owner
from mailward.panel.signin.sign_in import known, status_of
from mailward.store.models import Account
from mailward.web.language import COOKIE, language_of, remember
from mailward.web.office import office
from mailward.web.second_factor import is_demanded
from mailward.words import LANGUAGES, say


@dataclass(frozen=True)
class SessionRow:
    """Somebody signed in somewhere. ``browser``: what it says it is."""

    number: int
    browser: str
    address: str
    began_at: datetime
    last_seen_at: datetime
    is_current: bool


@require_safe
@signed_in
def account(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    return _page(request, actor)


def _page(request: HttpRequest, actor: Actor, trouble: BadInput | None = None) -> HttpResponse:
    mine = owner(request)
    found = factors.factors_of(mine)
    context = {
        "trouble": trouble,
        "factors": found,
        "has_code_app": any(not factor.is_passkey for factor in found),
        "codes_left": factors.recovery_codes_left(mine) if found else 0,
        "demanded": is_demanded(actor.grants),
        "sessions": _sessions(request, mine),
        "chosen_language": mine.language,
        "all_languages": LANGUAGES,
    }
    return render(request, "panel/signin/account.html", context, status=status_of(trouble))


def _sessions(request: HttpRequest, mine: Account) -> tuple[SessionRow, ...]:
    """Those that still count, the latest first."""
    rows = list(UserSession.objects.filter(user=mine).order_by("-last_seen_at")[:100])
    alive = set(Session.objects.filter(session_key__in=[row.session_key for row in rows]).values_list("pk", flat=True))
    return tuple(
        SessionRow(
            row.pk, browser_name(row.user_agent), row.ip, row.created_at, row.last_seen_at,
            row.session_key == request.session.session_key,
        )
        for row in rows if row.session_key in alive
    )  # fmt: skip


@sensitive_post_parameters()
@require_POST
@signed_in
def password(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """A new password; all other sessions of this account end."""
    mine = owner(request)
    try:
        try:
            known(request, mine.email, request.POST.get("old", ""))
        except BadInput as bad:
            said = bad.what if bad.code == "too-many" else Sentence("this is not your password")
            raise BadInput("old", said, bad.remedy, code=bad.code) from None
        new = request.POST.get("password", "")
        refuse_weak(office(), new, (mine.email, mine.name))
        if new != request.POST.get("again", ""):
            raise BadInput("again", Sentence("the two are not the same"), Sentence("Type it again."))
    except BadInput as bad:
        return _page(request, actor, bad)
    mine.set_password(new)
    mine.save(update_fields=["password"])
    key = request.session.session_key
    _end(request, mine, UserSession.objects.filter(user=mine).exclude(session_key=key), tell=False)
    update_session_auth_hash(request, mine)  # the session gets a new name, too
    UserSession.objects.filter(session_key=key).update(session_key=request.session.session_key)
    told.tell(request, mine, "person.password-changed")
    messages.success(request, say(Sentence("Your password is changed. All other sessions ended."), language_of(request)))
    return HttpResponseRedirect(reverse("account"))


@require_POST
@signed_in
def end_sessions(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """One of them, by its number; or all but this one."""
    mine, key = owner(request), request.session.session_key
    rows = UserSession.objects.filter(user=mine)
    number = request.POST.get("session", "")
    if number == "others":
        rows = rows.exclude(session_key=key)
    else:
        rows = rows.filter(pk=int(number) if number.isdecimal() and len(number) < 18 else 0)
    ended = _end(request, mine, rows)
    if ended:
        messages.success(request, say(Sentence("Ended: {count} sessions.", count=ended), language_of(request)))
    return HttpResponseRedirect(reverse("account"))


def _end(request: HttpRequest, mine: Account, rows: Iterable[UserSession], *, tell: bool = True) -> int:
    ended = list(rows)
    for row in ended:
        row.end()
        if tell:
            told.tell(request, mine, "session.ended", address=row.ip)
    return len(ended)


@require_POST
@signed_in
def language(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The account's language; "": as each browser wishes."""
    mine, wish = owner(request), request.POST.get("language", "")
    mine.language = wish if wish in LANGUAGES else ""
    mine.save(update_fields=["language"])
    remember(request, mine.language)
    response = HttpResponseRedirect(reverse("account"))
    response.delete_cookie(COOKIE, samesite="Lax")  # what was clicked in this browser before counts no more
    return response
