"""What other servers reported, as the action, the command and the page show it."""

from datetime import timedelta

import pytest

from fakes.made_host import ANNA
from mailward.actions import reports
from mailward.audit.report_meter import Go
from mailward.model.errors import BadInput
from mailward.panel.domains.reports import HEIGHT, bars
from mailward.panel.domains.reports import sources as drawn_sources
from mailward.standards.dmarc import reports as parsed
from mailward.standards.tls_rpt import FailureDetail, PolicyReport, TlsReport
from mailward.store import received
from mailward.store.models import Domain, DomainDns

DOMAIN = "alpha.test"


@pytest.fixture
def host(made):
    made.holding(DOMAIN)
    return made


def keep(host, days_ago, *rows, number="1", proven=True, organisation="Big"):
    begin = (host.clock.now() - timedelta(days=days_ago)).replace(hour=0, minute=0, second=0, microsecond=0)
    about = parsed.AggregateReport(
        organisation, "x@big.test", f"{number}-{days_ago}", begin, begin + timedelta(days=1),
        parsed.Published(DOMAIN, "quarantine"), rows,
    )  # fmt: skip
    assert received.keep_aggregate(DOMAIN, about, "big.test", proven, host.clock.now())


def row(source="127.0.0.1", count=10, passes=True, as_other=""):
    other = (parsed.AuthResult(as_other, "pass"),) if as_other else ()
    return parsed.ReportRow(source, count, "none", passes, False, DOMAIN, dkim_results=other)


def test_numbers_add_up_by_day_source_and_reporter(host):
    """The same messages are counted once in each view; days without reports are zero."""
    keep(host, 1, row(), row("203.0.113.9", 3, passes=False))
    keep(host, 2, row(count=5), row("198.51.100.7", 2, passes=False, as_other="service.test"))
    keep(host, 40, row(count=1000), number="old")
    found = reports.show_reports(host.office, ANNA, DOMAIN)
    assert (found.aligned, found.failing) == (15, 5)
    assert (sum(day.aligned for day in found.by_day), sum(day.failing for day in found.by_day)) == (15, 5)
    assert len(found.by_day) == 31
    assert [(one.address, one.failing, one.passed_as) for one in found.sources] == [
        ("203.0.113.9", 3, ""), ("198.51.100.7", 2, "service.test"), ("127.0.0.1", 0, "")
    ]  # fmt: skip
    (reporter,) = found.reporters
    assert (reporter.organisation, reporter.reports, reporter.aligned, reporter.failing) == ("Big", 2, 15, 5)
    assert [one.messages for one in found.reports] == [13, 7]
    assert found.meter.go is Go.NO  # the service
    assert reports.show_reports(host.office, ANNA, DOMAIN, days=60).aligned == 1015


def test_the_advice_is_built_on_proven_reports(host):
    """Ten good days make it safe; the same unproven don't, and are counted."""
    for day in range(1, 11):
        keep(host, day, row(), proven=False)
    found = reports.show_reports(host.office, ANNA, DOMAIN)
    assert (found.meter.go, found.unproven, found.aligned) == (Go.UNKNOWN, 10, 100)
    for day in range(1, 11):
        keep(host, day, row(), number="2")
    found = reports.show_reports(host.office, ANNA, DOMAIN)
    assert (found.meter.go, found.meter.policy.value, found.meter.days) == (Go.YES, "quarantine", 10)
    assert found.meter.following is not None
    assert found.meter.following.value == "reject"


def test_tls_reports_are_added_up(host):
    """Connections that failed, by their reason."""
    now = host.clock.now()
    policy = PolicyReport("sts", DOMAIN, 5, 2, details=(FailureDetail("certificate-expired", 2, receiving_host="mx.test"),))
    for number in "12":
        about = TlsReport("Big", "", number, now - timedelta(days=1), now, (policy,))
        received.keep_tls(DOMAIN, about, "big.test", True, now)
    found = reports.show_reports(host.office, ANNA, DOMAIN).tls_reports
    assert (found.reports, found.succeeded, found.failed) == (2, 10, 4)
    assert [(one.result, one.host, one.sessions) for one in found.failures] == [("certificate-expired", "mx.test", 4)]


def test_the_time_is_bounded(host):
    """Nobody adds up more than a year."""
    for days in (0, 366):
        with pytest.raises(BadInput):
            reports.show_reports(host.office, ANNA, DOMAIN, days=days)


def test_the_questions_to_the_store_dont_grow(host):
    """A hundred reports cost as many questions as one."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for batch in range(2):
        for number in range(1 + batch * 50):
            keep(host, 1, row(f"192.0.2.{number}"), number=f"{batch}{number}")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            reports.show_reports(host.office, ANNA, DOMAIN)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 40


def test_bars_stand_within_their_drawing():
    """Whatever the numbers, nothing is drawn outside, and a bar is as high as its share."""
    days = tuple(reports.DayTotal(f"2026-03-{n + 1:02}", aligned, failing) for n, (aligned, failing) in enumerate(
        [(0, 0), (10, 0), (5, 5), (0, 7), (10**12, 1)]
    ))  # fmt: skip
    drawn = bars(days)
    for bar in drawn:
        assert 0 <= bar.failing_y <= bar.aligned_y <= HEIGHT
        assert bar.aligned_y + bar.aligned_height == pytest.approx(HEIGHT)
    assert drawn[-1].aligned_height == HEIGHT
    assert bars(()) == []


def test_sources_share_one_scale(host):
    """The source with the most mail fills its bar."""
    keep(host, 1, row(count=30), row("203.0.113.9", 10, passes=False))
    drawn = {one["row"].address: (one["aligned"], one["failing"]) for one in drawn_sources(
        reports.show_reports(host.office, ANNA, DOMAIN)
    )}  # fmt: skip
    assert drawn == {"127.0.0.1": (100, 0), "203.0.113.9": (0, 33.33)}


def test_going_on_needs_the_reports_word(host):
    """Refused with the meter's reason while it isn't safe; a person who knows better may; at reject there is no more."""
    with pytest.raises(BadInput) as refused:
        reports.go_on(host.office, ANNA, DOMAIN)
    assert refused.value.code == "not-safe"
    for day in range(1, 11):
        keep(host, day, row())
    reports.go_on(host.office, ANNA, DOMAIN)
    assert DomainDns.objects.get(domain__name=DOMAIN).dmarc == "reject"
    with pytest.raises(BadInput) as refused:
        reports.go_on(host.office, ANNA, DOMAIN, anyway=True)
    assert refused.value.code == "strictest"


def test_somebody_may_know_better(host):
    """With ``anyway`` the policy goes on without a report, one step at a time."""
    wanted = {"dmarc": "none", "dmarc_testing": True}
    DomainDns.objects.update_or_create(domain=Domain.objects.get(name=DOMAIN), defaults=wanted)
    reports.go_on(host.office, ANNA, DOMAIN, anyway=True)
    wish = DomainDns.objects.get(domain__name=DOMAIN)
    assert (wish.dmarc, wish.dmarc_testing) == ("quarantine", False)
