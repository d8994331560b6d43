"""What other servers reported about a domain: the advice, a drawing by day, sources and reporters. All drawn here, so that
it works without scripts; the same numbers stand in a table."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from mailward.actions.domains import show_domain
from mailward.actions.reports import DayTotal, DomainReports, go_on, show_reports
from mailward.audit.report_meter import SPOKEN_SOURCES, Go
from mailward.model.people import Actor
from mailward.model.rights import Act, Place
from mailward.model.verdict import Verdict
from mailward.panel.operations.following import run_address
from mailward.panel.signed_in import signed_in
from mailward.web.office import office

WINDOWS = (7, 30, 90)
HEIGHT, STEP, BAR = 140, 24, 16  # of the drawing, in its own units
VERDICTS = {Go.YES: Verdict.PASS, Go.DONE: Verdict.PASS, Go.NO: Verdict.FAIL, Go.UNKNOWN: Verdict.UNKNOWN}


@dataclass(frozen=True)
class Bar:
    """One day of the drawing."""

    day: DayTotal
    x: int
    aligned_y: float
    aligned_height: float
    failing_y: float
    failing_height: float


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def reports(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The page; its button asks for the next stricter policy."""
    if request.method == "POST":
        asked = go_on(office(), actor, name)
        return HttpResponseRedirect(run_address(asked, reverse("reports", kwargs={"name": name})))
    wanted = request.GET.get("days", "30")
    days = int(wanted) if wanted in map(str, WINDOWS) else 30
    found = show_reports(office(), actor, name, days=days)
    owner = show_domain(office(), actor, found.domain)
    context = {
        "may_go_on": found.meter.go is Go.YES and actor.may(Act.DNS_CHANGE, Place(owner.customer, found.domain)),
        "found": found,
        "meter": found.meter,
        "verdict": VERDICTS[found.meter.go],
        "share": None if found.meter.aligned_share is None else f"{found.meter.aligned_share:.1%}",
        "windows": WINDOWS,
        "bars": bars(found.by_day),
        "width": STEP * len(found.by_day),
        "height": HEIGHT,
        "bar_width": BAR,
        "most": max((one.aligned + one.failing for one in found.by_day), default=0),
        "told_days": [one for one in reversed(found.by_day) if one.aligned or one.failing],
        "sources": sources(found),
    }
    return render(request, "panel/domains/reports.html", context)


def bars(days: tuple[DayTotal, ...]) -> list[Bar]:
    """Where each day's bar stands: what passed below, what didn't above."""
    most = max((one.aligned + one.failing for one in days), default=0) or 1
    found = []
    for number, one in enumerate(days):
        aligned, failing = (round(HEIGHT * count / most, 2) for count in (one.aligned, one.failing))
        x = number * STEP + (STEP - BAR) // 2
        found.append(Bar(one, x, HEIGHT - aligned, aligned, max(0.0, HEIGHT - aligned - failing), failing))
    return found


def sources(found: DomainReports) -> list[dict[str, object]]:
    """Each source with its part of a bar of 100."""
    most = max((one.aligned + one.failing for one in found.sources), default=0) or 1
    return [
        {
            "row": one,
            "kind": SPOKEN_SOURCES[one.kind],
            "aligned": round(100 * one.aligned / most, 2),
            "failing": round(100 * one.failing / most, 2),
        }
        for one in found.sources
    ]
