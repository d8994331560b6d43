"""Supervisor: the fake and a real supervisord of our own, in a directory of its own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fakes.memory_supervisor import MemorySupervisor
from mailward.host import proc
from mailward.host.clock import RealClock
from mailward.host.supervisor import Supervisord
from mailward.model.errors import NotPossible
from mailward.model.layout import Layout
from mailward.model.outside import Supervisor

CONFIG = """
[unix_http_server]
file={run}/supervisor.sock
[supervisord]
logfile={run}/supervisord.log
pidfile={run}/supervisord.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """
[program:{name}]
command={command}
startsecs=1
startretries=0
stopwaitsecs=2
redirect_stderr=true
stdout_logfile={run}/{name}.log
"""
_WAITS = "import signal,time; signal.signal(signal.SIGHUP, lambda *_: print('told', flush=True)); time.sleep(600)"
ENDURING = f'{sys.executable} -c "{_WAITS}"'


def configuration(run: Path, commands: dict[str, str]) -> str:
    programs = [PROGRAM.format(name=name, command=command, run=run) for name, command in commands.items()]
    return CONFIG.format(run=run) + "".join(programs)


@dataclass
class Place:
    """A supervisor, and how to give it other programs."""

    supervisor: Supervisor
    configure: Callable[[dict[str, str]], None]


def wait_for(what: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def layout() -> Iterator[Layout]:
    with tempfile.TemporaryDirectory(prefix="mailward-test-") as directory:
        layout = Layout(Path(directory))
        layout.run.mkdir()
        yield layout


@pytest.fixture
def real(layout: Layout) -> Iterator[Supervisord]:
    supervisor = Supervisord(layout, clock=RealClock(), config=layout.run / "supervisord.conf")
    yield supervisor
    supervisor.shutdown(timeout=15)


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.real)])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "memory":
        memory = MemorySupervisor(running=False)

        def tell(commands: dict[str, str]) -> None:
            memory.configured = list(commands)
            memory.failing = {name for name, command in commands.items() if command.endswith("false")}

        return Place(memory, tell)
    supervisor: Supervisord = request.getfixturevalue("real")
    layout: Layout = request.getfixturevalue("layout")

    def write(commands: dict[str, str]) -> None:
        (layout.run / "supervisord.conf").write_text(configuration(layout.run, commands))

    return Place(supervisor, write)


def test_a_supervisor_that_does_not_run(place: Place) -> None:
    """Nothing runs: no states, and nothing can be started."""
    assert place.supervisor.states() == {}
    with pytest.raises(NotPossible) as caught:
        place.supervisor.start("one")
    assert caught.value.code == "supervisor-down"


def test_update_starts_what_is_new_and_ends_what_is_gone(place: Place) -> None:
    """The first update starts the supervisor; each later one brings it to what its configuration says."""
    supervisor = place.supervisor
    place.configure({"one": ENDURING})
    supervisor.update()
    assert supervisor.states() == {"one": "RUNNING"}
    place.configure({"one": ENDURING, "two": ENDURING})
    supervisor.update()
    assert supervisor.states() == {"one": "RUNNING", "two": "RUNNING"}
    place.configure({"two": ENDURING})
    supervisor.update()
    assert supervisor.states() == {"two": "RUNNING"}


def test_start_and_stop_may_be_repeated(place: Place) -> None:
    """Starting what runs and stopping what doesn't is no error; a restart leaves it running; strangers are named."""
    supervisor = place.supervisor
    place.configure({"one": ENDURING})
    supervisor.update()
    supervisor.start("one")
    supervisor.stop("one")
    supervisor.stop("one")
    assert supervisor.states() == {"one": "STOPPED"}
    with pytest.raises(NotPossible):
        supervisor.signal("one", "HUP")
    supervisor.restart("one")
    supervisor.signal("one", "HUP")
    assert supervisor.states() == {"one": "RUNNING"}
    for act in (supervisor.start, supervisor.stop, lambda name: supervisor.signal(name, "HUP")):
        with pytest.raises(NotPossible, match="stranger") as caught:
            act("stranger")
        assert caught.value.code == "no-such-program"


def test_a_program_that_dies_at_once_is_reported(place: Place) -> None:
    """A program that doesn't stay up is not RUNNING after update, and starting it says no."""
    place.configure({"bad": "/bin/false"})
    place.supervisor.update()
    assert place.supervisor.states()["bad"] in ("FATAL", "EXITED", "BACKOFF")
    with pytest.raises(NotPossible, match="bad") as caught:
        place.supervisor.start("bad")
    assert caught.value.code == "daemon"


@pytest.mark.real
def test_it_survives_its_starter_and_leaves_nothing(layout: Layout, real: Supervisord) -> None:
    """The supervisor outlives the command that launched it; after shutdown every process is gone, stubborn ones too."""
    config = layout.run / "supervisord.conf"
    stubborn = f'{sys.executable} -c "import signal,time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"'
    config.write_text(configuration(layout.run, {"one": ENDURING, "stubborn": stubborn}))
    script = (
        "import sys; from pathlib import Path; from mailward.host.supervisor import Supervisord;"
        "from mailward.host.clock import RealClock; from mailward.model.layout import Layout;"
        "Supervisord(Layout(Path(sys.argv[1])), clock=RealClock()).launch(Path(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-c", script, str(layout.root), str(config)], check=True, timeout=60)
    wait_for(lambda: set(real.states().values()) == {"RUNNING"})
    pid = int((layout.run / "supervisord.pid").read_text())
    family = proc.family(pid)
    assert len(family) == 3
    real.launch(config)  # runs already: nothing happens
    assert proc.family(pid) == family
    real.shutdown(timeout=20)
    assert not proc.alive(family)
    real.shutdown()  # none runs: fine


@pytest.mark.real
@pytest.mark.fault
def test_daemons_of_a_killed_supervisor_are_taken_over(layout: Layout, real: Supervisord) -> None:
    """After kill -9 of the supervisor, the next launch ends what it left behind, and starts everything anew."""
    (layout.run / "supervisord.conf").write_text(configuration(layout.run, {"one": ENDURING}))
    real.update()
    pid = int((layout.run / "supervisord.pid").read_text())
    left = proc.family(pid) - {process for process in proc.family(pid) if process.pid == pid}
    assert len(left) == 1
    wait_for(lambda: all("SUPERVISOR_SERVER_URL" in proc.environment(process.pid) for process in left))
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not real.is_running())
    assert proc.alive(left) == left
    real.update()
    assert real.states() == {"one": "RUNNING"}
    assert not proc.alive(left)


@pytest.mark.real
def test_a_log_tells_why(layout: Layout, real: Supervisord) -> None:
    """The reason a program gave before it died is in the error's remedy and in tail()."""
    (layout.run / "supervisord.conf").write_text(configuration(layout.run, {"bad": "sh -c 'echo no port for me; exit 3'"}))
    real.update()
    with pytest.raises(NotPossible) as caught:
        real.start("bad")
    assert "no port for me" in str(caught.value.remedy)
    assert "no port for me" in real.tail("bad")


def test_a_path_that_is_too_long_for_a_socket_is_named() -> None:
    """Instead of failing deep inside supervisord, a too long instance path is refused with its remedy."""
    layout = Layout(Path("/" + "x" * 120))
    with pytest.raises(NotPossible) as caught:
        Supervisord(layout, clock=RealClock()).launch(Path("/none"))
    assert caught.value.code == "path-too-long"


DOVECOT = """
base_dir={root}/dovecot
state_dir={root}/dovecot
log_path={root}/dovecot.log
protocols =
"""
NGINX = """
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
pid {root}/nginx.pid;
error_log {root}/nginx.log;
events {{}}
stream {{ server {{ listen unix:{root}/n; return x; }} }}
"""


@pytest.mark.real
@pytest.mark.fault
def test_daemons_that_wipe_their_environment_are_taken_over_too(layout: Layout, real: Supervisord) -> None:
    """nginx and Dovecot carry no sign of their supervisor: after kill -9 of it they are recognised by their place."""
    root = layout.root
    root.chmod(0o755)
    (root / "dovecot.conf").write_text(DOVECOT.format(root=root))
    (root / "nginx.conf").write_text(NGINX.format(root=root))
    commands = {"dovecot": f"dovecot -F -c {root}/dovecot.conf", "nginx": f"nginx -c {root}/nginx.conf -g 'daemon off;'"}
    (layout.run / "supervisord.conf").write_text(configuration(layout.run, commands))
    real.update()
    assert real.states() == {"dovecot": "RUNNING", "nginx": "RUNNING"}, real.tail("nginx") + real.tail("dovecot")
    pid = int((layout.run / "supervisord.pid").read_text())
    left = frozenset(process for process in proc.family(pid) if process.pid != pid)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not real.is_running())
    assert proc.alive(left)
    real.end_leftovers()
    assert not proc.alive(left)


@pytest.mark.real
def test_daemons_know_nothing_of_the_callers_environment(
    layout: Layout, real: Supervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token in the environment of whoever types ``up`` reaches no daemon: they are other users, and live for months."""
    monkeypatch.setenv("CLOUD_TOKEN", "planted-secret")
    told = layout.run / "told"
    command = f"{sys.executable} -c \"import os,time; open('{told}', 'w').write(repr(dict(os.environ))); time.sleep(600)\""
    (layout.run / "supervisord.conf").write_text(configuration(layout.run, {"one": command}))
    real.update()
    wait_for(lambda: told.exists() and told.read_text() != "")
    assert "planted-secret" not in told.read_text()
    assert "SUPERVISOR_SERVER_URL" in told.read_text()
