"""The board: one line for each domain with the checklist's six and what else isn't well, and the whole host's line."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from mailward.actions.checks import SORTS, BoardLine, host_state, list_boards, request_check
from mailward.model.checks import SIX, SPOKEN_MECHANISMS, Mechanism
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict
from mailward.panel.board import STATES
from mailward.panel.dns.words import SHORT
from mailward.panel.operations.following import run_address
from mailward.panel.signed_in import PER_PAGE, page_of, searched, signed_in, wanted_page
from mailward.web.office import office

FILTERS = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS)
WELL = (Verdict.PASS, Verdict.NOT_APPLICABLE)


@dataclass(frozen=True)
class Cell:
    """One mechanism of one domain."""

    short: str
    title: Sentence
    verdict: Verdict
    state: Sentence


@dataclass(frozen=True)
class Line:
    """``six`` in the board's order; ``others``: what isn't well among the rest."""

    row: BoardLine
    six: tuple[Cell, ...]
    others: tuple[Cell, ...]


@require_safe
@signed_in
def board(request: HttpRequest, actor: Actor) -> HttpResponse:
    search, number = searched(request), wanted_page(request)
    word, sort = request.GET.get("state", ""), request.GET.get("sort", "name")
    state = next((verdict for verdict in FILTERS if verdict.value == word), None)
    found = list_boards(
        office(), actor, search=search, state=state, sort=sort, offset=(number - 1) * PER_PAGE, limit=PER_PAGE
    )
    host = host_state(office(), actor)
    context = {
        "lines": [line_of(row) for row in found.rows],
        "host": host,
        "server": line_of(host.server) if host.server is not None else None,
        "counts": [(verdict, STATES[verdict], host.counts.get(verdict, 0)) for verdict in reversed(FILTERS)],
        "heads": [(SHORT[one], SPOKEN_MECHANISMS[one]) for one in SIX],
        "page": page_of(number, found.total),
        "search": search,
        "state": state,
        "sort": sort if sort in SORTS else "name",
        "states": [(verdict, STATES[verdict]) for verdict in FILTERS],
        "many_customers": actor.may(Act.CUSTOMERS_READ),
        "may_check_all": actor.may(Act.DNS_READ),
    }
    return render(request, "panel/dns/board.html", context)


@require_POST
@signed_in
def check(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Look at DNS now: at the domains that the form names, or at everything."""
    domains = [name for name in request.POST.getlist("domain") if name]
    asked = request_check(office(), actor, domains)
    back = reverse("domain-board", args=[domains[0]]) if len(domains) == 1 else reverse("board")
    return HttpResponseRedirect(run_address(asked, back))


def line_of(row: BoardLine) -> Line:
    asked = [one for one in SIX if row.domain != SERVER or one in row.verdicts]  # the host has no DMARC of its own
    six = tuple(_cell(one, row.verdicts.get(one, Verdict.UNKNOWN)) for one in asked)
    others = ((one, verdict) for one, verdict in row.verdicts.items() if one not in SIX and verdict not in WELL)
    return Line(row, six, tuple(_cell(one, verdict) for one, verdict in others))


def _cell(mechanism: Mechanism, verdict: Verdict) -> Cell:
    return Cell(SHORT[mechanism], SPOKEN_MECHANISMS[mechanism], verdict, STATES[verdict])
