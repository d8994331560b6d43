"""People: who may sign in, with which roles, and who was invited."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailward.actions.people import list_people
from mailward.actions.people_rows import PersonRow
from mailward.actions.roles import roles_to_give
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.panel.people.role_form import Held, held
from mailward.panel.signed_in import PER_PAGE, page_of, searched, signed_in, wanted_page
from mailward.web.office import office


@dataclass(frozen=True)
class Shown:
    """A person as a line of the list and as the head of their own page."""

    row: PersonRow
    looks: str
    says: Sentence
    roles: tuple[Held, ...]


def shown(row: PersonRow) -> Shown:
    looks, says = _state(row)
    return Shown(row, looks, says, tuple(held(grant) for grant in row.grants))


def _state(row: PersonRow) -> tuple[str, Sentence]:
    if not row.active:
        return "fail", Sentence("closed")
    if row.has_password:
        return "pass", Sentence("open")
    if row.invited_until is not None and row.invited_until > office().clock.now():
        return "busy", Sentence("invited")
    return "warn", Sentence("has no password")


@require_safe
@signed_in
def people(request: HttpRequest, actor: Actor) -> HttpResponse:
    """GET /people/"""
    search, number = searched(request), wanted_page(request)
    found = list_people(office(), actor, search=search, offset=(number - 1) * PER_PAGE, limit=PER_PAGE)
    context = {
        "people": [shown(row) for row in found.rows],
        "page": page_of(number, found.total),
        "search": search,
        "may_invite": actor.may_somewhere(Act.PEOPLE_CHANGE) and bool(roles_to_give(office(), actor)),
    }
    return render(request, "panel/people/people.html", context)
