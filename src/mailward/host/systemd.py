"""The one systemd unit of an instance on a real host: written, enabled, removed (systemd.unit(5), systemctl(1)).

Its text is rendered elsewhere; where systemd is not the init that runs, NotPossible.
"""

import re
from pathlib import Path

from mailward.host import machine
from mailward.host.files import RealFiles
from mailward.model.errors import BadInput, NotPossible
from mailward.model.outside import Processes
from mailward.model.sentence import NOTHING, Sentence

UNITS = Path("/etc/systemd/system")
_NAME = re.compile(r"^mailward[A-Za-z0-9@_.-]{0,100}\.service$")


class Systemd:
    """``units`` is where units lie; ``booted`` whether systemd runs this host (None: look)."""

    def __init__(self, processes: Processes, *, units: Path = UNITS, booted: bool | None = None) -> None:
        self._processes = processes
        self._units = units
        self._booted = machine.has_systemd() if booted is None else booted

    def install(self, name: str, content: str, *, start: bool = False) -> bool:
        """Write the unit ``name`` (mailward….service) and enable it at boot; whether anything changed."""
        path = self._path(name)
        files = RealFiles(self._units)
        changed = not path.exists() or files.read(path) != content.encode()
        if changed:
            files.write(path, content.encode(), mode=0o644)
            self._systemctl("daemon-reload")
        self._systemctl("enable", name)
        if start:
            self._systemctl("start", name)
        return changed

    def remove(self, name: str) -> bool:
        """Disable and remove it, without stopping what runs; whether there was one."""
        path = self._path(name)
        if not path.exists():
            return False
        self._systemctl("disable", name)
        RealFiles(self._units).remove(path)
        self._systemctl("daemon-reload")
        return True

    def _path(self, name: str) -> Path:
        if not self._booted:
            raise NotPossible(
                Sentence("This host is not run by systemd: there is no service to install"),
                Sentence("Start the instance with mailward up from whatever starts this host's services"),
                code="no-systemd",
            )
        if not _NAME.match(name):
            raise BadInput("name", Sentence("{name} is not the name of a unit of Mailward's", name=name))
        return self._units / name

    def _systemctl(self, *arguments: str) -> None:
        ended = self._processes.run(("systemctl", "--no-ask-password", *arguments))
        if ended.code:
            raise NotPossible(
                Sentence(
                    "systemctl {arguments} failed: {reason}", arguments=" ".join(arguments), reason=ended.output[-300:]
                ),
                NOTHING,
                code="systemd",
            )
