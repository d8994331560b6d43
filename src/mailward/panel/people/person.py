"""One person: what they hold, how they sign in, and what can be done about it."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from mailward.actions.invitations import renew_invitation
from mailward.actions.people import close_account, end_sessions, open_account, remove_second_factors, show_person
from mailward.actions.roles import grant_role, withdraw_role
from mailward.model.errors import BadInput, NotPossible
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.panel.people.invite import link_shown
from mailward.panel.people.listing import shown
from mailward.panel.people.role_form import chosen_grant, role_form
from mailward.panel.signed_in import signed_in
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import say


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def person(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """GET, POST /people/<number>/; ``do`` says what is to be done."""
    trouble, status = None, 200
    row = show_person(office(), actor, number)
    if request.method == "POST":
        try:
            answer = _done(request, actor, number)
        except (BadInput, NotPossible) as refused:
            if refused.code == "unknown" and getattr(refused, "field", "") == "person":
                raise
            trouble, status = refused, 422
        else:
            return answer
        row = show_person(office(), actor, number)
    may_change = actor.may_somewhere(Act.PEOPLE_CHANGE) and actor.account != row.id
    context = {
        "one": shown(row),
        "row": row,
        "trouble": trouble,
        "form": role_form(request, actor),
        "may_change": may_change,
        "is_own": actor.account == row.id,
        "may_roles": actor.may_somewhere(Act.ROLES_CHANGE),
    }
    return render(request, "panel/people/person.html", context, status=status)


def _done(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """What was asked for is done, and said on the page that follows."""
    if request.POST.get("do") == "link":
        return link_shown(request, renew_invitation(office(), actor, number))
    deed = _DEEDS.get(request.POST.get("do", ""))
    if deed is None:
        raise BadInput("do", Sentence("nothing was chosen"))
    messages.success(request, say(deed(request, actor, number), language_of(request)))
    return HttpResponseRedirect(reverse("person", args=[number]))


def _close(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    close_account(office(), actor, number)
    return Sentence("The account is closed: all sessions, tokens and links of this person ended.")


def _open(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    open_account(office(), actor, number)
    return Sentence("The account is open again.")


def _sign_out(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    return Sentence("Ended: {count} sessions.", count=end_sessions(office(), actor, number))


def _factors(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    return Sentence("Removed: {count} second factors.", count=remove_second_factors(office(), actor, number))


def _give(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    grant_role(office(), actor, number, chosen_grant(request, actor))
    return Sentence("The role is given.")


def _take(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    withdraw_role(office(), actor, number, wanted_number(request, "grant"))
    return Sentence("The role is taken.")


def wanted_number(request: HttpRequest, name: str) -> int:
    """A number that a form holds; 0 for what is none."""
    text = request.POST.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 16 else 0


_DEEDS: Mapping[str, Callable[[HttpRequest, Actor, int], Sentence]] = {
    "close": _close,
    "open": _open,
    "sign-out": _sign_out,
    "factors": _factors,
    "give": _give,
    "take": _take,
}
