"""Processes: programs end, or are ended; what they say is bounded."""

import os
import sys
import time
from pathlib import Path

import pytest

from fakes.scripted_processes import ScriptedProcesses, completed
from mailward.host.processes import RealProcesses
from mailward.model.errors import NotPossible
from mailward.model.outside import Processes

ECHO = ("sh", "-c", "cat; echo err >&2; exit 3")


@pytest.fixture(params=["scripted", "real"])
def processes(request: pytest.FixtureRequest) -> Processes:
    if request.param == "real":
        return RealProcesses()
    return ScriptedProcesses(
        {
            ECHO: lambda _argv, stdin: completed(3, (stdin or b"").decode(), "err\n"),
            ("sleep",): _timeout(),
        }
    )


def _timeout() -> NotPossible:
    from mailward.model.sentence import Sentence

    return NotPossible(Sentence("sleep did not end within 0.1 seconds and was stopped"), code="program-timeout")


def test_code_and_output_come_back(processes: Processes) -> None:
    """Exit code, stdout and stderr are those of the program; stdin reached it."""
    ended = processes.run(ECHO, stdin=b"hello\n")
    assert (ended.code, ended.stdout, ended.stderr, ended.output) == (3, "hello\n", "err\n", "hello\nerr")
    assert ended.argv == ECHO


def test_a_missing_program_is_not_possible(processes: Processes) -> None:
    """A program that is not installed is named."""
    with pytest.raises(NotPossible, match="no-such-program-here") as caught:
        processes.run(["no-such-program-here", "--version"])
    assert caught.value.code == "program-missing"


def test_a_program_that_never_ends_is_stopped(processes: Processes) -> None:
    """When its time runs out it is NotPossible, at once."""
    started = time.monotonic()
    with pytest.raises(NotPossible) as caught:
        processes.run(["sleep", "60"], timeout=0.1)
    assert caught.value.code == "program-timeout"
    assert time.monotonic() - started < 5


def test_the_whole_group_is_killed(tmp_path: Path) -> None:
    """What the program started dies with it: nothing goes on in the background after a time-out."""
    script = f"sleep 60 & echo $! > {tmp_path}/pid; wait"
    with pytest.raises(NotPossible):
        RealProcesses().run(["sh", "-c", script], timeout=0.5)
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
        assert time.monotonic() < deadline, "the child lives on"


def test_output_is_cut_not_collected() -> None:
    """A program that never stops talking costs 64 KiB, and stderr is kept beside a flood on stdout."""
    flood = "import sys; sys.stderr.write('why\\n'); sys.stdout.write('x' * 10_000_000)"
    ended = RealProcesses().run([sys.executable, "-c", flood])
    assert len(ended.output) <= 64 * 1024
    assert ended.stdout.endswith("[cut here]\n")
    assert ended.stderr == "why\n"


def test_a_background_daemon_is_not_waited_for() -> None:
    """A program that leaves a daemon holding its output open has ended when it has ended."""
    started = time.monotonic()
    ended = RealProcesses().run(["sh", "-c", "echo started; setsid sleep 3 & exit 0"])
    assert ended.stdout == "started\n"
    assert time.monotonic() - started < 2


def test_locale_and_environment_are_ours() -> None:
    """Programs speak C.UTF-8, find sbin, see what they were handed, and get big inputs without a deadlock."""
    os.environ["MAIL_CONFIG"] = "/nowhere"
    try:
        ended = RealProcesses().run(["env"], environment={"OURS": "1"})
    finally:
        del os.environ["MAIL_CONFIG"]
    lines = ended.stdout.splitlines()
    assert "LC_ALL=C.UTF-8" in lines
    assert "OURS=1" in lines
    assert not any(line.startswith("MAIL_CONFIG") for line in lines)
    assert RealProcesses().run(["wc", "-c"], stdin=b"x" * 3_000_000).stdout.strip() == "3000000"
    assert RealProcesses().run(["true"], stdin=b"x" * 3_000_000).code == 0


def test_bytes_that_are_no_utf8_do_no_harm() -> None:
    """A program's garbage is decoded with replacement characters."""
    assert RealProcesses().run(["printf", "a\\377b"]).stdout == "a\ufffdb"
