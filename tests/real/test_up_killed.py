"""``up`` killed in the middle, several times over, and called again: it goes on, to the same end."""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from demo_host import DemoHost, demo_host_to_be
from mail_people import person

pytestmark = [pytest.mark.real, pytest.mark.fault]

MOMENTS = (
    ("Making the instance", 1, 0.0),
    ("Starting the daemons", 1, 0.2),  # while the first generation is staged and checked
    ("Starting the daemons", 1, 1.5),  # while the supervisor starts the daemons
    ("Applying the configuration", 1, 0.0),
    ("Publishing the directory", 1, 0.0),
    ("Publishing the directory", 5, 0.05),  # in the order of alpha's certificate
)
"""``up`` is killed when it has told so many times that this stage is over, and so many seconds have passed."""


@pytest.fixture(scope="module")
def killed_host() -> Iterator[DemoHost]:
    """A demo host whose ``up`` was killed at every one of MOMENTS before it was let through."""
    with demo_host_to_be() as host:
        for stage, times, delay in MOMENTS:
            kill_up(host, stage, times, delay)
        host.up()
        yield host


def kill_up(host: DemoHost, stage: str, times: int, delay: float) -> None:
    command = host.command("up", "--base-port", str(host.base))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr is not None
        said = []
        while sum(stage in line for line in said) < times and (line := started.stderr.readline()):
            said.append(line)
        time.sleep(delay)  # not for synchronisation: the moment is the point
        started.send_signal(signal.SIGKILL)
        assert started.wait() == -signal.SIGKILL, "".join(said)


def test_killed_again_and_again_up_comes_to_the_same_end(killed_host: DemoHost, demo_host: DemoHost) -> None:
    """The doors of a host whose ``up`` was killed six times say what those of an undisturbed one say."""

    def told(host: DemoHost) -> list[tuple[str, ...]]:
        return [(row["name"], row["door"], row["address"], row["verdict"], row["code"]) for row in host.verify()]

    assert told(killed_host) == told(demo_host)


def test_what_is_made_once_was_made_once(killed_host: DemoHost, demo_host: DemoHost) -> None:
    """No kill made a second domain, mailbox or certificate."""
    for words in (("domain", "list"), ("mailbox", "list")):
        assert killed_host.json(*words) == demo_host.json(*words)
    rows = killed_host.json("certificate", "list")
    assert sorted(row["id"] for row in rows) == ["alpha.localhost-wildcard", "mail-self-signed", "web-self-signed"]
    assert all(len(killed_host.json("certificate", "history", row["id"])) == 1 for row in rows)


def test_every_run_came_to_an_end(killed_host: DemoHost) -> None:
    """What a kill left behind was taken up again: nothing waits, nothing runs, nothing failed."""
    states = Counter(row["state"] for row in killed_host.json("runs", "--limit", "100"))
    assert set(states) <= {"done", "unchanged"}, states


def test_the_passwords_shown_at_the_end_open_the_mailboxes(killed_host: DemoHost) -> None:
    """A password that a killed ``up`` had made is the one that the next one shows."""
    anna = person(killed_host, "anna@alpha.localhost")
    anna.send("ben@alpha.localhost", "after the kills")
    person(killed_host, "ben@alpha.localhost").finds("after the kills")


def test_a_killed_up_left_nothing_behind_that_a_second_up_must_change(killed_host: DemoHost) -> None:
    """Once it is through, ``up`` finds nothing to do."""
    assert killed_host.up()["changed"] is False
