"""The office of the instance that this process serves. One process serves one instance; it is told once, at its start."""

from collections.abc import Callable

from mailward.actions.office import Office

_office: Office | None = None
_look_again: Callable[[], Office | None] | None = None


def use(office: Office, look_again: Callable[[], Office | None] | None = None) -> None:
    """``look_again`` is asked each time the office is: another one when mailward.toml was changed, or None."""
    global _office, _look_again  # Django makes the views, so the office can't be handed to them
    _office, _look_again = office, look_again


def office() -> Office:
    """Raises RuntimeError before ``use``."""
    global _office  # noqa: PLW0603
    if _office is None:
        raise RuntimeError("the web faces were not told which instance they serve")
    newer = _look_again() if _look_again is not None else None
    if newer is not None:
        _office = newer
    return _office
