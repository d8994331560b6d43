"""The chain of events: whatever is done to its rows behind Mailward's back is found."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailward.model.errors import NotPossible
from mailward.model.people import Actor
from mailward.store.anchors import Anchor, last_anchor, read_anchors

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ANNA = Actor("anna@alpha.test", came_from="192.0.2.7")
ROWS = 6


def write(count: int, **options: Any) -> None:
    from mailward.store import records

    for number in range(count):
        at = NOW + timedelta(seconds=number, microseconds=number * 7)
        records.tell(
            ANNA, "domain.added", f"d{number}.test", at, domain=f"d{number}.test", customer="A", n=number, **options
        )


def unchained(count: int) -> None:
    from mailward.store.models import Event

    last = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    for number in range(count):
        Event.objects.create(id=last + 1 + number, at=NOW, who="old", what="customer.added", subject=str(number))


def head() -> Anchor:
    from mailward.store.models import Event

    row = Event.objects.order_by("-id")[0]
    return Anchor(NOW, row.pk, row.sha256)


def test_a_row_holds_everything_and_is_linked(store: Path) -> None:
    """Who, from where and whose it is are kept; each row links to the one before, and the whole is good."""
    from mailward.store.chain import verify_chain
    from mailward.store.models import Event

    write(3, names=("a", "é", "☃"), none=None)
    first, second, third = Event.objects.order_by("id")
    assert (first.came_from, first.domain, first.customer) == ("192.0.2.7", "d0.test", "A")
    assert (first.previous, second.previous, third.previous) == ("", first.sha256, second.sha256)
    state = verify_chain([head()])
    assert (state.is_whole, state.reached.event, state.reached.count) == (True, third.pk, 3)


def test_an_empty_record_is_whole(store: Path) -> None:
    """Nothing has happened yet: nothing is wrong."""
    from mailward.store.chain import verify_chain

    assert verify_chain([]).is_whole
    assert verify_chain([Anchor(NOW, 4, "f" * 64)]).first_broken == 4


def test_rows_from_before_the_chain_are_held_by_its_first(store: Path) -> None:
    """An older store goes on; from then on its old rows can't be changed or removed unseen either."""
    from mailward.store.chain import Break, verify_chain
    from mailward.store.models import Event

    unchained(3)
    assert verify_chain([]).is_whole
    write(2)
    assert verify_chain([head()]).is_whole
    Event.objects.filter(subject="1").update(who="nobody")
    state = verify_chain([])
    assert (state.how, state.first_broken) == (Break.UNLINKED, 4)


def test_a_row_without_a_hash_after_one_with_it_is_wrong(store: Path) -> None:
    """Whoever writes past the chain is found, and the rows after it don't heal it."""
    from mailward.store.chain import Break, verify_chain

    write(2)
    unchained(1)
    write(2)
    state = verify_chain([])
    assert (state.how, state.first_broken, state.reached.event) == (Break.UNCHAINED, 3, 2)


CHANGES = {
    "at": NOW - timedelta(days=3),
    "who": "ben@alpha.test",
    "what": "domain.removed",
    "subject": "",
    "detail": {"n": 99},
    "came_from": "192.0.2.8",
    "domain": "other.test",
    "customer": "",
    "previous": "0" * 64,
    "sha256": "0" * 64,
}


def _spoil(kind: str, first: int, second: int) -> None:
    """Change, remove, insert or swap behind Mailward's back."""
    from mailward.store.models import Event

    rows = Event.objects.filter(pk=first)
    if kind == "remove":
        rows.delete()
    elif kind == "move":
        rows.update(id=ROWS + 10)
    elif kind == "insert":
        row = rows.get()
        row.pk = ROWS + 1
        row.save(force_insert=True)
    elif kind == "swap":
        one, other = rows.get(), Event.objects.get(pk=second)
        Event.objects.filter(pk__in=[first, second]).delete()
        one.pk, other.pk = other.pk, one.pk
        one.save(force_insert=True)
        other.save(force_insert=True)
    else:
        rows.update(**{kind: CHANGES[kind]})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["remove", "move", "insert", "swap", *CHANGES]),
    places=st.lists(st.integers(1, ROWS), min_size=2, max_size=2, unique=True),
)
def test_any_single_change_is_found(store: Path, kind: str, places: list[int]) -> None:
    """A changed column, a removed, moved, added or swapped row: the first row that is not as it was is named, or the one
    that follows where it was."""
    from mailward.store.chain import verify_chain
    from mailward.store.models import Event

    Event.objects.all().delete()
    write(ROWS)
    anchor = head()
    _spoil(kind, *places)
    state = verify_chain([anchor])
    first = min(places) if kind == "swap" else places[0]
    assert not state.is_whole
    if kind == "insert":
        assert state.first_broken == ROWS + 1
    else:
        assert state.first_broken in {first, first + 1}


def test_rewritten_history_is_found_by_what_root_has_seen(store: Path) -> None:
    """A whole new chain, right in itself, differs from the anchor; a longer one that begins anew does, too."""
    from mailward.store.chain import Break, verify_chain
    from mailward.store.models import Event

    write(4)
    anchor = head()
    Event.objects.all().delete()
    write(6, invented=True)
    assert verify_chain([]).is_whole
    state = verify_chain([anchor])
    assert (state.how, state.first_broken) == (Break.REWRITTEN, 4)


def test_a_chain_that_was_cut_short_is_found(store: Path) -> None:
    """The last rows are gone: the first anchor that nothing answers says so."""
    from mailward.store.chain import Break, verify_chain
    from mailward.store.models import Event

    write(4)
    anchor = head()
    Event.objects.filter(pk__gte=3).delete()
    assert verify_chain([]).is_whole
    state = verify_chain([anchor])
    assert (state.how, state.first_broken, state.reached.event) == (Break.TRUNCATED, 4, 2)


def test_it_goes_on_where_it_was(store: Path) -> None:
    """Followed in parts, the chain is the same as in one; a part ends where it is told."""
    from mailward.store.chain import verify_chain

    write(5)
    part = verify_chain([head()], upto=2)
    assert (part.reached.event, part.is_whole) == (2, True)
    whole = verify_chain([head()], after=part.reached)
    assert whole == verify_chain([head()])


def test_only_one_writes_at_a_time(store: Path) -> None:
    """Eight threads that write events at once make one chain without a fork."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    from mailward.store.chain import verify_chain

    def some(_: int) -> None:
        try:
            write(5)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(some, range(8)))
    state = verify_chain([head()])
    assert (state.is_whole, state.reached.count) == (True, 40)


def test_the_hash_can_be_taken_again_by_anybody(store: Path) -> None:
    """SHA-256 over the printed columns without their hash: no program of ours is needed for it."""
    import json
    from hashlib import sha256

    from mailward.store.chain import COLUMNS, as_line, canonical
    from mailward.store.models import Event

    write(1, text='ü☃\x7f"')
    row = Event.objects.values_list(*COLUMNS, "sha256").get()
    line = as_line({**canonical(row[:-1]), "sha256": row[-1]})
    read = json.loads(line)
    kept = read.pop("sha256")
    again = json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert sha256(again.encode()).hexdigest() == kept


def test_anchors_are_read_as_they_were_written(tmp_path: Path) -> None:
    """In their order; a last line that a crash cut short counts for nothing; no file is no anchor."""
    path = tmp_path / "anchors.jsonl"
    assert (list(read_anchors(path)), last_anchor(path)) == ([], None)
    made = [Anchor(NOW + timedelta(seconds=n), n, f"{n:064x}") for n in range(200)]
    path.write_bytes(b"".join(one.line() for one in made) + b'{"at": "2026')
    assert list(read_anchors(path)) == made
    assert last_anchor(path) == made[-1]


@pytest.mark.parametrize("line", ["{}", "[]", "no", '{"at": "x", "event": 1, "sha256": ""}'])
def test_a_line_that_is_no_anchor_is_said(tmp_path: Path, line: str) -> None:
    """Nobody but root writes there, so it is never passed over."""
    path = tmp_path / "anchors.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(NotPossible):
        list(read_anchors(path))
    with pytest.raises(NotPossible):
        last_anchor(path)
