"""Who asks for something."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """A person or program that acts. ``name`` is written into every run and event."""

    name: str
    role: str = "provider"


STEWARD = Actor("steward", "steward")
