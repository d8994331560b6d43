"""Facts about the machine that everything runs on. Only looks, never changes anything."""

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Release:
    """The operating system: ("debian", "12")."""

    id: str
    version: str


def is_root() -> bool:
    return os.geteuid() == 0


def has_ipv6_loopback() -> bool:
    """Whether something can listen on ::1."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def release(os_release: Path = Path("/etc/os-release")) -> Release:
    """What os-release(5) says; empty strings when it says nothing."""
    values: dict[str, str] = {}
    if os_release.exists():
        for line in os_release.read_text("utf-8", "replace").splitlines():
            key, equals, value = line.partition("=")
            if equals:
                values[key.strip()] = value.strip().strip("\"'")
    return Release(values.get("ID", ""), values.get("VERSION_ID", ""))


def has_systemd() -> bool:
    """Whether systemd is the init that runs (sd_booted(3)), not only installed."""
    return Path("/run/systemd/system").is_dir()


def free_disk_bytes(path: Path) -> int:
    """Bytes that may still be written where ``path`` is, or where it would be made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def memory_bytes(meminfo: Path = Path("/proc/meminfo")) -> tuple[int, int]:
    """All memory and what is available now (proc(5)), in bytes; 0 where it is not said."""
    values = {line.partition(":")[0]: line.split() for line in meminfo.read_text().splitlines()}

    def of(key: str) -> int:
        return int(values[key][1]) * 1024 if key in values else 0

    return of("MemTotal"), of("MemAvailable")


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def hostname() -> str:
    """The full name of this machine as it calls itself; may have no dot."""
    return socket.getfqdn() or socket.gethostname()
