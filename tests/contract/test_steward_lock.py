"""One steward at a time; a dead one holds nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mailward.host.lock import StewardLock
from mailward.model.errors import NotPossible

HOLD = """
import sys, time
from pathlib import Path
from mailward.host.lock import StewardLock
with StewardLock(Path(sys.argv[1])).held(purpose="mailward up"):
    print("held", flush=True)
    time.sleep(600)
"""


def holder(path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    """While another process holds it, the message names its pid and what it does; kill -9 gives it free at once."""
    lock = StewardLock(tmp_path / "lock")
    assert lock.holder() is None
    process = holder(tmp_path / "lock")
    try:
        with pytest.raises(NotPossible, match=rf"pid {process.pid} \(mailward up\)") as caught, lock.held(timeout=0.1):
            pass
        assert caught.value.code == "busy"
        assert lock.holder() == f"pid {process.pid} (mailward up)"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    with lock.held():
        assert str(lock.holder()).startswith(f"pid {os.getpid()} (")
    assert lock.holder() is None


def test_waiting_gets_it(tmp_path: Path) -> None:
    """Whoever waits gets it as soon as it is free, also within one process; looking never gets in the way."""
    lock = StewardLock(tmp_path / "lock")
    order: list[str] = []

    def second() -> None:
        with lock.held(timeout=10):
            order.append("second")

    with lock.held():
        thread = threading.Thread(target=second)
        thread.start()
        for _ in range(50):
            lock.holder()
            time.sleep(0.002)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_an_error_inside_gives_it_free(tmp_path: Path) -> None:
    """Whatever happens inside, the lock is free afterwards."""
    lock = StewardLock(tmp_path / "lock")
    with pytest.raises(ZeroDivisionError), lock.held():
        _ = 1 / 0
    with lock.held():
        pass
