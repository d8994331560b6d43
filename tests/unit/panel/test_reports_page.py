"""The page with what other servers reported about a domain."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from mailward.standards.dmarc import reports as parsed
from mailward.store import received
from mailward.store.models import AggregateReport
from mailward.web.office import office
from stage import Stage

ADDRESS = f"/domains/{Stage.safe_domain}/reports/"


@pytest.fixture
def reported(stage: Stage) -> Iterator[None]:
    """One report of yesterday."""
    now = office().clock.now()
    begin = (now - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        parsed.ReportRow("203.0.113.9", 3, "none", False, False, stage.safe_domain),
        parsed.ReportRow("192.0.2.77", 40, "none", True, False, stage.safe_domain),
    )
    published = parsed.Published(stage.safe_domain, "none")
    about = parsed.AggregateReport("<script>Big", "x@big.test", "1", begin, begin, published, rows)
    received.keep_aggregate(stage.safe_domain, about, "big.test", True, now)
    yield
    AggregateReport.objects.all().delete()


def test_a_page_without_reports_says_so(stage: Stage) -> None:
    """Nothing is drawn of nothing, and what the advice lacks is told."""
    page = stage.client(stage.customer).get(ADDRESS).content.decode()
    assert "Nothing was reported" in page
    assert 'class="chart"' not in page
    assert "There is not enough data" in page


def test_the_drawing_needs_no_script_and_no_inline_style(stage: Stage, reported: None) -> None:
    """Bars, the same in numbers, and everything from outside as text; each drawing for ears, too."""
    page = stage.client(stage.customer).get(ADDRESS).content.decode()
    assert "&lt;script&gt;Big" in page
    assert page.count('<rect class="is-fail"') == 31 + 2
    assert re.search(r'<svg class="chart"[^>]* role="img" aria-labelledby="chart-title chart-text"', page)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=", page)
    numbers = page[page.rindex("<details>") : page.rindex("</details>")]
    assert '<td class="num">40</td><td class="num">3</td>' in numbers


def test_how_far_to_look_back_is_a_link(stage: Stage, reported: None) -> None:
    """A week, a month, a quarter; anything else is a month."""
    client = stage.client(stage.customer)
    assert client.get(f"{ADDRESS}?days=7").content.decode().count("<title>20") == 8
    for odd in ("0", "-1", "99999999999", "x", "30%00", "\u0663"):
        assert client.get(ADDRESS, {"days": odd}).content.decode().count("<title>20") == 31


def test_another_customers_reports_are_not_there(stage: Stage) -> None:
    """As if the domain didn't exist."""
    assert stage.client(stage.customer).get(f"/domains/{stage.foreign_domain}/reports/").status_code == 404
