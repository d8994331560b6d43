"""The office of the instance that this process serves. One process serves one instance; it is told once, at its start."""

from mailward.actions.office import Office

_office: Office | None = None


def use(office: Office) -> None:
    global _office  # noqa: PLW0603 - Django makes the views, so the office can't be handed to them
    _office = office


def office() -> Office:
    """Raises RuntimeError before ``use``."""
    if _office is None:
        raise RuntimeError("the web faces were not told which instance they serve")
    return _office
