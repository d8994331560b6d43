"""Doors: what real connections found, name by name and door by door, of all in somebody's reach; and looking anew."""

from itertools import groupby

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from mailward.actions.looks import list_findings, request_verify
from mailward.audit import report
from mailward.model.doors import Door
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.verdict import Verdict
from mailward.panel import board
from mailward.panel.operations.following import run_address
from mailward.panel.signed_in import page_of, searched, signed_in, wanted_page
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import say

PER_PAGE = 120  # findings: about ten domains
FILTERS = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS)


@require_safe
@signed_in
def doors(request: HttpRequest, actor: Actor) -> HttpResponse:
    search, verdict, door = searched(request), _verdict(request), _door(request)
    number = wanted_page(request)
    findings, total = list_findings(
        office(), actor, verdict=verdict, door=door, search=search, offset=(number - 1) * PER_PAGE, limit=PER_PAGE
    )
    fresh = board.as_of(findings, office().clock.now())
    subjects = [
        board.subject(domain, list(rows), ()) for domain, rows in groupby(fresh, key=lambda finding: finding.domain)
    ]
    context = {
        "subjects": sorted(subjects, key=lambda subject: not subject.is_server),
        "page": page_of(number, total, PER_PAGE),
        "search": search,
        "verdict": verdict,
        "door": door,
        "doors": [one for one in Door if one.kind.always_open or one in office().settings.ports],
        "verdicts": [(one, board.STATES[one]) for one in FILTERS],
        "may_verify": actor.may_somewhere(Act.DOORS_VERIFY),
        "may_verify_all": actor.may(Act.DOORS_VERIFY),
    }
    return render(request, "panel/overview/doors.html", context)


@require_POST
@signed_in
def verify(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Look now: at the domains that the form names, or at everything."""
    domains = [name for name in request.POST.getlist("domain") if name]
    asked = request_verify(office(), actor, domains)
    back = reverse("domain", args=[domains[0]]) if len(domains) == 1 and domains[0] != SERVER else reverse("doors")
    return HttpResponseRedirect(run_address(asked, back))


@require_safe
@signed_in
def status_json(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The findings in reach for programs: the same filters as the page's."""
    language = language_of(request)
    number = wanted_page(request)
    findings, total = list_findings(
        office(), actor, verdict=_verdict(request), door=_door(request), search=searched(request),
        offset=(number - 1) * PER_PAGE, limit=PER_PAGE,
    )  # fmt: skip
    page = page_of(number, total, PER_PAGE)
    fresh = board.as_of(findings, office().clock.now())
    answer = {
        "page": {"number": page.number, "pages": page.pages, "findings": total},
        "findings": report.rows(fresh, lambda sentence: say(sentence, language)),
    }
    return JsonResponse(answer, json_dumps_params={"ensure_ascii": False, "indent": 1})


def _verdict(request: HttpRequest) -> Verdict | None:
    word = request.GET.get("state", "")
    return Verdict(word) if word in {verdict.value for verdict in Verdict} else None


def _door(request: HttpRequest) -> Door | None:
    word = request.GET.get("door", "")
    return Door(word) if word in {door.value for door in Door} else None
