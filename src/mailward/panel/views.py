"""The status page, its JSON, its style sheet and its icon. Everything is read; nothing can be changed here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailward.audit import report
from mailward.model.findings import SERVER
from mailward.model.sentence import Sentence
from mailward.panel import board, looks
from mailward.web.language import language_of
from mailward.words import LANGUAGES, say

_HERE = Path(__file__).parent
_LONGEST_SEARCH = 253


@dataclass(frozen=True)
class Asset:
    """A file of ours. Its address holds a part of its checksum, so that it may be kept for a year."""

    content: bytes
    content_type: str
    version: str


@cache
def asset(name: str) -> Asset:
    content = (_HERE / "assets" / name).read_bytes()
    return Asset(
        content, "text/css; charset=utf-8" if name.endswith(".css") else "image/svg+xml", sha256(content).hexdigest()[:12]
    )


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """The page. When the store can't be read, it says so, with 503: nobody knows."""
    language = language_of(request)
    context: dict[str, Any] = {
        "language": language,
        "languages": LANGUAGES,
        "style": asset("status.css").version,
        "icon": asset("icon.svg").version,
        "now": datetime.now(UTC),
    }
    try:
        context.update(_read(request, context["now"]))
        code = 200
    except DatabaseError:
        context.update(overall=board.overall({}, None, context["now"]), subjects=(), unreadable=True)
        code = 503
    response = render(request, "panel/status.html", context, status=code)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return response


def _read(request: HttpRequest, now: datetime) -> dict[str, Any]:
    search = request.GET.get("q", "").strip().lower()[:_LONGEST_SEARCH]
    number = request.GET.get("page", "1")
    counted, oldest = looks.counts(now)
    page = looks.page(now, int(number) if number.isdecimal() and len(number) < 9 else 1, search)
    found = {domain: board.as_of(rows, now) for domain, rows in looks.findings_of((SERVER, *page.domains)).items()}
    server = found.pop(SERVER)
    subjects = [board.subject(domain, rows, server) for domain, rows in found.items()]
    own = board.subject(SERVER, server, server)
    return {
        "overall": board.overall(counted, oldest, now),
        "hostname": board.server_name(server),
        "server": own if server else None,
        "subjects": subjects,
        "page": page,
        "search": search,
    }


@require_safe
def status_json(request: HttpRequest) -> HttpResponse:
    """The same for programs: the counts, and every finding of the domains of one page (``?page=``, ``?q=``)."""
    language, now = language_of(request), datetime.now(UTC)

    def speak(sentence: Sentence) -> str:
        return say(sentence, language)

    try:
        context = _read(request, now)
        overall, page = context["overall"], context["page"]
        found = looks.findings_of((SERVER, *page.domains))
        rows = [row for findings in found.values() for row in report.rows(board.as_of(findings, now), speak)]
        shown = {"number": page.number, "pages": page.pages, "domains": page.total}
        code = 200
    except DatabaseError:
        overall, rows, shown, code = board.overall({}, None, now), [], {"number": 1, "pages": 1, "domains": 0}, 503
    answer = {
        "verdict": overall.verdict.value,
        "headline": speak(overall.headline),
        "checked_at": overall.checked_at.isoformat() if overall.checked_at else None,
        "counts": {verdict.value: count for verdict, _, count in overall.counts},
        "page": shown,
        "findings": rows,
    }
    return JsonResponse(answer, status=code, json_dumps_params={"ensure_ascii": False, "indent": 1})


@require_safe
def file(request: HttpRequest, name: str) -> HttpResponse:
    """The style sheet or the icon."""
    kept = asset(name)
    response = HttpResponse(kept.content, content_type=kept.content_type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(
        say(Sentence("There is no such page."), language_of(request)), status=404, content_type="text/plain"
    )


def went_wrong(request: HttpRequest) -> HttpResponse:
    said = Sentence("This page failed. The doors are not touched by that. Look with: mailward verify")
    return HttpResponse(say(said, language_of(request)), status=500, content_type="text/plain; charset=utf-8")
