"""What the door daemons use: memory as PSS (each shared page counted once among those who share it) and processor time.

Read from /proc (proc(5)). PSS counts the pages of Postfix' table and of nginx' files that are mapped just now; they lie in
the page cache and can be dropped, so what can't be dropped (anonymous and shared memory) is told beside it.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mailward.bootstrap import Mailward
from mailward.host import proc

DOORS = ("nginx", "postfix", "dovecot")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """MiB. ``own`` is what can't be dropped."""

    pss: float
    own: float
    processes: int


def families(mailward: Mailward, names: Iterable[str] = DOORS) -> dict[str, frozenset[proc.Process]]:
    """The processes of each daemon: those that the supervisor's children have started, known by what they read."""
    root = f"{mailward.layout.root}/"
    found: dict[str, frozenset[proc.Process]] = {name: frozenset() for name in names}
    for process in proc.processes():
        name = _daemon(process, root)
        if name in found:
            found[name] |= proc.family(process.pid)
    return found


def _daemon(process: proc.Process, root: str) -> str:
    """The daemon that this process is the head of, or ""."""
    command = " ".join(proc.command_line(process.pid))
    if root not in command and root not in f"{proc.working_directory(process.pid)}/":
        return ""
    if process.name == "nginx" and "master process" in command:
        return "nginx"
    if process.name == "master":
        return "postfix"
    return "dovecot" if process.name == "dovecot" and command.startswith("/usr/sbin/dovecot") else ""


def memory(family: Iterable[proc.Process]) -> Memory:
    pss = own = count = 0
    for process in family:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            values = {key: int(rest.split()[0]) for key, _, rest in (line.partition(":") for line in text.splitlines()[1:])}
            pss += values["Pss"]
            own += values.get("Pss_Anon", 0) + values.get("Pss_Shmem", 0)
            count += 1
    return Memory(pss / 1024, own / 1024, count)


def cpu_seconds(family: Iterable[proc.Process]) -> float:
    """Processor time of these processes and of their children that have ended."""
    total = 0.0
    for process in family:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{process.pid}/stat").read_text()
            total += sum(int(field) for field in text[text.rindex(")") + 2 :].split()[11:15])
    return total / _TICKS
