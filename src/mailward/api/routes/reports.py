"""What other servers reported about a domain (DMARC, TLS)."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from mailward.actions import reports
from mailward.api.asked import Started, at, started
from mailward.api.shapes import shape_of
from mailward.api.wishes import Wish

router = Router()
DomainReports = shape_of(reports.DomainReports, "DomainReports")


class Window(Schema):
    """How far to look back."""

    days: int = Field(30, ge=1, le=reports.MOST_DAYS, description="How many days to look back")


class HowToGoOn(Wish):
    """Whether to wait for the reports' word."""

    anyway: bool = Field(False, description="Also when the reports don't say that it is safe")


@router.get("/domains/{domain}/reports", response=DomainReports, summary="Show what other servers reported")
def show_reports(request: HttpRequest, domain: str, window: Query[Window]) -> Any:
    """Sources, reporters and days of the DMARC reports about a domain, its TLS reports, and whether it is safe to ask for
    more than now."""
    return reports.show_reports(*at(request), domain, days=window.days)


@router.post("/domains/{domain}/reports/go-on", response={202: Started}, summary="Ask for the next stricter DMARC policy")
def go_on(request: HttpRequest, domain: str, wish: HowToGoOn) -> Any:
    """From none to quarantine, from quarantine to reject: refused unless the reports say that it is safe."""
    return started(request, reports.go_on(*at(request), domain, anyway=wish.anyway))
