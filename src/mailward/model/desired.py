"""The desired state of the host's configuration: what a generation is rendered from. It doesn't grow with the number
of domains, unless somebody opens Dovecot's own STARTTLS doors, which need a block per certificate."""

import sys
from dataclasses import dataclass

from mailward.model.settings import Settings


@dataclass(frozen=True)
class LocalName:
    """A certificate for Dovecot's STARTTLS doors: one ``local_name`` block with all its names."""

    lineage: str
    version: int
    names: tuple[str, ...]
    companion: bool = False  # it has an RSA companion


@dataclass(frozen=True)
class DesiredState:
    """What the operator declared, complete. ``local_names`` is empty while the STARTTLS doors are closed, and
    ``default_companion`` (the server-wide certificate has an RSA companion) matters to them alone."""

    settings: Settings
    local_names: tuple[LocalName, ...] = ()
    python: str = sys.executable  # the interpreter that runs our own processes (panel, steward) under the supervisor
    default_companion: bool = False
