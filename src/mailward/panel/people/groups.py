"""Groups: people who share roles. One page lists and adds them, one shows and changes one."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from mailward.actions.domains import list_customers
from mailward.actions.groups import (
    add_group,
    add_member,
    grant_to_group,
    list_groups,
    remove_group,
    remove_member,
    rename_group,
    show_group,
    withdraw_from_group,
)
from mailward.actions.people import find_person, list_people
from mailward.model.errors import BadInput, NotPossible
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.panel.people.person import wanted_number
from mailward.panel.people.role_form import chosen_grant, held, role_form
from mailward.panel.signed_in import PER_PAGE, page_of, searched, signed_in, wanted_page
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import say

MOST_NAMED = 200  # customers and people that are offered while one types


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def groups(request: HttpRequest, actor: Actor) -> HttpResponse:
    """GET, POST /groups/; a POST adds one."""
    trouble, status = None, 200
    customers = list_customers(office(), actor, limit=MOST_NAMED).rows if actor.may_somewhere(Act.CUSTOMERS_READ) else ()
    if request.method == "POST":
        owner = request.POST.get("customer", "").strip() or None
        if owner is None and not actor.may(Act.PEOPLE_CHANGE) and len(customers) == 1:
            owner = customers[0].name
        try:
            made = add_group(office(), actor, request.POST.get("name", ""), owner)
        except BadInput as refused:
            trouble, status = refused, 422
        else:
            return HttpResponseRedirect(reverse("group", args=[made.id]))
    search, number = searched(request), wanted_page(request)
    found = list_groups(office(), actor, search=search, offset=(number - 1) * PER_PAGE, limit=PER_PAGE)
    context = {
        "groups": [(row, tuple(held(grant) for grant in row.grants)) for row in found.rows],
        "page": page_of(number, found.total),
        "search": search,
        "trouble": trouble,
        "name": request.POST.get("name", ""),
        "customer": request.POST.get("customer", ""),
        "customers": customers,
        "may_change": actor.may_somewhere(Act.PEOPLE_CHANGE),
    }
    return render(request, "panel/people/groups.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def group(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """GET, POST /groups/<number>/; ``do`` says what is to be done."""
    trouble, status = None, 200
    row = show_group(office(), actor, number)
    if request.method == "POST":
        try:
            answer = _done(request, actor, number)
        except (BadInput, NotPossible) as refused:
            if refused.code == "unknown" and getattr(refused, "field", "") == "group":
                raise
            trouble, status = refused, 422
        else:
            return answer
    may_roles = actor.may_somewhere(Act.ROLES_CHANGE)
    context = {
        "row": row,
        "roles": [held(grant) for grant in row.grants],
        "trouble": trouble,
        "form": role_form(request, actor),
        "may_change": actor.may_somewhere(Act.PEOPLE_CHANGE),
        "may_roles": may_roles,
        "member": request.POST.get("member", ""),
        "known": [one.email for one in list_people(office(), actor, limit=MOST_NAMED)] if may_roles else [],
    }
    return render(request, "panel/people/group.html", context, status=status)


def _done(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    word = request.POST.get("do", "")
    if word == "remove":
        remove_group(office(), actor, number)
        messages.success(request, say(Sentence("The group is removed."), language_of(request)))
        return HttpResponseRedirect(reverse("groups"))
    deed = _DEEDS.get(word)
    if deed is None:
        raise BadInput("do", Sentence("nothing was chosen"))
    messages.success(request, say(deed(request, actor, number), language_of(request)))
    return HttpResponseRedirect(reverse("group", args=[number]))


def _join(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    email = request.POST.get("member", "")
    try:
        account = find_person(office(), actor, email)
    except BadInput as unknown:
        raise BadInput("member", unknown.what, Sentence("Invite them first."), code="no-such-person") from None
    add_member(office(), actor, number, account.id)
    return Sentence("{email} is in the group.", email=account.email)


def _leave(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    remove_member(office(), actor, number, wanted_number(request, "account"))
    return Sentence("They are in the group no more.")


def _rename(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    rename_group(office(), actor, number, request.POST.get("name", ""))
    return Sentence("The group has its new name.")


def _give(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    grant_to_group(office(), actor, number, chosen_grant(request, actor))
    return Sentence("The role is given.")


def _take(request: HttpRequest, actor: Actor, number: int) -> Sentence:
    withdraw_from_group(office(), actor, number, wanted_number(request, "grant"))
    return Sentence("The role is taken.")


_DEEDS: Mapping[str, Callable[[HttpRequest, Actor, int], Sentence]] = {
    "join": _join,
    "leave": _leave,
    "rename": _rename,
    "give": _give,
    "take": _take,
}
