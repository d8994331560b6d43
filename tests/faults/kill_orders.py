"""Started by test_killed_orders: asks for renewals, dies by SIGKILL in the middle of each (in a child process), looks at
the doors, and lets the next command go on. Prints what it saw, one JSON line per death.

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

from mailward.actions import mailboxes, orders, runs
from mailward.actions.office import Asked
from mailward.bootstrap import Mailward, open_instance
from mailward.flow import manifest
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import Step
from mailward.steward.steward import Steward

BETA, ME = "beta.localhost", Actor("test")
KILLED = -signal.SIGKILL


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(mailward: Mailward, run: Any, step: Step, after: bool) -> Any:
    """A recorder that ends the process before or after this step."""
    from mailward.store.records import StoreRecorder

    class Dying(StoreRecorder):
        @contextmanager
        def step(self, now: Step) -> Iterator[None]:
            if now is step and not after:
                die()
            with super().step(now):
                yield
            if now is step:
                die()

    return Dying(run, mailward.host.clock)


class DyingDns:
    """The zone's updates, until the first one of a kind has been made."""

    def __init__(self, real: Any, method: str) -> None:
        self._real, self._method = real, method

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        if name != self._method:
            return method

        def last(*words: Any) -> None:
            method(*words)
            die()

        return last


def killed(mailward: Mailward, asked: Asked, steward: Callable[[], Steward]) -> None:
    """Carry it out in a child process, which must not come to the end. The steward's daemon, which would go on at once,
    is stopped: what a death leaves behind is to be seen."""
    from django.db import connections

    mailward.host.ground.supervisor.stop("steward")
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            steward().take(asked.run_id, Quiet())
        finally:
            os._exit(9)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code == KILLED, f"it ended with {code}, before the moment came"


def at(mailward: Mailward, step: Step, after: bool) -> Callable[[], Steward]:
    return lambda: Steward(mailward.host, lambda run, _host: dying_at(mailward, run, step, after))


def in_dns(mailward: Mailward, method: str) -> Callable[[], Steward]:
    host = replace(mailward.host, dns=DyingDns(mailward.host.dns, method), renew=None)
    return lambda: Steward(host)


def another_command(mailward: Mailward) -> Asked:
    """Somebody wants something else of the host."""
    if mailboxes.list_aliases(mailward.office, BETA):
        return mailboxes.remove_alias(mailward.office, ME, f"healer@{BETA}")
    return mailboxes.add_alias(mailward.office, ME, f"healer@{BETA}", [f"ben@{BETA}"])


def report(mailward: Mailward, asked: Asked, moment: str) -> None:
    """What stands there after the death; then another command comes, and what stands there after it."""
    left = runs.show_run(mailward.office, asked.run_id)
    current = mailward.host.files.target(mailward.layout.current)
    whole = manifest.read(mailward.layout.root / str(current), mailward.host.files) is not None
    seen = {finding.served_sha256 for finding in mailward.verify((BETA,), Quiet())}
    mailward.carry_out(another_command(mailward).run_id, Quiet())
    row = runs.show_run(mailward.office, asked.run_id)
    if not row.state.is_end:  # an order: it waits for its own lock, so the next command for it goes on
        row = mailward.carry_out(asked.run_id, Quiet())
    after = mailward.verify((BETA,), Quiet())
    said = {
        "moment": moment, "left": left.state, "whole": whole, "seen": sorted(str(one) for one in seen), "ended": row.state,
        "what": str(row.what),
        "generation": mailward.host.files.target(mailward.layout.current),
        "after": sorted({(str(one.served_sha256), one.verdict, one.code) for one in after}),
    }  # fmt: skip
    print(json.dumps(said), flush=True)


def order(mailward: Mailward, lineage: str) -> None:
    ways = {
        "before order": at(mailward, Step.ORDER, False),
        "with the challenge in the zone": in_dns(mailward, "add"),
        "with the challenge taken away": in_dns(mailward, "remove"),
        "after order": at(mailward, Step.ORDER, True),
    }
    for moment, steward in ways.items():
        asked = orders.renew(mailward.office, ME, lineage)
        killed(mailward, asked, steward)
        report(mailward, asked, moment)


if __name__ == "__main__":
    order(open_instance(Path(sys.argv[1])), sys.argv[2])
