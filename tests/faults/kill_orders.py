"""Started by test_killed_orders: asks for renewals, dies by SIGKILL in the middle of each (in a child process), looks at
the doors, and asks again. Prints what it saw, one JSON line per death.

    python kill_orders.py INSTANCE LINEAGE
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from mailward.actions import orders, runs
from mailward.actions.office import Asked
from mailward.bootstrap import Mailward, open_instance
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import Step
from mailward.steward.host import Host
from mailward.steward.steward import Steward
from mailward.store.models import Run
from mailward.store.records import StoreRecorder

BETA, ME = "beta.localhost", Actor("test")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_order(mailward: Mailward, *, after: bool) -> Steward:
    """Dies when the order is about to be worked on, or when it is done and nothing is switched yet."""

    class Dying(StoreRecorder):
        @contextmanager
        def step(self, step: Step) -> Iterator[None]:
            if step is Step.ORDER and not after:
                die()
            with super().step(step):
                yield
            if step is Step.ORDER:
                die()

    def recording(run: Run, host: Host) -> StoreRecorder:
        return Dying(run, host.clock)

    return Steward(mailward.host, recording)


def in_dns(mailward: Mailward, method: str) -> Steward:
    """Dies right after the zone was changed in this way."""

    class Dying:
        def __getattr__(self, name: str) -> Any:
            real = getattr(mailward.host.dns, name)
            return real if name != method else lambda *words: (real(*words), die())

    return Steward(replace(mailward.host, dns=Dying(), renew=None))


WAYS: dict[str, Callable[[Mailward], Steward]] = {
    "planned": lambda mailward: in_order(mailward, after=False),
    "challenge in the zone": lambda mailward: in_dns(mailward, "add"),
    "challenge taken away": lambda mailward: in_dns(mailward, "remove"),
    "issued": lambda mailward: in_order(mailward, after=True),
}


def killed(mailward: Mailward, asked: Asked, steward: Callable[[Mailward], Steward]) -> None:
    """Carry it out in a child process, which must not come to the end. The steward's daemon, which would go on at once,
    is stopped."""
    from django.db import connections

    mailward.host.ground.supervisor.stop("steward")
    mailward.host.ground.supervisor.restart("pebble")  # it forgets that it has looked into this zone before
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            steward(mailward).take(asked.run_id, Quiet())
        finally:
            os._exit(9)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == -signal.SIGKILL, f"it ended with {code}, before the moment came"


def main(instance: str, lineage: str) -> None:
    mailward = open_instance(Path(instance))
    for moment, steward in WAYS.items():
        asked = orders.renew(mailward.office, ME, lineage)
        killed(mailward, asked, steward)
        left = runs.show_run(mailward.office, ME, asked.run_id).state
        seen = {finding.served_sha256 for finding in mailward.verify((BETA,), Quiet())}
        again = orders.renew(mailward.office, ME, lineage)
        row = mailward.carry_out(again.run_id, Quiet())
        after = {(f.served_sha256, f.verdict, f.code) for f in mailward.verify((BETA,), Quiet())}
        told = {
            "moment": moment, "left": left, "same": again.run_id == asked.run_id, "ended": row.state, "what": str(row.what),
            "seen": sorted(map(str, seen)), "after": sorted(after),
        }  # fmt: skip
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
