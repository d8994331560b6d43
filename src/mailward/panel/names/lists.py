"""Names: what isn't hosted and what is all the same, partners' names, and the look-alikes that somebody has registered."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from mailward.actions import name_lists, permission
from mailward.actions.control import try_name
from mailward.model.errors import BadInput
from mailward.model.names import SPOKEN_LIKENESS
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.panel.people.person import wanted_number
from mailward.panel.signed_in import PER_PAGE, page_of, searched, signed_in, wanted_page
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import say

TABS = {
    "watched": Sentence("Look-alikes"),
    "patterns": Sentence("Denied and allowed"),
    "partners": Sentence("Partners' names"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def names(request: HttpRequest, actor: Actor) -> HttpResponse:
    """``?show=`` one of TABS; ``?try=`` a name about which is said what speaks against it."""
    permission.require(actor, Act.SERVER_READ)
    tab = request.GET.get("show", "")
    tab = tab if tab in TABS else "watched"
    trouble, status = None, 200
    if request.method == "POST":
        permission.require(actor, Act.SERVER_CHANGE)
        try:
            messages.success(request, say(_carry_out(request, actor), language_of(request)))
            return HttpResponseRedirect(f"{reverse('names')}?show={tab}")
        except BadInput as refused:
            trouble, status = refused, 422
    context = {
        "tab": tab,
        "tabs": TABS,
        "trouble": trouble,
        "search": searched(request),
        "written": request.POST,
        "may_change": actor.may(Act.SERVER_CHANGE),
        **_LISTS[tab](request, actor),
        **_tried(request, actor),
    }
    return render(request, "panel/names/names.html", context, status=status)


def _carry_out(request: HttpRequest, actor: Actor) -> Sentence:
    do = request.POST.get("do", "")
    if do in ("deny", "allow", "forget"):
        return _change_pattern(do, request, actor)
    if do in ("partner", "remove"):
        return _change_partner(do, request, actor)
    seen = name_lists.mark_known(office(), actor, wanted_number(request, "watched"), known=do == "known")
    if seen.known:
        return Sentence("{name} is known.", name=seen.name)
    return Sentence("{name} counts as a danger.", name=seen.name)


def _change_pattern(do: str, request: HttpRequest, actor: Actor) -> Sentence:
    at, pattern, reason = office(), request.POST.get("pattern", ""), request.POST.get("reason", "")
    if do == "deny":
        return Sentence("{pattern} is denied.", pattern=name_lists.deny(at, actor, pattern, reason).pattern)
    if do == "allow":
        return Sentence("{pattern} is allowed.", pattern=name_lists.allow(at, actor, pattern, reason).pattern)
    name_lists.forget_pattern(at, actor, pattern)
    return Sentence("{pattern} is on your list no more.", pattern=pattern)


def _change_partner(do: str, request: HttpRequest, actor: Actor) -> Sentence:
    name = request.POST.get("name", "")
    if do == "partner":
        row = name_lists.add_partner(office(), actor, name, request.POST.get("note", ""))
        return Sentence("{name} is guarded.", name=row.name)
    name_lists.remove_partner(office(), actor, name)
    return Sentence("{name} is guarded no more.", name=name)


def _patterns(request: HttpRequest, actor: Actor) -> dict[str, object]:
    number = wanted_page(request)
    start = (number - 1) * PER_PAGE
    found = name_lists.list_patterns(office(), actor, search=searched(request), offset=start, limit=PER_PAGE)
    return {"rows": found.rows, "page": page_of(number, found.total)}


def _partners(request: HttpRequest, actor: Actor) -> dict[str, object]:
    number = wanted_page(request)
    start = (number - 1) * PER_PAGE
    found = name_lists.list_partners(office(), actor, search=searched(request), offset=start, limit=PER_PAGE)
    return {"rows": found.rows, "page": page_of(number, found.total)}


def _watched(request: HttpRequest, actor: Actor) -> dict[str, object]:
    number = wanted_page(request)
    start = (number - 1) * PER_PAGE
    found = name_lists.list_watched(office(), actor, search=searched(request), offset=start, limit=PER_PAGE)
    rows = [(row, SPOKEN_LIKENESS[row.kind]) for row in found.rows]
    return {"rows": rows, "page": page_of(number, found.total), "state": name_lists.watch_state(office(), actor)}


_LISTS: Mapping[str, Callable[[HttpRequest, Actor], dict[str, object]]] = {
    "watched": _watched,
    "patterns": _patterns,
    "partners": _partners,
}


def _tried(request: HttpRequest, actor: Actor) -> dict[str, object]:
    name = request.GET.get("try", "").strip()[:253]
    if not name:
        return {}
    try:
        return {"tried": name, "doubts": try_name(office(), actor, name)}
    except BadInput as refused:
        return {"tried": name, "try_trouble": refused}
