"""Is a port free, and if not, who holds it? For plain words instead of a daemon's "Address already in use".

Whether it is free is asked of the kernel by binding; who holds it is read from /proc/net (proc(5)).
"""

import os
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mailward.host import proc

_TCP_LISTEN = "0A"


@dataclass(frozen=True)
class Holder:
    """Who holds a port. ``program`` is its name ("nginx"), "" when it may not be seen; ``command`` its command line."""

    pid: int
    program: str
    command: str


@dataclass(frozen=True)
class TakenPort:
    """A port that can't be had. ``holder`` None: nobody that can be seen; ``reason`` is the kernel's."""

    address: str
    port: int
    kind: str  # tcp or udp
    reason: str
    holder: Holder | None


def taken(wanted: Iterable[tuple[str, int]], kind: str = "tcp") -> list[TakenPort]:
    """Those of ``wanted`` (address, port) that can't be listened on now."""
    found: list[TakenPort] = []
    for address, port in wanted:
        reason = _refusal(address, port, kind)
        if reason is not None:
            found.append(TakenPort(address, port, kind, reason, holder(address, port, kind)))
    return found


def free_port(address: str = "127.0.0.1", kind: str = "tcp") -> int:
    """A port that is free at this moment (tests)."""
    with _socket(address, kind) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def holder(address: str, port: int, kind: str = "tcp") -> Holder | None:
    """The process that listens on ``port`` at ``address`` or at all addresses."""
    wanted = {address, "0.0.0.0", "::"}  # noqa: S104 - looked for, not listened on
    inodes = {
        inode
        for table in (kind, f"{kind}6")
        for local, number, state, inode in _sockets(Path("/proc/net") / table)
        if number == port and (kind == "udp" or state == _TCP_LISTEN) and (local in wanted or address in ("0.0.0.0", "::"))  # noqa: S104
    }
    return _owner({f"socket:[{inode}]" for inode in inodes}) if inodes else None


def _socket(address: str, kind: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    if kind == "tcp":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as daemons do: TIME_WAIT is no hindrance
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made


def _refusal(address: str, port: int, kind: str) -> str | None:
    try:
        with _socket(address, kind) as probe:
            probe.bind((address, port))
            if kind == "tcp":
                probe.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _sockets(table: Path) -> Iterable[tuple[str, int, str, str]]:
    """Local address, port, state and inode of each line of /proc/net/{tcp,udp}{,6}."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        packed, _, port = fields[1].partition(":")
        yield _address(packed), int(port, 16), fields[3], fields[9]


def _address(packed: str) -> str:
    """The kernel writes addresses as 32-bit words in the machine's order."""
    words = [int(packed[start : start + 8], 16) for start in range(0, len(packed), 8)]
    data = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, data)


def _owner(sockets: set[str]) -> Holder | None:
    for process in proc.processes():
        directory = proc.PROC / str(process.pid) / "fd"
        try:
            held = any(os.readlink(entry) in sockets for entry in directory.iterdir())  # noqa: PTH115
        except OSError:
            continue
        if held:
            return Holder(process.pid, process.name, " ".join(proc.command_line(process.pid)))
    return None
