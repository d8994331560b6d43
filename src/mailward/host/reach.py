"""Who can reach what: whether other users may enter a directory, and by which addresses the world finds this machine."""

import socket
import stat
from pathlib import Path

from mailward.model.outside import Processes


def closed_ancestor(path: Path) -> Path | None:
    """The first directory on the way to ``path`` that other users may not enter; None when all are open."""
    for ancestor in reversed(path.resolve().parents):
        if ancestor.exists() and not ancestor.stat().st_mode & stat.S_IXOTH:
            return ancestor
    return None


def global_addresses(processes: Processes) -> tuple[str, ...]:
    """The addresses of this machine's interfaces without loopback and link-local ones (hostname(1), -I), IPv4 first."""
    found = processes.run(("hostname", "-I")).stdout.split()
    return tuple(sorted(found, key=lambda address: ":" in address))


def has_route(address: str) -> bool:
    """Whether packets to this address would leave the machine (or stay on it). Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 53))
    except OSError:
        return False
    return True
