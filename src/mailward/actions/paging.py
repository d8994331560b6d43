"""A part of a list, cut out by the store."""

from typing import TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)

MOST = 10_000
"""Rows that one page may have."""


def page(found: QuerySet[M], offset: int, limit: int | None) -> tuple[list[M], int]:
    """Rows ``offset`` to ``offset + limit`` of what was found (limit None: all that follow), and how many there are."""
    start = max(0, offset)
    if limit is None:
        rows = list(found[start:])
        return rows, start + len(rows)
    return list(found[start : start + min(max(1, limit), MOST)]), found.order_by().count()
