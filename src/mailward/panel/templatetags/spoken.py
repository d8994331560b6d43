"""``{% say "English text" name=value %}`` and ``{% tell sentence %}``: sentences in the page's language, escaped."""

from typing import Any

from django import template

from mailward.model.sentence import Sentence
from mailward.words import SOURCE
from mailward.words import say as say_in

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: template.Context, text: str, **values: Any) -> str:
    """A sentence of the template itself. Template tags' results are escaped by Django."""
    return say_in(Sentence(text, **values), str(context.get("language", SOURCE)))


@register.simple_tag(takes_context=True)
def tell(context: template.Context, sentence: Sentence) -> str:
    """A sentence that an engine made."""
    return say_in(sentence, str(context.get("language", SOURCE)))


@register.filter
def fingerprint(sha256: str) -> str:
    """A fingerprint in groups, so that it can be compared by eye and broken at the end of a line."""
    return " ".join(sha256[start : start + 4] for start in range(0, len(sha256), 4))
