"""``{% asset "panel.css" %}``, ``{% same_page page=2 %}``, ``{% pill verdict %}``; how pages are built is told at the
head of panel.css."""

import re
from datetime import datetime, timedelta
from typing import Any

from django import template

from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.panel import files
from mailward.panel.board import STATES
from mailward.standards.hostname import display_name
from mailward.web.office import office
from mailward.words import SOURCE
from mailward.words import say as say_in

register = template.Library()
_COMMAND = re.compile(r"\bmailward [a-z]")


@register.simple_tag
def asset(name: str) -> str:
    return files.address(name)


@register.simple_tag(takes_context=True)
def same_page(context: template.Context, **changes: str | int) -> str:
    """The query of this page with ``changes``: ``<a href="{% same_page page=2 %}">`` keeps search, sort and filter."""
    query = context["request"].GET.copy()
    for key, value in changes.items():
        if value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def sort_by(context: template.Context, word: str) -> str:
    """The query of this page sorted by ``word``, or the other way round when it is already; from the first page on."""
    now = context.get("sort", "")
    return same_page(context, sort=f"-{word}" if now == word else word, page="")


@register.filter
def sorted_as(now: str, word: str) -> str:
    """The value of ``aria-sort`` for the column ``word``."""
    return {word: "ascending", f"-{word}": "descending"}.get(now, "none")


@register.inclusion_tag("panel/verdict.html", takes_context=True)
def pill(context: template.Context, verdict: Verdict, state: Sentence | None = None) -> dict[str, Any]:
    """A verdict as a word and a shape."""
    return {"verdict": verdict, "state": state or STATES[verdict], "language": context.get("language")}


@register.filter
def for_panel(remedy: Sentence) -> Sentence:
    """A remedy that names a command is for people at the command line: in the panel a button stands there instead."""
    return NOTHING if _COMMAND.search(str(remedy)) else remedy


@register.simple_tag(takes_context=True)
def explain(context: template.Context, trouble: Any) -> str:
    """What went wrong and what to do, as whole sentences: engines say it as the end of a line, without capital and stop."""
    language = str(context.get("language", SOURCE))
    told = [say_in(sentence, language) for sentence in (trouble.what, for_panel(trouble.remedy)) if sentence.template]
    if told and trouble.what.template and not trouble.what.template.startswith("{") and told[0].split()[0].isalpha():
        told[0] = told[0][0].upper() + told[0][1:]
    return " ".join(one if one.endswith((".", "!", "?", ":")) else f"{one}." for one in told)


@register.filter
def shown_name(name: str) -> str:
    """A name as people write it: xn--bcher-kva.example is bücher.example."""
    return display_name(name)


@register.filter
def days_left(moment: datetime | None) -> int:
    """Whole days from now; negative when it is over."""
    return 0 if moment is None else (moment - office().clock.now()) // timedelta(days=1)


@register.filter
def short_of(lineage: str, domain: str) -> str:
    """ "wildcard" for "alpha.test-wildcard" where alpha.test is named beside it."""
    return lineage.removeprefix(f"{domain}-") if domain else lineage
