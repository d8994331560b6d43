"""The record of activity: who sees what of it, how it leaves the house, and that a break in it is said."""

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import pytest

from mailward.model.errors import Forbidden
from mailward.model.people import Actor, Limits
from mailward.model.rights import Act, Grant, PersonRole

ROOT = Actor("root")
OTTO = Actor("otto@b.test", (Grant(PersonRole.CUSTOMER, customer="B"),), came_from="192.0.2.7")
MIA = Actor("mia@a.test", (Grant(PersonRole.MAIL_ADMINISTRATOR, domain="a.test"),))


@pytest.fixture
def office(made, tmp_path: Path):
    """Where anchors are a real file."""
    from dataclasses import replace

    from mailward.model.layout import Layout

    layout = Layout(tmp_path)
    layout.state.mkdir()
    return replace(made.office, layout=layout)


@pytest.fixture
def told(office):
    """Six events: one of the host, two of A (one of its domain), three of B."""
    from mailward.store import records

    now = office.clock.now()
    records.tell(ROOT, "configuration.asked", "host", now)
    records.tell(ROOT, "customer.added", "A", now, customer="A")
    records.tell(MIA, "mailbox.added", "uma@a.test", now, domain="a.test", customer="A")
    for name in ("x", "y"):
        records.tell(
            OTTO, "mailbox.added", f"{name}@b.test", now, domain="b.test", customer="B", names=["é", "<b>"], n=None
        )
    records.tell(OTTO, "mailbox.removed", "y@b.test", now, domain="b.test", customer="B")
    return office


def anchor(office) -> None:
    from mailward.store.anchors import Anchor
    from mailward.store.models import Event

    row = Event.objects.order_by("-id")[0]
    with office.layout.anchors.open("ab") as file:
        file.write(Anchor(office.clock.now(), row.pk, row.sha256).line())


def subjects(office, actor: Actor, **wish) -> list[str]:
    from mailward.actions.events import list_events

    return [row.subject for row in list_events(office, actor, **wish)]


def test_everybody_sees_the_events_of_their_own_reach(told) -> None:
    """The provider and the auditor all; a customer theirs; a mail administrator their domain's; a mailbox user none."""
    from mailward.actions.events import chain_state, export, list_events

    auditor = Actor("aude", (Grant(PersonRole.AUDITOR),))
    for reader in (ROOT, auditor):
        assert subjects(told, reader) == ["y@b.test", "y@b.test", "x@b.test", "uma@a.test", "A", "host"]
    assert subjects(told, OTTO) == ["y@b.test", "y@b.test", "x@b.test"]
    assert subjects(told, MIA) == ["uma@a.test"]
    both = Actor("both", (*OTTO.grants, *MIA.grants))
    assert len(subjects(told, both)) == 4
    tied = Actor("script", limits=Limits(domains=frozenset({"a.test"})))
    assert subjects(told, tied) == ["uma@a.test"]
    uma = Actor("uma", (Grant(PersonRole.MAILBOX_USER, mailbox="uma@a.test"),))
    blind = Actor("script", limits=Limits(acts=frozenset({Act.DOMAINS_READ})))
    for nobody in (uma, blind):
        for action in (list_events, export, chain_state):
            with pytest.raises(Forbidden):
                action(told, nobody)


def test_events_are_found_and_turned_over_page_by_page(told) -> None:
    """By what they are about, who did them, what was done; the next page begins before the last number."""
    from mailward.actions.events import kinds_of_events, list_events

    assert subjects(told, ROOT, search="A.TEST") == ["uma@a.test"]
    assert subjects(told, ROOT, who="otto", what="mailbox.added") == ["y@b.test", "x@b.test"]
    assert len(subjects(told, ROOT, what="mailbox")) == 4
    assert subjects(told, ROOT, what="mail") == []
    first = list_events(told, ROOT, limit=4)
    rest = list_events(told, ROOT, limit=4, before=first[-1].id)
    assert [row.id for row in (*first, *rest)] == [6, 5, 4, 3, 2, 1]
    assert kinds_of_events(told, OTTO) == ("mailbox.added", "mailbox.removed")
    row = list_events(told, OTTO, what="mailbox.added")[0]
    assert (row.came_from, row.detail) == ("192.0.2.7", (("n", "–"), ("names", "é, <b>")))


def test_the_export_can_be_checked_by_anybody(told) -> None:
    """One JSON line for each event in reach, the oldest first, from which its hash can be taken again."""
    from mailward.actions.events import export

    lines = [row.line for row in export(told, OTTO)]
    assert len(lines) == 3
    for line in lines:
        read = json.loads(line)
        kept = read.pop("sha256")
        again = json.dumps(read, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert (sha256(again.encode()).hexdigest(), "\n" in line) == (kept, False)


def test_a_whole_record_is_said_to_be_whole(told) -> None:
    """How many, and how far root has seen them; new events are followed on from there."""
    from mailward.actions.events import chain_state
    from mailward.store import records

    anchor(told)
    state = chain_state(told, ROOT)
    assert (state.is_whole, state.count, state.anchored) == (True, 6, 6)
    records.tell(ROOT, "domain.added", "c.test", told.clock.now())
    state = chain_state(told, ROOT)
    assert (state.is_whole, state.count, state.anchored) == (True, 7, 6)


@pytest.mark.parametrize("before", [False, True])
def test_a_broken_record_is_shouted(told, before: bool) -> None:
    """Whether or not it was looked at before: what is wrong, at which event, and what it means."""
    from mailward.actions.events import chain_state
    from mailward.store.models import Event

    anchor(told)
    if before:
        assert chain_state(told, ROOT).is_whole
    Event.objects.filter(pk__gte=5).delete()
    state = chain_state(told, OTTO)
    assert (state.is_whole, state.how, state.first_broken) == (False, "truncated", 6)
    assert "missing" in str(state.what)
    assert str(state.remedy)


def test_an_old_change_is_found_when_everything_is_looked_at_again(told) -> None:
    """A display follows what is new; all of it is followed again when it is asked for, and after a quarter of an hour."""
    from mailward.actions.events import chain_state
    from mailward.store.models import Event

    assert chain_state(told, ROOT).is_whole
    Event.objects.filter(pk=2).update(who="nobody")
    told.clock.sleep(10)
    assert chain_state(told, ROOT, from_the_beginning=True).first_broken == 2
    assert chain_state(told, ROOT).first_broken == 2
    Event.objects.filter(pk=2).update(who="root")
    assert chain_state(told, ROOT).is_whole
    Event.objects.filter(pk=3).update(subject="")
    told.clock.sleep(timedelta(minutes=16).total_seconds())
    assert chain_state(told, ROOT).first_broken == 3


def test_a_display_of_many_events_does_not_follow_all_of_them_again(told) -> None:
    """Twenty thousand events are followed once; the next display asks a handful of queries and takes a few milliseconds."""
    from django.db import connection
    from django.db.transaction import atomic
    from django.test.utils import CaptureQueriesContext

    from mailward.actions.events import chain_state
    from mailward.store.chain import COLUMNS, digest
    from mailward.store.models import Event

    last = Event.objects.order_by("-id")[0]
    previous, rows = last.sha256, []
    for number in range(last.pk + 1, 20_000):
        row = Event(id=number, at=told.clock.now(), who="w", what="x.y", subject="s", previous=previous)
        previous = row.sha256 = digest(tuple(getattr(row, name) for name in COLUMNS))
        rows.append(row)
    with atomic():
        Event.objects.bulk_create(rows, batch_size=2000)
    assert chain_state(told, ROOT).count == 19_999
    began = perf_counter()
    with CaptureQueriesContext(connection) as seen:
        assert chain_state(told, ROOT).count == 19_999
    assert len(seen) <= 3
    assert perf_counter() - began < 0.2
