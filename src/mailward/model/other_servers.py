"""Mail servers on this machine that Mailward doesn't keep."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OtherServer:
    """What was seen of one. ``name`` is qmail, courier, exim, sendmail …; ``evidence`` is the path or process seen."""

    name: str
    installed: bool
    running: bool
    version: str | None = None
    evidence: str = ""
