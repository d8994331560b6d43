"""Facts about the machine, users, ports, neighbours and the unit: true, and in the right words."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.scripted_processes import ScriptedProcesses, completed
from mailward.host import machine, ports, proc
from mailward.host.processes import RealProcesses
from mailward.host.programs import other_mail_servers
from mailward.host.systemd import Systemd
from mailward.host.users import WantedUser, ensure_users, missing_users
from mailward.model.errors import BadInput, NotPossible

HOLD = (
    "import socket, sys; s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET,"
    " socket.SOCK_DGRAM if sys.argv[2] == 'udp' else socket.SOCK_STREAM); s.bind((sys.argv[1], 0));"
    " sys.argv[2] == 'udp' or s.listen(); print(s.getsockname()[1], flush=True); sys.stdin.read()"
)


@pytest.mark.parametrize(
    ("bound", "asked", "kind"),
    [
        ("127.0.0.1", "127.0.0.1", "tcp"),
        ("0.0.0.0", "127.0.0.1", "tcp"),
        ("::1", "::1", "tcp"),
        ("127.0.0.1", "127.0.0.1", "udp"),
    ],
)
def test_who_holds_a_port(bound: str, asked: str, kind: str) -> None:
    """A port that another process listens on is taken, and the process is named; afterwards it is free."""
    argv = [sys.executable, "-c", HOLD, bound, kind]
    holder = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    port = int(holder.stdout.readline())
    (taken,) = ports.taken([(asked, port), (asked, ports.free_port(asked, kind))], kind)
    assert (taken.port, taken.reason) == (port, "Address already in use")
    assert taken.holder is not None and taken.holder.pid == holder.pid
    assert "python" in taken.holder.program
    assert bound in taken.holder.command
    holder.communicate()
    assert ports.taken([(asked, port)], kind) == []


def test_an_address_that_is_not_here() -> None:
    """An address of another machine can't be listened on: the kernel's reason is told, and nobody holds it."""
    (taken,) = ports.taken([("192.0.2.1", 12345)])
    assert taken.holder is None
    assert taken.reason


def test_the_machine(tmp_path: Path) -> None:
    """Debian and its release are read; nonsense gives empty strings; disk and memory are positive."""
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_ID="12"\n# x\n')
    assert machine.release(tmp_path / "os-release") == machine.Release("debian", "12")
    assert machine.release(tmp_path / "none") == machine.Release("", "")
    assert machine.free_disk_bytes(tmp_path / "not" / "yet") > 0
    everything, available = machine.memory_bytes()
    assert everything >= available > 0
    assert machine.is_root() == (os.geteuid() == 0)
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
            there = True
        except OSError:
            there = False
    assert machine.has_ipv6_loopback() is there


def test_processes_are_known_by_pid_and_start() -> None:
    """A family is the process with its descendants; what has ended is not alive, whoever gets its pid."""
    child = subprocess.Popen(["sh", "-c", "sleep 60 & wait"])
    try:
        family = proc.family(os.getpid())
        assert {process.pid for process in family} >= {os.getpid(), child.pid}
        mine = proc.family(child.pid)
        stranger = proc.Process(child.pid, started=1)
        assert proc.alive([stranger]) == frozenset()
        assert proc.program(child.pid).endswith("sh")
    finally:
        proc.send(proc.family(child.pid), "KILL")
        child.wait()
    assert child.pid not in {process.pid for process in proc.alive(mine)}
    assert proc.command_line(child.pid) == []


def test_users_that_are_there_stay() -> None:
    """For users that exist nothing is run; a missing one is made without a home and a shell; a failure is named."""
    there = WantedUser("nobody")
    silent = ScriptedProcesses()
    wanted = WantedUser("mailward-test-x", "A test", groups=("mailward-test-y",))
    assert ensure_users((WantedUser("root"),), silent) == ()
    assert missing_users((WantedUser("root"), wanted)) == (wanted,)
    assert there.shell == "/usr/sbin/nologin"
    making = ScriptedProcesses({("groupadd",): completed(), ("useradd",): completed(), ("usermod",): completed()})
    assert ensure_users((wanted,), making) == (wanted.name,)
    useradd = next(call for call in making.calls if call[0] == "useradd")
    assert {"--system", "--no-create-home", "/usr/sbin/nologin"} <= set(useradd)
    assert making.calls[-1] == ("usermod", "--append", "--groups", "mailward-test-y", "--", wanted.name)
    with pytest.raises(NotPossible, match="mailward-test-x"):
        ensure_users((wanted,), ScriptedProcesses({("groupadd",): completed(1, "", "no room")}))


def test_other_mail_servers(tmp_path: Path) -> None:
    """qmail by its directory, Courier by its package and process; Postfix' bare package says nothing; ours don't count."""
    (tmp_path / "var/qmail/control").mkdir(parents=True)
    said = "courier-imap installed 5.0.13\npostfix installed 3.7.11\nexim4-base config-files 4.96\n"
    dpkg = ScriptedProcesses({("dpkg-query",): completed(1, said, "no packages found matching qmail")})
    running = [proc.Process(2**22 + 7, 1, name="couriertcpd"), proc.Process(2**22 + 8, 1, name="unrelated")]
    found = {server.name: server for server in other_mail_servers(dpkg, root=tmp_path, running=lambda: running)}
    assert set(found) == {"qmail", "courier"}
    assert (found["qmail"].installed, found["qmail"].running) == (True, False)
    assert (found["courier"].installed, found["courier"].running, found["courier"].version) == (True, True, "5.0.13")
    assert "/var/qmail/control" in found["qmail"].evidence
    (tmp_path / "etc/postfix").mkdir(parents=True)
    (tmp_path / "etc/postfix/main.cf").touch()
    assert "postfix" in {server.name for server in other_mail_servers(dpkg, root=tmp_path, running=list)}


def test_a_daemon_of_an_instance_is_no_other_server(tmp_path: Path) -> None:
    """A Postfix whose working directory lies in an instance is ours."""
    (tmp_path / "queue").mkdir()
    (tmp_path / "mailward.toml").touch()
    child = subprocess.Popen(["sleep", "60"], cwd=tmp_path / "queue")
    try:
        seen = [proc.Process(child.pid, 1, name="master")]
        dpkg = ScriptedProcesses({("dpkg-query",): completed()})
        assert other_mail_servers(dpkg, root=tmp_path, running=lambda: seen) == ()
        (tmp_path / "mailward.toml").unlink()
        assert [server.running for server in other_mail_servers(dpkg, root=tmp_path, running=lambda: seen)] == [True]
        assert other_mail_servers(dpkg, root=tmp_path, running=lambda: seen, outside=tmp_path) == ()
    finally:
        child.kill()
        child.wait()


def test_the_unit(tmp_path: Path) -> None:
    """Written and enabled once, removed once; without systemd NotPossible; only names of ours."""
    processes = ScriptedProcesses({("systemctl",): completed()})
    systemd = Systemd(processes, units=tmp_path, booted=True)
    assert systemd.install("mailward.service", "[Unit]\n")
    assert not systemd.install("mailward.service", "[Unit]\n")
    assert (tmp_path / "mailward.service").read_text() == "[Unit]\n"
    assert [call[2] for call in processes.calls] == ["daemon-reload", "enable", "enable"]
    assert systemd.remove("mailward.service")
    assert not systemd.remove("mailward.service")
    for name in ("../x.service", "ssh.service", "mailward/../x.service"):
        with pytest.raises(BadInput):
            systemd.install(name, "")
    with pytest.raises(NotPossible) as caught:
        Systemd(processes, units=tmp_path, booted=False).install("mailward.service", "")
    assert caught.value.code == "no-systemd"


def test_streaming_hands_over_lines_as_they_come() -> None:
    """Each line comes when it is said, stderr among them; the code is the program's; too long is cut off."""
    lines: list[str] = []
    assert RealProcesses().stream(["sh", "-c", "echo a; echo b >&2; exit 4"], lines.append) == 4
    assert lines == ["a", "b"]
    assert RealProcesses().stream(["sleep", "60"], lines.append, timeout=0.2) == -9


def test_a_program_tells_its_progress_on_a_pipe_of_its_own() -> None:
    """What goes to the status pipe is handed over too, and the standard output stays as it is."""
    lines: list[str] = []
    assert RealProcesses().stream(["bash", "-c", "echo said; echo told >&{status}; echo more"], lines.append) == 0
    assert sorted(lines) == ["more", "said", "told"]


def test_a_way_to_an_address_is_known_without_sending_anything() -> None:
    """Loopback can always be reached; what is no address has no way."""
    from mailward.host.reach import has_route

    assert has_route("127.0.0.1")
    assert not has_route("999.0.0.1")
    assert not has_route("fe80::1")  # link-local, without an interface
