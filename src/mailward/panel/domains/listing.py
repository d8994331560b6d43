"""Domains: one line for each, with how its webmail, mail and certificate stand; and taking a new one in."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from mailward.actions import permission
from mailward.actions.domains import add_domain, list_customers
from mailward.actions.overview import SORTS, domain_lines
from mailward.actions.refused_names import CONFIRMABLE
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.verdict import Verdict
from mailward.panel import board
from mailward.panel.operations.following import run_address
from mailward.panel.signed_in import PER_PAGE, page_of, searched, signed_in, wanted_page
from mailward.web.office import office

FILTERS = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS)
MOST_CUSTOMERS = 500  # offered by name while one is written


@require_safe
@signed_in
def domains(request: HttpRequest, actor: Actor) -> HttpResponse:
    context = lines_context(request, actor)
    context["may_add"] = actor.may_somewhere(Act.DOMAINS_ADD)
    return render(request, "panel/domains/list.html", context)


def lines_context(request: HttpRequest, actor: Actor) -> dict[str, object]:
    """A page of lines as the address asks for it: search, state, sort, page."""
    search, number = searched(request), wanted_page(request)
    word, sort = request.GET.get("state", ""), request.GET.get("sort", "name")
    state = next((verdict for verdict in FILTERS if verdict.value == word), None)
    listed = domain_lines(
        office(), actor, search=search, state=state, sort=sort, offset=(number - 1) * PER_PAGE, limit=PER_PAGE
    )
    return {
        "lines": listed.rows,
        "page": page_of(number, listed.total),
        "search": search,
        "state": state,
        "sort": sort if sort in SORTS else "name",
        "states": [(verdict, board.STATES[verdict]) for verdict in FILTERS],
        "many_customers": actor.may(Act.CUSTOMERS_READ),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Name and customer; then the run that publishes it is followed."""
    permission.require_somewhere(actor, Act.DOMAINS_ADD)
    trouble, status = None, 200
    name, customer = request.POST.get("domain", "").strip(), request.POST.get("customer", "").strip()
    if request.method == "POST":
        try:
            confirmed = request.POST.get("confirmed") == "1"
            asked = add_domain(office(), actor, name, customer or None, confirmed=confirmed)
        except BadInput as refused:
            trouble, status = refused, 422
        else:
            return HttpResponseRedirect(run_address(asked, reverse("domain", args=[name.lower()])))
    customers = (
        list_customers(office(), actor, limit=MOST_CUSTOMERS).rows if actor.may_somewhere(Act.CUSTOMERS_READ) else ()
    )
    doubtful = trouble is not None and trouble.code in CONFIRMABLE and actor.may(Act.DOMAINS_ADD)
    proves = not actor.may(Act.DOMAINS_ADD)
    context: dict[str, object] = {"trouble": trouble, "name": name, "customer": customer, "customers": customers}
    context |= {"doubtful": doubtful, "proves": proves}
    return render(request, "panel/domains/add.html", context, status=status)
