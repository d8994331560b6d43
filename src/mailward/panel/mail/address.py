"""One e-mail address: its password, its app passwords, how much it may hold, and its end. What is secret is shown once."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailward.actions import app_passwords
from mailward.actions import mailboxes as actions
from mailward.actions.rights_here import rights_at
from mailward.actions.rows import AliasRow, MailboxRow
from mailward.model.errors import BadInput, MailwardError, NotPossible
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.panel.mail.quota import quota_bytes, quota_text
from mailward.panel.signed_in import needing, signed_in
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import say

PROTOCOLS = (
    ("imap", Sentence("read mail (IMAP)")),
    ("pop3", Sentence("fetch mail (POP3)")),
    ("submission", Sentence("send mail")),
    ("sieve", Sentence("filters (ManageSieve)")),
)


@require_safe
@signed_in
def address(request: HttpRequest, actor: Actor, address: str) -> HttpResponse:
    """GET /mail/addresses/<address>/: a mailbox, or an alias."""
    alias = _alias(actor, address) if _box(actor, address) is None else None
    if alias is not None:
        return render(request, "panel/mail/alias.html", {"alias": alias, "may": _may(actor, address)})
    return _page(request, actor, address)


@sensitive_post_parameters()
@require_POST
@signed_in
@needing(Act.PASSWORDS_CHANGE)
def password(request: HttpRequest, actor: Actor, address: str) -> HttpResponse:
    """POST /mail/addresses/<address>/password/: the one that was typed, or (``make``) one that is made and shown once."""
    given = None if "make" in request.POST else request.POST.get("password", "")
    try:
        if given == "":
            raise BadInput("password", Sentence("no password was typed"), Sentence("Type one, or have one made."))
        asked = actions.change_password(office(), actor, address, given)
    except BadInput as trouble:
        return _page(request, actor, address, trouble)
    if asked.secret is not None:
        return render(request, "panel/mail/secret.html", {"address": address, "secret": asked.secret})
    return _done(request, address, Sentence("The password is changed. Whoever was logged in has to log in again."))


@require_POST
@signed_in
def quota(request: HttpRequest, actor: Actor, address: str) -> HttpResponse:
    """POST /mail/addresses/<address>/quota/"""
    try:
        actions.change_quota(office(), actor, address, quota_bytes(request.POST.get("quota", "")))
    except BadInput as trouble:
        return _page(request, actor, address, trouble)
    return _done(request, address, Sentence("The quota is changed."))


@require_POST
@signed_in
def switch(request: HttpRequest, actor: Actor, address: str) -> HttpResponse:
    """POST /mail/addresses/<address>/switch/: whether anybody can log in."""
    if request.POST.get("to") == "on":
        actions.enable_mailbox(office(), actor, address)
        return _done(request, address, Sentence("Its owner can log in again."))
    actions.disable_mailbox(office(), actor, address)
    return _done(request, address, Sentence("Nobody can log in to it any more. Mail is still taken in."))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@needing(Act.MAILBOXES_REMOVE)
def remove(request: HttpRequest, actor: Actor, address: str) -> HttpResponse:
    """/mail/addresses/<address>/remove/: what happens to the mail, then doing it."""
    alias = _alias(actor, address) if _box(actor, address) is None else None
    if request.method == "POST":
        (actions.remove_alias if alias is not None else actions.remove_mailbox)(office(), actor, address)
        said = Sentence("{address} is removed.", address=address)
        messages.success(request, say(said, language_of(request)))
        show = "?show=aliases" if alias is not None else ""
        return HttpResponseRedirect(reverse("addresses") + show)
    if alias is None:
        _row(actor, address)  # says when there is none
    return render(request, "panel/mail/address_remove.html", {"address": address, "alias": alias})


@require_POST
@signed_in
def app_password(request: HttpRequest, actor: Actor, address: str) -> HttpResponse:
    """POST /mail/addresses/<address>/app-passwords/: one is made, and shown in this answer alone."""
    try:
        label, protocols = request.POST.get("label", "")[:200], request.POST.getlist("protocols")
        asked = app_passwords.create_app_password(office(), actor, address, label, protocols)
    except BadInput as trouble:
        return _page(request, actor, address, trouble)
    except NotPossible as trouble:
        return _page(request, actor, address, BadInput("label", trouble.what, trouble.remedy, code=trouble.code))
    context = {"address": address, "secret": asked.secret, "label": " ".join(label.split()), "is_app": True}
    return render(request, "panel/mail/secret.html", context)


@require_POST
@signed_in
def app_password_revoke(request: HttpRequest, actor: Actor, address: str, selector: str) -> HttpResponse:
    """POST /mail/addresses/<address>/app-passwords/<selector>/revoke/"""
    app_passwords.revoke_app_password(office(), actor, address, selector)
    return _done(request, address, Sentence("It opens nothing any more."))


def _page(request: HttpRequest, actor: Actor, address: str, trouble: MailwardError | None = None) -> HttpResponse:
    if trouble is not None and trouble.code == "unknown":
        raise trouble
    row = _row(actor, address)
    chosen = request.POST.getlist("protocols") if "label" in request.POST else ["imap", "submission"]
    context: dict[str, Any] = {
        "row": row,
        "quota": request.POST.get("quota", quota_text(row.quota_bytes)),
        "apps": app_passwords.list_app_passwords(office(), actor, row.address),
        "may": _may(actor, row.address),
        "protocols": [(code, said, code in chosen) for code, said in PROTOCOLS],
        "typed_label": request.POST.get("label", ""),
        "trouble": trouble,
    }
    return render(request, "panel/mail/address.html", context, status=400 if trouble is not None else 200)


def _done(request: HttpRequest, address: str, said: Sentence) -> HttpResponse:
    messages.success(request, say(said, language_of(request)))
    return HttpResponseRedirect(reverse("address", args=[address]))


def _row(actor: Actor, address: str) -> MailboxRow:
    """Raises BadInput (``unknown``) also for what collects everything else (@domain) where nothing does."""
    if address.startswith("@"):
        raise BadInput("address", Sentence("there is no alias {address}", address=address), code="unknown")
    return actions.show_mailbox(office(), actor, address)


def _box(actor: Actor, address: str) -> MailboxRow | None:
    try:
        return actions.show_mailbox(office(), actor, address)
    except BadInput:
        return None


def _alias(actor: Actor, address: str) -> AliasRow | None:
    """The alias of exactly this address, if it is in reach."""
    domain = address.rpartition("@")[2]
    if not actor.may_somewhere(Act.MAILBOXES_READ):
        return None
    try:
        found = actions.list_aliases(office(), actor, domain, search=address, limit=100)
    except BadInput:
        return None
    return next((one for one in found.rows if one.address == address.lower()), None)


def _may(actor: Actor, address: str) -> dict[str, bool]:
    """Which forms are offered. The actions ask again."""
    rights = rights_at(office(), actor, address.rpartition("@")[2], address)
    return {
        "change": Act.MAILBOXES_CHANGE in rights,
        "remove": Act.MAILBOXES_REMOVE in rights,
        "password": Act.PASSWORDS_CHANGE in rights,
        "clients": Act.CLIENTS_READ in rights,
    }
