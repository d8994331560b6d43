"""Started by test_steward_killed: asks for something, becomes the steward for it, and is killed (SIGKILL, by itself)
before or after one of its steps.

    python stop_at.py INSTANCE before|after STEP choose LINEAGE
    python stop_at.py INSTANCE before|after STEP apply
    python stop_at.py INSTANCE before|after STEP mailbox ADDRESS

Prints the run's number first. A step that the run doesn't have: it is carried out to its end.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from mailward.actions import choices, configuration, mailboxes
from mailward.actions.office import Asked
from mailward.bootstrap import Mailward, open_instance
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import Step
from mailward.steward.host import Host
from mailward.steward.steward import Steward
from mailward.store.models import Run
from mailward.store.records import StoreRecorder

TEST = Actor("test")


def main(instance: str, moment: str, fatal: str, *wish: str) -> None:
    class Mortal(StoreRecorder):
        @contextmanager
        def step(self, step: Step) -> Iterator[None]:
            with super().step(step):
                if step == fatal and moment == "before":
                    os.kill(os.getpid(), signal.SIGKILL)
                yield
                if step == fatal and moment == "after":
                    os.kill(os.getpid(), signal.SIGKILL)

    def recording(row: Run, host: Host) -> StoreRecorder:
        return Mortal(row, host.clock)

    mailward = open_instance(Path(instance))
    unlocked = replace(mailward.host, lock=lambda _name: nullcontext())
    with mailward.host.lock("host"):  # from before it is asked: the steward's daemon would take it up
        run = asked(mailward, *wish).run_id
        print(run, flush=True)
        Steward(unlocked, recording).take(run, Quiet())


def asked(mailward: Mailward, what: str, *which: str) -> Asked:
    """The run for this wish."""
    if what == "choose":
        return choices.choose(mailward.office, TEST, "beta.localhost", webmail=which[0], mail=which[0])
    if what == "mailbox":
        return mailboxes.add_mailbox(mailward.office, TEST, which[0])
    return configuration.apply(mailward.office, TEST)


if __name__ == "__main__":
    main(*sys.argv[1:])
