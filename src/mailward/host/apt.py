"""What apt-get says, read: the simulation of an install (apt-get(8), ``-s``) and its progress (``APT::Status-Fd``)."""

import re
from dataclasses import dataclass

_INST = re.compile(r"^Inst (?P<name>\S+) (?:\[(?P<old>[^\]]*)\] )?\((?P<new>\S+)")
_REMV = re.compile(r"^Remv (?P<name>\S+)")
_UNKNOWN = re.compile(r"^E: (?:Unable to locate package (?P<a>\S+)|Package '(?P<b>[^']+)' has no installation candidate)")


@dataclass(frozen=True)
class Simulation:
    """What an install would do. ``unknown`` are packages that the lists don't have; ``error`` is apt's, when it gave up."""

    new: tuple[str, ...] = ()
    upgraded: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    error: str = ""


def simulation(code: int, output: str) -> Simulation:
    """Read the output (stdout and stderr) of ``apt-get -s install``."""
    new: list[str] = []
    upgraded: list[str] = []
    removed: list[str] = []
    unknown: list[str] = []
    for line in output.splitlines():
        if found := _INST.match(line):
            (upgraded if found["old"] is not None else new).append(found["name"].partition(":")[0])
        elif found := _REMV.match(line):
            removed.append(found["name"].partition(":")[0])
        elif found := _UNKNOWN.match(line):
            unknown.append(found["a"] or found["b"])
    errors = [line.removeprefix("E: ") for line in output.splitlines() if line.startswith("E: ")]
    error = "; ".join(errors)[:600] or output.strip()[-300:] if code else ""
    return Simulation(tuple(new), tuple(upgraded), tuple(removed), tuple(unknown), error)


@dataclass(frozen=True)
class Progress:
    """How far an install is. ``percent`` is of the phase (0 to 100), ``phase`` is download or install."""

    phase: str
    package: str
    percent: float
    message: str


def progress(line: str) -> Progress | None:
    """Read a line of the status channel; None when it is none."""
    kind, _, rest = line.partition(":")
    if kind not in ("dlstatus", "pmstatus"):
        return None
    package, _, rest = rest.partition(":")
    percent, _, message = rest.partition(":")
    try:
        return Progress("download" if kind == "dlstatus" else "install", package, float(percent), message.strip())
    except ValueError:
        return None
