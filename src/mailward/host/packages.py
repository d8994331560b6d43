"""Debian packages: which are missing, what installing them would do, and installing them without starting anything.

Every install is simulated first. When it would remove a package (and so replace the mail server that is there), it is
refused, naming them; apt-get gets ``--no-remove`` as well. While it runs, ``/usr/sbin/policy-rc.d`` says 101 ("action
forbidden", invoke-rc.d(8)); the file that was there comes back exactly as it was, after a crash with the next call.
Services that came with new packages are disabled afterwards, so that a reboot doesn't start them on the instance's ports.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mailward.host.apt import Progress, Simulation, progress, simulation
from mailward.host.lock import StewardLock
from mailward.host.processes import STATUS
from mailward.model.errors import NotPossible
from mailward.model.outside import Completed, Processes
from mailward.model.sentence import Sentence

_ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBIAN_PRIORITY": "critical",
    "APT_LISTCHANGES_FRONTEND": "none",
    "NEEDRESTART_MODE": "l",  # only list what needs a restart: never restart somebody's services
    "NEEDRESTART_SUSPEND": "1",
}
_OPTIONS = (
    "-y",
    "--no-install-recommends",
    "--no-remove",
    "-o",
    "DPkg::Lock::Timeout=300",
    "-o",
    "Dpkg::Options::=--force-confdef",
    "-o",
    "Dpkg::Options::=--force-confold",
    "-o",
    "Dpkg::Use-Pty=0",
    "-o",
    f"APT::Status-Fd={STATUS}",
)
# Answers to packages' questions, only given for packages that are new here: no configuration of theirs is written.
_ANSWERS = {
    "postfix": "postfix postfix/main_mailer_type select No configuration\n",
    "roundcube-core": "roundcube-core roundcube/dbconfig-install boolean false\n",
    "dbconfig-common": "dbconfig-common dbconfig-common/dbconfig-install boolean false\n",
}
_POLICY = (
    "#!/bin/sh\n# Made by Mailward for the time of one installation: no package starts or stops a service.\nexit 101\n"
)


class Programs(Processes, Protocol):
    """Programs that can also be followed line by line (host.processes.RealProcesses)."""

    def stream(
        self,
        argv: Sequence[str],
        on_line: Callable[[str], None],
        *,
        timeout: float = 3600,
        environment: Mapping[str, str] | None = None,
    ) -> int: ...


class DebianPackages:
    """The packages of this host. ``policy``, ``lists`` and ``lock`` are places of the system's; tests use others."""

    def __init__(
        self,
        processes: Programs,
        *,
        policy: Path = Path("/usr/sbin/policy-rc.d"),
        lists: Path = Path("/var/lib/apt/lists"),
        lock: Path = Path("/run/mailward-packages.lock"),
    ) -> None:
        self._processes = processes
        self._policy = policy
        self._saved = policy.with_name(policy.name + ".before-mailward")
        self._lists = lists
        self._lock = StewardLock(lock)

    def missing(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those that are not (completely) installed."""
        if not names:
            return ()
        ended = self._processes.run(("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", "--", *names))
        installed = {line.split()[0] for line in ended.stdout.splitlines() if line.split()[1:] == ["installed"]}
        return tuple(name for name in names if name not in installed)

    def simulate(self, names: Sequence[str]) -> Simulation:
        """What installing ``names`` would do, by the package lists that are here; changes nothing."""
        argv = ("apt-get", "-s", "-q", "--no-install-recommends", "install", "--", *names)
        ended = self._processes.run(argv, timeout=300, environment=_ENVIRONMENT)
        return simulation(ended.code, ended.output)

    def plan(self, names: Sequence[str]) -> Simulation:
        """The simulation for what is missing, refreshed lists if need be. NotPossible when it must not be done."""
        missing = self.missing(names)
        if not missing:
            return Simulation()
        found = self.simulate(missing) if self._has_lists() else Simulation(unknown=missing)
        if found.unknown:
            self._update()
            found = self.simulate(missing)
        return _accepted(found)

    def install(
        self, names: Sequence[str], on_progress: Callable[[Progress], None] = lambda _progress: None
    ) -> tuple[str, ...]:
        """Install what is missing of ``names``; the packages that are new (with what they need), () when none was."""
        if not self.missing(names):
            self.recover()
            return ()
        _must_be_root(names)
        with self._lock.held(timeout=600, purpose="installing packages"):
            self._recover()
            planned = self.plan(names)
            with self._nothing_starts():
                self._answer(planned.new)
                output = self._apt_install(names, on_progress)
                if self.missing(names):
                    self._update()  # the lists were older than the archive
                    output = self._apt_install(names, on_progress)
            left = self.missing(names)
            if left:
                raise NotPossible(
                    Sentence("{names} could not be installed: {reason}", names=", ".join(left), reason=_errors(output)),
                    Sentence("See what apt-get install says for them, then run mailward up again"),
                    code="packages",
                )
            self._disable_services(planned.new)
            return planned.new

    def recover(self) -> None:
        """Put policy-rc.d back when an installation of ours was killed; nothing otherwise."""
        if not self._is_ours() and not self._saved.exists():
            return
        with self._lock.held(timeout=600, purpose="putting policy-rc.d back"):
            self._recover()

    def _apt_install(self, names: Sequence[str], on_progress: Callable[[Progress], None]) -> list[str]:
        last: list[str] = []

        def take(line: str) -> None:
            step = progress(line)
            if step is not None:
                on_progress(step)
            else:
                last.append(line)
                del last[:-60]

        self._processes.stream(("apt-get", "-q", *_OPTIONS, "install", "--", *names), take, environment=_ENVIRONMENT)
        return last

    def _update(self) -> None:
        argv = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "update")
        ended = self._processes.run(argv, timeout=900, environment=_ENVIRONMENT)
        if ended.code:
            raise NotPossible(
                Sentence("The lists of packages could not be fetched: {reason}", reason=_errors(ended.output.splitlines())),
                Sentence("Make sure that apt-get update works on this host"),
                code="packages",
            )

    def _has_lists(self) -> bool:
        return self._lists.is_dir() and any("_Packages" in path.name for path in self._lists.iterdir())

    def _answer(self, new: Sequence[str]) -> None:
        answers = "".join(text for name, text in _ANSWERS.items() if name in new)
        if answers:
            _succeed(self._processes.run(("debconf-set-selections",), stdin=answers.encode(), environment=_ENVIRONMENT))

    @contextmanager
    def _nothing_starts(self) -> Iterator[None]:
        """policy-rc.d forbids every action for the time of the block."""
        if self._policy.exists() or self._policy.is_symlink():
            self._policy.rename(self._saved)  # keeps its bytes, mode, owner, and that it is a link
        temporary = self._policy.with_name(self._policy.name + ".mailward-new")
        temporary.write_text(_POLICY)
        temporary.chmod(0o755)
        temporary.rename(self._policy)
        try:
            yield
        finally:
            self._recover()

    def _recover(self) -> None:
        if self._saved.exists() or self._saved.is_symlink():
            self._saved.rename(self._policy)
        elif self._is_ours():
            self._policy.unlink()

    def _is_ours(self) -> bool:
        try:
            return self._policy.read_text("utf-8", "replace") == _POLICY
        except OSError:
            return False

    def _disable_services(self, new: Sequence[str]) -> None:
        """New packages' services don't start at the next boot. Those that were there before stay as they are."""
        for name in new:
            ended = self._processes.run(("dpkg-query", "-L", "--", name))
            for path in map(Path, ended.stdout.splitlines()):
                if path.parent.as_posix() in ("/lib/systemd/system", "/usr/lib/systemd/system") and "@" not in path.name:
                    if path.suffix in (".service", ".timer", ".socket", ".path"):
                        with contextlib.suppress(NotPossible):
                            self._processes.run(("deb-systemd-helper", "disable", path.name))
                elif path.parent.as_posix() == "/etc/init.d":
                    with contextlib.suppress(NotPossible):
                        self._processes.run(("update-rc.d", path.name, "disable"))


def _accepted(found: Simulation) -> Simulation:
    if found.removed:
        raise NotPossible(
            Sentence(
                "Installing what Mailward needs would remove {names} from this host: nothing was installed",
                names=", ".join(found.removed),
            ),
            Sentence("Use a host without another mail server, or remove those packages yourself if they are not needed"),
            code="would-remove",
        )
    if found.unknown:
        raise NotPossible(
            Sentence("This host's package sources don't have {names}", names=", ".join(found.unknown)),
            Sentence("Mailward needs Debian 12 with its main archive in /etc/apt/sources.list"),
            code="packages-unknown",
        )
    if found.error:
        raise NotPossible(
            Sentence("apt-get would not install what Mailward needs: {reason}", reason=found.error),
            Sentence("Make sure that apt-get check finds no fault on this host"),
            code="packages",
        )
    return found


def _must_be_root(names: Sequence[str]) -> None:
    if os.geteuid() != 0:
        raise NotPossible(
            Sentence("The Debian packages {names} are missing", names=", ".join(names)),
            Sentence("Run this as root: only root can install packages"),
            code="not-root",
        )


def _succeed(ended: Completed) -> None:
    if ended.code:
        raise NotPossible(
            Sentence("{program} failed: {reason}", program=ended.argv[0], reason=ended.output[-300:]), code="packages"
        )


def _errors(lines: Sequence[str]) -> str:
    said = [line.removeprefix("E: ") for line in lines if line.startswith(("E: ", "dpkg: error"))]
    return "; ".join(said or lines[-3:])[:600]
