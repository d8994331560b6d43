"""E-mail addresses: the mailboxes and forwarding addresses in reach, and making new ones."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailward.actions import mailboxes as actions
from mailward.actions.office import Asked
from mailward.actions.passwords import judge_password
from mailward.model.errors import BadInput
from mailward.model.passwords import SPOKEN_LEVELS, PasswordLevel
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.panel.mail.quota import quota_bytes
from mailward.panel.signed_in import PER_PAGE, needing, page_of, searched, signed_in, wanted_page
from mailward.web.office import office

KINDS = ("mailbox", "alias", "catch-all")
_MOST_TARGETS = 100


@require_safe
@signed_in
def addresses(request: HttpRequest, actor: Actor) -> HttpResponse:
    """GET /mail/addresses/. Who has one mailbox and nothing to add is led to it."""
    show = "aliases" if request.GET.get("show") == "aliases" else "mailboxes"
    search, number = searched(request), wanted_page(request)
    start = (number - 1) * PER_PAGE
    may_add = actor.may_somewhere(Act.MAILBOXES_CHANGE)
    context: dict[str, Any] = {"show": show, "search": search, "may_add": may_add}
    if show == "aliases":
        aliases = actions.list_aliases(office(), actor, search=search, offset=start, limit=PER_PAGE)
        context |= {"aliases": aliases.rows, "page": page_of(number, aliases.total)}
    else:
        boxes = actions.list_mailboxes(office(), actor, search=search, offset=start, limit=PER_PAGE)
        if boxes.total == 1 and not may_add and not search:
            return HttpResponseRedirect(reverse("address", args=[boxes.rows[0].address]))
        context |= {"boxes": boxes.rows, "page": page_of(number, boxes.total)}
    return render(request, "panel/mail/addresses.html", context)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@needing(Act.MAILBOXES_CHANGE)
def add(request: HttpRequest, actor: Actor) -> HttpResponse:
    """/mail/addresses/add/?kind=: a mailbox, an alias, or what collects everything else."""
    wish = request.POST if request.method == "POST" else request.GET
    kind = wish["kind"] if wish.get("kind") in KINDS else "mailbox"
    trouble = None
    if request.method == "POST":
        try:
            address, asked = _mailbox(request, actor) if kind == "mailbox" else _alias(request, actor, kind)
        except BadInput as refused:
            trouble = refused if refused.field != "domain" else _at_address(refused)
        else:
            return added(request, address, asked)
    kept = {name: request.POST.get(name, "") for name in ("address", "targets", "quota")}
    context = {"kind": kind, "trouble": trouble, "kept": kept, "domain": request.GET.get("domain", "")[:253]}
    return render(request, "panel/mail/address_add.html", context, status=400 if trouble else 200)


def added(request: HttpRequest, address: str, asked: Asked) -> HttpResponse:
    """On to the address; or first its password, if one was made: it is shown in this answer alone."""
    if asked.secret is None:
        return HttpResponseRedirect(reverse("address", args=[address]))
    return render(request, "panel/mail/secret.html", {"address": address, "secret": asked.secret})


@sensitive_post_parameters()
@require_POST
@signed_in
def strength(request: HttpRequest, actor: Actor) -> HttpResponse:
    """POST /mail/addresses/strength/: how good a password is, while it is typed. It is kept and written nowhere."""
    password = request.POST.get("password", "")[:1024]
    context: dict[str, Any] = {"typed": bool(password)}
    if password:
        judged = judge_password(office(), password, (request.POST.get("address", "")[:320],))
        context |= {"judged": judged, "said": SPOKEN_LEVELS[judged.level], "most": len(PasswordLevel) - 1}
    return render(request, "panel/mail/strength.html", context)


def _mailbox(request: HttpRequest, actor: Actor) -> tuple[str, Asked]:
    address = request.POST.get("address", "").strip()
    password = None if "make" in request.POST else request.POST.get("password", "") or None
    asked = actions.add_mailbox(office(), actor, address, password, quota_bytes(request.POST.get("quota", "")))
    return address.lower(), asked


def _alias(request: HttpRequest, actor: Actor, kind: str) -> tuple[str, Asked]:
    address = request.POST.get("address", "").strip()
    if kind == "catch-all":
        address = f"@{address.rpartition('@')[2]}"
    targets = request.POST.get("targets", "").replace(",", " ").replace(";", " ").split()
    if len(targets) > _MOST_TARGETS:
        raise BadInput(
            "targets", Sentence("at most {most} addresses fit into one alias", most=_MOST_TARGETS), code="too-many"
        )
    return address.lower(), actions.add_alias(office(), actor, address, targets)


def _at_address(refused: BadInput) -> BadInput:
    return BadInput("address", refused.what, Sentence("Give an address of a domain of yours."), code=refused.code)
