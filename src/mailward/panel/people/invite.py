"""Inviting somebody: an address, a role, and a link that is shown once and given to them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from mailward.actions.invitations import invite
from mailward.actions.people_rows import Invited
from mailward.model.errors import BadInput, Forbidden, NeedsSecondFactor
from mailward.model.people import Actor
from mailward.model.sentence import Sentence
from mailward.panel.people.role_form import chosen_grant, role_form
from mailward.panel.signed_in import signed_in
from mailward.web.office import office
from mailward.words import LANGUAGES


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def invite_person(request: HttpRequest, actor: Actor) -> HttpResponse:
    """GET, POST /people/invite/"""
    form = role_form(request, actor)
    if form is None:
        raise Forbidden(Sentence("you may give no role to anybody, and so invite nobody"), code="forbidden")
    confirm_first(actor)
    typed = {name: request.POST.get(name, "").strip() for name in ("email", "name", "language")}
    trouble, status = None, 200
    if request.method == "POST":
        try:
            made = invite(office(), actor, typed["email"], typed["name"], typed["language"], chosen_grant(request, actor))
        except BadInput as refused:
            trouble, status = refused, 422
        else:
            return link_shown(request, made)
    context = {"form": form, "typed": typed, "trouble": trouble, "known_languages": LANGUAGES}
    return render(request, "panel/people/invite.html", context, status=status)


def link_shown(request: HttpRequest, made: Invited) -> HttpResponse:
    """The link, this once: the store keeps no more than its hash."""
    link = request.build_absolute_uri(f"/invitation/{made.secret}/")
    return render(request, "panel/people/link.html", {"person": made.person, "link": link, "until": made.expires_at})


def confirm_first(actor: Actor) -> None:
    """The action will ask for a second factor: better before a form is filled in than after."""
    if not actor.is_fresh:
        raise NeedsSecondFactor(Sentence("this asks for your second factor, shown just now"), code="needs-second-factor")
