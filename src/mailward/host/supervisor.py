"""The keeper of the daemons: supervisord, spoken to by XML-RPC over its unix socket ``run/supervisor.sock``.

Every call opens a connection of its own and is bounded in time; a supervisor that does not run is ``{}`` from
``states`` and NotPossible from everything else. ``launch`` starts it so that it outlives the command that asked for it.
``shutdown`` returns when every process of the instance is gone, also those that a killed supervisor left behind.
"""

import http.client
import socket
import sys
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mailward.host import proc
from mailward.host.processes import PATH, RealProcesses
from mailward.model.errors import NotPossible
from mailward.model.layout import Layout
from mailward.model.outside import Clock, Processes
from mailward.model.sentence import NOTHING, Sentence

ALREADY_STARTED, NOT_RUNNING, BAD_NAME, ALREADY_ADDED = 60, 70, 10, 90  # supervisor.xmlrpc.Faults
SOCKET_PATH_LIMIT = 107  # bytes of sun_path that the kernel takes, unix(7)
# The daemons run for months as users of their own: what stands in the environment of whoever typed the command (tokens,
# passwords of proxies) is none of their business, and a service started at boot hasn't got it either.
_BARE = ("/usr/bin/env", "-i", f"PATH={PATH}", "LC_ALL=C.UTF-8", "HOME=/")
_PASSING = ("STARTING", "STOPPING", "BACKOFF")


class Supervisord:
    """The supervisor of one instance (model.outside.Supervisor, and its own start and end)."""

    def __init__(
        self,
        layout: Layout,
        *,
        clock: Clock,
        processes: Processes | None = None,
        config: Path | None = None,
        patience: float = 60,
    ) -> None:
        self._root = layout.root
        self._config = config or layout.current / "supervisor" / "supervisord.conf"
        self._socket = layout.run / "supervisor.sock"
        self._clock = clock
        self._processes = processes or RealProcesses()
        self._patience = patience  # seconds that a start or stop of one program may take

    def states(self) -> Mapping[str, str]:
        """Program name -> state, as supervisord says; {} when none runs."""
        try:
            return {info["name"]: info["statename"] for info in self._call("getAllProcessInfo")}
        except NotPossible:
            return {}

    def start(self, program: str) -> None:
        """Start it and wait until it stays up (its ``startsecs``). One that runs already is no error."""
        self._act(program, "startProcess", Sentence("{program} could not be started", program=program), ALREADY_STARTED)

    def stop(self, program: str) -> None:
        """Stop it and wait for its end. One that doesn't run is no error."""
        self._act(program, "stopProcess", Sentence("{program} could not be stopped", program=program), NOT_RUNNING)

    def restart(self, program: str) -> None:
        self.stop(program)
        self.start(program)

    def signal(self, program: str, name: str) -> None:
        """Send a signal by its name ("HUP")."""
        try:
            self._call("signalProcess", program, name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == BAD_NAME:
                raise _unknown(program) from fault
            what = Sentence("{program} could not be told: {reason}", program=program, reason=fault.faultString)
            raise NotPossible(what, code="supervisor") from fault

    def update(self) -> None:
        """Re-read supervisord's own configuration: stop what is gone, restart what changed, start what is new; then wait
        until what was started stays up or has failed (``states`` tells). When no supervisor runs, start it."""
        if not self.is_running():
            self.launch()
            self.settle()
            return
        try:
            ((added, changed, removed),) = self._call("reloadConfig")
        except xmlrpc.client.Fault as fault:
            what = Sentence("The supervisor refuses its configuration: {reason}", reason=fault.faultString)
            raise NotPossible(what, code="supervisor-config") from fault
        for group in (*removed, *changed):
            self._call("stopProcessGroup", group)
            self._call("removeProcessGroup", group)
        for group in (*changed, *added):
            self._unless(ALREADY_ADDED, "addProcessGroup", group)
        if added or changed:
            self.settle()

    def settle(self, timeout: float = 20) -> Mapping[str, str]:
        """Wait until no program that starts by itself is on its way up or down; the states then (judge them)."""
        deadline = self._clock.monotonic() + timeout
        while True:
            states = self.states()
            waiting = [name for name in self._automatic() if states.get(name) in ("STOPPED", *_PASSING)]
            if not waiting or self._clock.monotonic() >= deadline:
                return states
            self._clock.sleep(0.1)

    def tail(self, program: str, length: int = 4000) -> str:
        """The end of what the program wrote to its log (stdout and stderr as the configuration joins them)."""
        parts: list[str] = []
        for stream in ("tailProcessStdoutLog", "tailProcessStderrLog"):
            try:
                text, _, _ = self._call(stream, program, 0, length)
                parts.append(str(text))
            except (xmlrpc.client.Fault, NotPossible):
                continue
        return "\n".join(part.strip() for part in parts if part.strip())

    def is_running(self) -> bool:
        try:
            return bool(self._call("getState"))
        except (NotPossible, xmlrpc.client.Fault):
            return False

    def launch(self, config: Path | None = None, timeout: float = 20) -> None:
        """Start supervisord as a daemon of its own and wait until it answers. Does nothing when it runs already.

        Daemons that a killed supervisor left behind are ended first: they would hold the ports.
        """
        if self.is_running():
            return
        if len(str(self._socket).encode()) > SOCKET_PATH_LIMIT - 8:  # supervisord binds a longer, temporary name first
            raise NotPossible(
                Sentence("{path} is too long for a socket", path=self._socket),
                Sentence("Use an instance directory with a shorter path"),
                code="path-too-long",
            )
        self.end_leftovers()
        argv = (*_BARE, sys.executable, "-m", "supervisor.supervisord", "-c", str(config or self._config))
        completed = self._processes.run(argv, timeout=timeout)
        if completed.code:
            raise NotPossible(
                Sentence("The supervisor did not start: {reason}", reason=completed.output[-600:]), code="supervisor-launch"
            )
        if not self._until(self.is_running, timeout):
            raise NotPossible(
                Sentence("The supervisor was started, but does not answer at {path}", path=self._socket),
                Sentence("Look into the log directory of the instance"),
                code="supervisor-launch",
            )

    def shutdown(self, timeout: float = 60) -> None:
        """End supervisord and all its programs; what is not gone after ``timeout`` seconds is killed. None runs: fine."""
        pid = self._pid()
        if pid:
            family = proc.family(pid)
            keeper = [process for process in family if process.pid == pid]
            try:
                self._call("shutdown")
            except (xmlrpc.client.Fault, NotPossible):
                proc.send(keeper, "TERM")
            if not self._until(lambda: not proc.alive(keeper), timeout):
                proc.send(keeper, "KILL")
            self._end(family | proc.session(pid), 15)  # what a program left behind
        self.end_leftovers()

    def end_leftovers(self, timeout: float = 20) -> None:
        """End daemons of this instance that no supervisor keeps any more (it was killed): first politely, then not."""
        if self.is_running():
            return
        self._end(proc.orphans(self._root, f"SUPERVISOR_SERVER_URL=unix://{self._socket}\0"), timeout)

    def _end(self, wanted: frozenset[proc.Process], timeout: float) -> None:
        proc.send(wanted, "TERM")
        if not self._until(lambda: not proc.alive(wanted), timeout):
            proc.send(wanted, "KILL")
            self._until(lambda: not proc.alive(wanted), 10)

    def _pid(self) -> int | None:
        try:
            return int(self._call("getPID"))
        except (NotPossible, xmlrpc.client.Fault):
            return None

    def _automatic(self) -> Sequence[str]:
        try:
            return [info["name"] for info in self._call("getAllConfigInfo") if info["autostart"]]
        except (NotPossible, xmlrpc.client.Fault):
            return []

    def _act(self, program: str, method: str, failed: Sentence, allowed: int) -> None:
        try:
            self._unless(allowed, method, program)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == BAD_NAME:
                raise _unknown(program) from fault
            said = self.tail(program, 800)
            raise NotPossible(failed, Sentence("It said: {said}", said=said) if said else NOTHING, code="daemon") from fault

    def _unless(self, allowed: int, method: str, *arguments: str) -> None:
        try:
            self._call(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != allowed:
                raise

    def _call(self, method: str, *arguments: object) -> Any:
        """One XML-RPC call; supervisor's own refusals are xmlrpc Faults, a supervisor that can't be reached NotPossible."""
        proxy = xmlrpc.client.ServerProxy("http://supervisor", transport=_UnixTransport(self._socket, self._patience))
        try:
            with proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise NotPossible(
                Sentence("The supervisor of {root} does not answer", root=self._root),
                Sentence("Start this instance with mailward up"),
                code="supervisor-down",
            ) from error

    def _until(self, done: Callable[[], bool], timeout: float) -> bool:
        deadline = self._clock.monotonic() + timeout
        while not done():
            if self._clock.monotonic() >= deadline:
                return False
            self._clock.sleep(0.05)
        return True


def _unknown(program: str) -> NotPossible:
    return NotPossible(Sentence("The supervisor knows no program {program}", program=program), code="no-such-program")


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__()
        self._path = path
        self._timeout = timeout

    def make_connection(self, _host: object) -> http.client.HTTPConnection:
        return _UnixConnection(self._path, self._timeout)
