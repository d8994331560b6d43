"""Debian packages: simulated first, refused when anything would go, and nothing is started while they are installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from fakes.scripted_processes import ScriptedProcesses, completed
from mailward.host.apt import Progress, Simulation, progress, simulation
from mailward.host.packages import DebianPackages
from mailward.host.processes import RealProcesses
from mailward.model.errors import NotPossible
from mailward.model.outside import Completed

NEW = "Inst liblmdb0 (0.9.24-1 Debian:12.8/stable [amd64])\nInst postfix (3.7.11-0+deb12u1 Debian:12.8/stable [amd64])\n"


class Machine(ScriptedProcesses):
    """A machine whose apt-get does what it is told; looks at policy-rc.d while it installs."""

    def __init__(self, policy: Path, simulated: Completed, *, works: bool = True) -> None:
        super().__init__()
        self.installed: set[str] = set()
        self.policy = policy
        self.seen_policy = ""
        self.works = works
        self.on_install: Callable[[], None] = lambda: None
        self.answers |= {
            ("dpkg-query", "-W"): self._query,
            ("dpkg-query", "-L"): self._files,
            ("apt-get", "-s"): simulated,
            ("apt-get", "-q"): completed(),
            ("debconf-set-selections",): completed(),
            ("deb-systemd-helper",): completed(),
            ("update-rc.d",): completed(),
        }

    def _query(self, argv: Sequence[str], _stdin: bytes | None) -> Completed:
        names = argv[argv.index("--") + 1 :]
        return completed(1, "".join(f"{name} installed\n" for name in names if name in self.installed))

    def _files(self, argv: Sequence[str], _stdin: bytes | None) -> Completed:
        return completed(
            0, f"/.\n/lib/systemd/system/{argv[-1]}.service\n/lib/systemd/system/x@.service\n/etc/init.d/{argv[-1]}\n"
        )

    def stream(
        self,
        argv: Sequence[str],
        on_line: Callable[[str], None],
        *,
        timeout: float = 3600,
        environment: Mapping[str, str] | None = None,
    ) -> int:
        self.calls.append(tuple(argv))
        self.seen_policy = self.policy.read_text()
        assert environment is not None and environment["DEBIAN_FRONTEND"] == "noninteractive"
        assert "--no-remove" in argv and "--no-install-recommends" in argv
        self.on_install()
        on_line("dlstatus:1:50.0:Retrieving file 1 of 2")
        on_line("pmstatus:postfix:33.3333:Unpacking postfix (amd64)")
        if not self.works:
            on_line("E: Sub-process /usr/bin/dpkg returned an error code (1)")
            return 100
        self.installed |= set(argv[argv.index("--") + 1 :])
        return 0


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "deb_main_binary-amd64_Packages").touch()
    return tmp_path / "policy-rc.d"


def packages(machine: Machine) -> DebianPackages:
    root = machine.policy.parent
    return DebianPackages(machine, policy=machine.policy, lists=root / "lists", lock=root / "lock")


def test_simulations_are_read() -> None:
    """New, upgraded, removed and unknown packages, and apt's own reason for giving up."""
    text = NEW + "Inst libssl3:amd64 [3.0.1] (3.0.15 Debian [amd64]) []\n"
    text += "Remv exim4-base [4.96] [exim4-config ]\nConf postfix (1)\n"
    assert simulation(0, text) == Simulation(("liblmdb0", "postfix"), ("libssl3",), ("exim4-base",))
    unknown = "E: Unable to locate package pebble\nE: Package 'x' has no installation candidate\n"
    assert simulation(100, unknown).unknown == ("pebble", "x")
    assert "broken packages" in simulation(100, "E: Unable to correct problems, you have held broken packages.\n").error


def test_progress_is_read() -> None:
    """The status channel's lines, and nothing else."""
    assert progress("pmstatus:postfix:33.5:Unpacking: x") == Progress("install", "postfix", 33.5, "Unpacking: x")
    assert progress("dlstatus:1:10:Fetching") == Progress("download", "1", 10.0, "Fetching")
    assert progress("Setting up postfix") is None
    assert progress("pmstatus:broken") is None


def test_only_what_is_missing_is_installed(policy: Path) -> None:
    """Answers are given to new packages only, nothing starts, their services are disabled, and progress is told."""
    machine = Machine(policy, completed(0, NEW))
    machine.installed = {"nginx"}
    told: list[Progress] = []
    assert packages(machine).missing(["nginx", "postfix"]) == ("postfix",)
    assert packages(machine).install(["nginx", "postfix"], told.append) == ("liblmdb0", "postfix")
    assert [step.package for step in told] == ["1", "postfix"]
    assert "exit 101" in machine.seen_policy
    assert not policy.exists()
    answered = [stdin for stdin in machine.stdins if stdin]
    assert answered == [b"postfix postfix/main_mailer_type select No configuration\n"]
    assert ("deb-systemd-helper", "disable", "postfix.service") in machine.calls
    assert ("update-rc.d", "postfix", "disable") in machine.calls
    assert not any("x@.service" in call for call in machine.calls)
    assert packages(machine).install(["nginx", "postfix"]) == ()


def test_what_would_remove_something_is_refused(policy: Path) -> None:
    """When the mail server that is there would be removed, nothing is installed and it is named."""
    machine = Machine(policy, completed(0, NEW + "Remv exim4-daemon-light [4.96]\n"))
    with pytest.raises(NotPossible, match="exim4-daemon-light") as caught:
        packages(machine).install(["postfix"])
    assert caught.value.code == "would-remove"
    assert machine.seen_policy == ""
    assert not policy.exists()


@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_the_policy_that_was_there_comes_back(policy: Path, mode: int) -> None:
    """Somebody's own policy-rc.d has its bytes and mode again, also when the installation failed."""
    policy.write_text("#!/bin/sh\nexit 0 # mine\n")
    policy.chmod(mode)
    machine = Machine(policy, completed(0, NEW), works=False)
    with pytest.raises(NotPossible, match="returned an error code"):
        packages(machine).install(["postfix"])
    assert "exit 101" in machine.seen_policy
    assert policy.read_text() == "#!/bin/sh\nexit 0 # mine\n"
    assert policy.stat().st_mode & 0o777 == mode
    assert sorted(path.name for path in policy.parent.iterdir()) == ["lists", "lock", "policy-rc.d"]


@pytest.mark.fault
@pytest.mark.parametrize("own", [None, "#!/bin/sh\nexit 0 # mine\n"])
def test_the_policy_comes_back_after_a_crash(policy: Path, own: str | None) -> None:
    """kill -9 in the middle of an installation: the next call, even with nothing to install, puts it back."""
    if own is not None:
        policy.write_text(own)
    machine = Machine(policy, completed(0, NEW))
    machine.on_install = lambda: os._exit(9)
    child = os.fork()
    if child == 0:
        packages(machine).install(["postfix"])
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert "exit 101" in policy.read_text()
    machine.installed = {"postfix"}
    assert packages(machine).install(["postfix"]) == ()
    assert (policy.read_text() if policy.exists() else None) == own
    assert sorted(path.name for path in policy.parent.iterdir()) == sorted(
        ["lists", "lock", *(["policy-rc.d"] if own else [])]
    )


def test_lists_are_fetched_only_when_needed(policy: Path) -> None:
    """With lists that know the package nothing is fetched; with unknown packages once, and then it is refused."""
    packages(machine := Machine(policy, completed(0, NEW))).plan(["postfix"])
    assert not any(call[-1] == "update" for call in machine.calls)
    machine = Machine(policy, completed(100, "", "E: Unable to locate package pebble\n"))
    with pytest.raises(NotPossible, match="pebble") as caught:
        packages(machine).plan(["pebble"])
    assert caught.value.code == "packages-unknown"
    assert [call[-1] for call in machine.calls].count("update") == 1


# Installs for real, in a copy of this machine that nobody else sees: an overlay over / in a mount namespace of its own.
OVERLAY = """
set -eu
mount --make-rprivate /
mount -t tmpfs -o size=2g none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" none "$1/root"
mount --rbind /proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs none "$1/root/run"
exec chroot "$1/root" "$2" -c "$3"
"""
INSTALL = """
from pathlib import Path
from mailward.host.packages import DebianPackages
from mailward.host.processes import RealProcesses
policy = Path("/usr/sbin/policy-rc.d")
before = policy.read_bytes() if policy.exists() else None
packages = DebianPackages(RealProcesses())
told = []
new = packages.install(["postsrsd"], told.append)
print("new", "postsrsd" in new)
print("left", packages.missing(["postsrsd"]))
print("policy", (policy.read_bytes() if policy.exists() else None) == before)
print("told", any(step.package.startswith("postsrsd") for step in told))
wants = Path("/etc/systemd/system/multi-user.target.wants/postsrsd.service")
print("enabled", wants.is_symlink(), any(Path("/etc/rc2.d").glob("S*postsrsd")))
print("running", any(path.read_text().strip() == "postsrsd" for path in Path("/proc").glob("[0-9]*/comm") if path.exists()))
"""


@pytest.mark.real
def test_a_real_installation_starts_nothing(tmp_path: Path) -> None:
    """postsrsd is really installed (in an overlay): complete, not started, not enabled at boot, policy-rc.d as before."""
    if shutil.which("postsrsd") or RealProcesses().run(["apt-get", "-s", "install", "postsrsd"]).code:
        pytest.skip("postsrsd is installed here already, or this machine reaches no package archive")
    argv = ["unshare", "-m", "sh", "-c", OVERLAY, "sh", str(tmp_path), sys.executable, INSTALL]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout.splitlines() == [
        "new True",
        "left ()",
        "policy True",
        "told True",
        "enabled False False",
        "running False",
    ]
