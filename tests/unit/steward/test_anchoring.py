"""The steward writes down where the panel can't how far the record of activity has come."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from mailward.host.appending import append_line
from mailward.model.layout import Layout
from mailward.model.people import Actor
from mailward.store.anchors import last_anchor, read_anchors

ANNA = Actor("anna")


@pytest.fixture
def anchored(made, tmp_path: Path):
    """A host whose anchors are a real file."""
    layout = Layout(tmp_path)
    layout.state.mkdir()
    ground = replace(made.host.ground, layout=layout)
    return replace(made.host, ground=ground, anchor=lambda line: append_line(layout.anchors, line, "root"))


def tell(host, count: int = 1) -> None:
    from mailward.store import records

    for _ in range(count):
        records.tell(ANNA, "domain.added", "a.test", host.clock.now())


def later(host, seconds: float = 11) -> None:
    host.clock.sleep(seconds)


def test_the_head_is_anchored_when_it_moved_and_not_too_often(anchored) -> None:
    """An anchor at most every ten seconds, only for a new head; the file is for root to write and one group to read."""
    from mailward.steward.anchoring import Anchoring

    anchoring, path = Anchoring(anchored), anchored.layout.anchors
    assert anchoring.round() is None
    assert not path.exists()
    tell(anchored, 3)
    assert anchoring.round() is None, "ten seconds have not passed"
    later(anchored)
    first = anchoring.round()
    later(anchored)
    assert anchoring.round() is None, "nothing has happened"
    tell(anchored)
    later(anchored)
    second = anchoring.round()
    assert list(read_anchors(path)) == [first, second]
    assert (first.event, second.event) == (3, 4)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_uid == os.getuid()


@pytest.mark.parametrize("how", ["rewritten", "truncated", "changed-later", "removed"])
def test_an_anchor_that_the_store_contradicts_stays(anchored, how: str) -> None:
    """After a rewritten history nothing is anchored any more, however often the steward looks, and the log says so."""
    import structlog

    from mailward.steward.anchoring import Anchoring
    from mailward.store.models import Event

    tell(anchored, 3)
    Anchoring(anchored).round()
    kept = anchored.layout.anchors.read_bytes()
    tell(anchored, 2)
    if how == "rewritten":
        Event.objects.all().delete()
        later(anchored, 1)
        tell(anchored, 8)
    elif how == "truncated":
        Event.objects.filter(pk__gt=2).delete()
    elif how == "removed":
        Event.objects.filter(pk=4).delete()
    else:
        Event.objects.filter(pk=5).update(who="ben")
    anchoring = Anchoring(anchored)
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            assert anchoring.round() is None
            later(anchored)
    assert anchored.layout.anchors.read_bytes() == kept
    assert [line["log_level"] for line in logged] == ["error"]


def test_a_new_file_begins_after_root_moved_the_old_one_aside(anchored) -> None:
    """That is how a store that was brought back on purpose is accepted."""
    from mailward.steward.anchoring import Anchoring
    from mailward.store.models import Event

    tell(anchored, 3)
    Anchoring(anchored).round()
    Event.objects.filter(pk=3).delete()
    anchored.layout.anchors.rename(anchored.layout.anchors.with_suffix(".old"))
    made = Anchoring(anchored).round()
    assert made.event == 2


def test_a_line_that_a_crash_cut_short_is_replaced(tmp_path: Path) -> None:
    """What stands after the last whole line is cut off; whole lines stay."""
    path = tmp_path / "anchors.jsonl"
    append_line(path, b'{"at": "2026-01-01T00:00:00+00:00", "event": 1, "sha256": "a"}\n', "root")
    with path.open("ab") as file:
        file.write(b'{"at": "20')
    append_line(path, b'{"at": "2026-01-01T00:00:00+00:00", "event": 2, "sha256": "b"}\n', "root")
    assert [one.event for one in read_anchors(path)] == [1, 2]
    assert last_anchor(path).event == 2


def test_the_daemon_anchors_in_its_rounds(anchored) -> None:
    """A round of the steward's day adds an anchor."""
    from mailward.steward.daily import Day

    tell(anchored)
    Day(anchored).round()
    assert last_anchor(anchored.layout.anchors).event >= 1
