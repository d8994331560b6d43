"""What every page has around it: language, the menu of what this person may see, files with their versions."""

from typing import Any

from django.http import HttpRequest

from mailward.web.asking import actor_in
from mailward.web.language import language_of
from mailward.words import LANGUAGES


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor for ``panel/base.html``."""
    return {"language": language_of(request), "languages": LANGUAGES, "actor": actor_in(request)}
