"""Rows <-> values of DKIM keys. Private keys are sealed to the steward; one that is gone leaves nothing but its name."""

from collections.abc import Collection
from datetime import datetime

from mailward.model.dns import DkimSelector, DkimState
from mailward.publishing.dkim_rotation import Make, Move
from mailward.store.dns import selector
from mailward.store.models import DkimKey, Domain


def keys(domain: str) -> tuple[DkimSelector, ...]:
    """All keys that the domain ever had, the oldest first."""
    rows = DkimKey.objects.filter(domain__name=domain).select_related("domain").defer("sealed_key")
    return tuple(selector(row) for row in rows.order_by("made_at", "selector"))


def sealed(domain: str, selectors: Collection[str]) -> dict[str, bytes]:
    """Selector -> its private key, sealed."""
    rows = DkimKey.objects.filter(domain__name=domain, selector__in=selectors)
    return {row.selector: bytes(row.sealed_key) for row in rows}


def add(domain: str, made: Make, record: str, sealed_key: bytes, now: datetime) -> None:
    """A key that was just made. A domain that isn't held any more gets none."""
    held = Domain.objects.filter(name=domain).first()
    if held is not None:
        DkimKey.objects.create(
            domain=held, selector=made.selector, algorithm=made.algorithm, state=DkimState.MADE, record=record,
            sealed_key=sealed_key, made_at=now, changed_at=now,
        )  # fmt: skip


def move(domain: str, step: Move, now: datetime) -> None:
    """The key's new state; one that goes loses its private half."""
    changed: dict[str, str | datetime | bytes] = {"state": step.to.value, "changed_at": now}
    if step.to is DkimState.GONE:
        changed["sealed_key"] = b""
    DkimKey.objects.filter(domain__name=domain, selector=step.selector).update(**changed)
