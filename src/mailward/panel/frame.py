"""What every page has around it: language, the menu of what this person may see, the name of the host."""

from typing import Any

from django.http import HttpRequest

from mailward.panel.menu import menu
from mailward.web.asking import actor_in
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import LANGUAGES


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor for ``panel/base.html`` and ``panel/bare.html``; ``frame`` is the one that fits the reader."""
    actor = actor_in(request)
    return {
        "language": language_of(request),
        "languages": LANGUAGES,
        "actor": actor,
        "hostname": _hostname(),
        "menu": menu(actor, request.path) if actor else (),
        "frame": "panel/base.html" if actor else "panel/bare.html",
    }


def _hostname() -> str:
    try:
        return office().settings.hostname
    except RuntimeError:  # a page of a process that serves no instance
        return ""
