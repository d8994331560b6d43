"""Activity: who did what, when and from where; whether the record is as it was written; and all of it as JSON Lines."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailward.actions.events import EventRow, chain_state, export, kinds_of_events, list_events
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.panel.people.event_words import TOLD
from mailward.panel.signed_in import searched, signed_in
from mailward.web.office import office

PER_PAGE = 50


@require_safe
@signed_in
def activity(request: HttpRequest, actor: Actor) -> HttpResponse:
    """GET /activity/; ``before`` is the number of an event: the page shows what is older."""
    search, who, what = searched(request), request.GET.get("who", "").strip()[:254], request.GET.get("what", "")[:60]
    text = request.GET.get("before", "")
    before = int(text) if text.isdecimal() and text.isascii() and len(text) < 16 else None
    rows = list_events(office(), actor, search=search, who=who, what=what, before=before, limit=PER_PAGE + 1)
    state = chain_state(office(), actor, from_the_beginning="verify" in request.GET)
    context = {
        "events": [(row, told(row)) for row in rows[:PER_PAGE]],
        "older": rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None,
        "chain": state,
        "sees_host": actor.may(Act.EVENTS_READ),
        "search": search,
        "who": who,
        "what": what,
        "kinds": [(word, TOLD.get(word, word)) for word in kinds_of_events(office(), actor)],
    }
    return render(request, "panel/people/activity.html", context)


def told(row: EventRow) -> Sentence | str:
    return TOLD.get(row.what, row.what)


@require_safe
@signed_in
def export_lines(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """GET /activity.jsonl: each event on a line of its own, with its hash and the one before, the oldest first."""
    rows = export(office(), actor)
    response = StreamingHttpResponse(_lines(rows), content_type="application/jsonl; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="mailward-activity.jsonl"'
    return response


def _lines(rows: Iterator[EventRow]) -> Iterator[bytes]:
    for row in rows:
        yield f"{row.line}\n".encode()
