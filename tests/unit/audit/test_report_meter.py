"""The meter: when it is safe to ask receivers for more, and why not."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.audit.report_meter import Counted, Go, SourceKind, meter, sources
from mailward.model.dns import DmarcPolicy

OWN = ("192.0.2.1",)
FIRST = date(2026, 3, 1)


def seen(source="192.0.2.1", count=10, *, days=10, aligned=True, passed_as="", reporter="big.test", first=0):
    return [
        Counted(source, reporter, FIRST + timedelta(days=first + day), aligned, count, passed_as) for day in range(days)
    ]


GOOD = seen()


@pytest.mark.parametrize(
    ("counted", "go"),
    [
        (GOOD, Go.YES),
        ([], Go.UNKNOWN),
        (seen(days=6), Go.UNKNOWN),
        (seen(count=1), Go.UNKNOWN),
        (GOOD + seen(aligned=False, count=1), Go.NO),
        (GOOD + seen(aligned=False, count=1, days=1), Go.YES),
        (GOOD + seen("198.51.100.7", aligned=False, days=3), Go.NO),
        (GOOD + seen("198.51.100.7", aligned=False, days=1, passed_as="service.test"), Go.NO),
        (GOOD + seen("198.51.100.7", aligned=False, days=2, count=5000), Go.YES),
        (GOOD + seen("198.51.100.7"), Go.YES),
        (GOOD * 100 + seen("198.51.100.7", aligned=False, days=4, count=6, reporter="other.test"), Go.NO),
    ],
)
def test_when_it_is_safe(counted, go):
    """Ours and what comes back must pass; what is seen in passing is what DMARC stops; too little tells nothing; and what
    one reporter saw isn't drowned in the numbers of another."""
    found = meter(counted, OWN, DmarcPolicy.NONE)
    assert found.go is go
    assert found.following is DmarcPolicy.QUARANTINE
    assert found.reason.template
    assert str(found.headline)


def test_the_end_of_the_way():
    """At reject there is nothing stricter; what is wrong is still said."""
    assert meter(GOOD, OWN, DmarcPolicy.QUARANTINE).following is DmarcPolicy.REJECT
    done = meter(GOOD, OWN, DmarcPolicy.REJECT)
    assert (done.go, done.following) == (Go.DONE, None)
    wrong = meter(seen(aligned=False), OWN, DmarcPolicy.REJECT)
    assert wrong.go is Go.NO
    assert "not all is well" in str(wrong.headline)


def test_unproven_reports_are_told_of():
    """When nothing else came, that is the reason."""
    assert "none of them is proven" in str(meter([], OWN, DmarcPolicy.NONE, 3).reason)


def test_what_sources_are():
    """This server, others that pass, those that come back, those in passing; the most trouble first."""
    counted = (
        GOOD + seen("198.51.100.1") + seen("198.51.100.2", 2, aligned=False) + seen("203.0.113.9", 3, days=1, aligned=False)
    )
    found = {one.address: one.kind for one in sources(counted, OWN)}
    assert list(found) == ["198.51.100.2", "203.0.113.9", "192.0.2.1", "198.51.100.1"]
    assert list(found.values()) == [SourceKind.RETURNING, SourceKind.PASSING, SourceKind.OURS, SourceKind.ALIGNED]


some = st.builds(
    Counted,
    st.sampled_from(["192.0.2.1", "a", "b"]),
    st.sampled_from(["x", "y"]),
    st.integers(0, 12).map(lambda n: FIRST + timedelta(days=n)),
    st.booleans(),
    st.integers(0, 10**12),
    st.sampled_from(["", "s"]),
)


@given(st.lists(some, max_size=30), st.sampled_from(list(DmarcPolicy)), st.integers(0, 5))
@settings(max_examples=150)
def test_any_numbers_have_an_answer(counted, policy, unproven):
    """Nothing is lost in the sums, and a yes is never given over trouble of our own."""
    found = meter(counted, OWN, policy, unproven)
    assert found.messages == sum(one.count for one in counted)
    failing = found.ours_failing + found.returning_failing + found.passing_failing
    assert failing == sum(one.count for one in counted if not one.aligned)
    if found.go in (Go.YES, Go.DONE):
        assert found.ours_failing <= 0.02 * found.messages
