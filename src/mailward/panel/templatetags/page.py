"""``{% asset "panel.css" %}`` and ``{% same_page page=2 %}``; how pages are built is told at the head of panel.css."""

from django import template

from mailward.panel import files

register = template.Library()


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
