"""What is shown when there is no such page, and when a page failed."""

import sys

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mailward.model.sentence import Sentence
from mailward.web.language import language_of
from mailward.words import say


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "panel/not_found.html", status=404)


def went_wrong(request: HttpRequest) -> HttpResponse:
    """Stands on nothing that could have failed: neither the store nor a template."""
    no_store = isinstance(sys.exc_info()[1], DatabaseError)
    said = _NO_STORE if no_store else _FAILED
    status = 503 if no_store else 500
    return HttpResponse(say(said, language_of(request)), status=status, content_type="text/plain; charset=utf-8")


_FAILED = Sentence("This page failed. The doors are not touched by that. Look with: mailward verify")
_NO_STORE = Sentence(
    "The store can't be read, so this page knows nothing. Mail is not touched by that. Look with: mailward doctor"
)
