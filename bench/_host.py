"""A demo host of the bench's own: made by ``up`` in this process, on free ports, in a directory that is gone afterwards."""

import contextlib
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mailward import bootstrap
from mailward.bootstrap.up import declared_ports
from mailward.host import ports
from mailward.host.files import RealFiles
from mailward.model.people import Actor
from mailward.model.progress import Progress, Quiet
from mailward.model.runs import RunState
from mailward.steward import new_instance
from mailward.store.models import Run, RunStep

BENCH = Actor("bench")


@contextlib.contextmanager
def directory() -> Iterator[Path]:
    """A directory that every user may enter."""
    path = Path(tempfile.mkdtemp(prefix="mailward-bench-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def free_base_port() -> int:
    """A base port with which none of a demo's ports is taken now."""
    for _ in range(200):
        base = random.randrange(10_000, 26_000, 10)
        wanted = declared_ports(new_instance.demo(base, ipv6=True))
        if not ports.taken([("127.0.0.1", port) for port in wanted]):
            return base
    raise RuntimeError("no range of free ports was found in 200 tries")


@contextlib.contextmanager
def demo_host(progress: Progress | None = None) -> Iterator[bootstrap.Mailward]:
    """A running demo. Its steward's daemon is stopped: what is measured is asked for and carried out in this process."""
    with directory() as parent:
        root = parent / "i"
        try:
            wish = bootstrap.UpWish(base_port=free_base_port(), install=False)
            bootstrap.bring_up(root, wish, progress or Quiet())
            mailward = bootstrap.open_instance(root)
            mailward.host.ground.supervisor.stop("steward")
            yield mailward
        finally:
            with undisturbed():
                destroy(root)


def destroy(root: Path) -> None:
    """Stop what runs there. A host that was not made whole has nothing to stop."""
    with contextlib.suppress(Exception):
        bootstrap.open_instance(root).destroy(Quiet())


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Cleaning up goes on when Ctrl-C is pressed a second time."""
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, reaction in before:
            signal.signal(number, reaction)


def carried_out(mailward: bootstrap.Mailward, run_id: int) -> None:
    """The run to its end; it must go well."""
    row = mailward.carry_out(run_id, Quiet())
    if row.state is not RunState.DONE:
        raise RuntimeError(f"{row.kind} {row.subject}: {row.state}: {row.what}")


def steps(run_id: int) -> dict[str, float]:
    """Seconds of each step of a run."""
    return {step.step: step.seconds or 0.0 for step in RunStep.objects.filter(run=Run.objects.get(pk=run_id))}


def undurable(mailward: bootstrap.Mailward) -> bootstrap.Mailward:
    """The same host without the fsyncs, to fill it quickly. Never used for what is measured."""
    ground = replace(mailward.host.ground, files=RealFiles(mailward.layout.root, durable=False))
    return replace(mailward, host=replace(mailward.host, ground=ground))
