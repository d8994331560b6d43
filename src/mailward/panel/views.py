"""What is shown when there is no such page, and when a page failed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mailward.model.sentence import Sentence
from mailward.web.language import language_of
from mailward.words import say


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "panel/not_found.html", status=404)


def went_wrong(request: HttpRequest) -> HttpResponse:
    """Stands on nothing that could have failed: neither the store nor a template."""
    said = Sentence("This page failed. The doors are not touched by that. Look with: mailward verify")
    return HttpResponse(say(said, language_of(request)), status=500, content_type="text/plain; charset=utf-8")
