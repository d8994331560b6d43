"""Observe: what the host has now. Looks, changes nothing."""

from mailward.flow import manifest
from mailward.flow.ground import Ground
from mailward.model.generations import Observation

UP = frozenset({"RUNNING", "STARTING"})


def observe(ground: Ground) -> Observation:
    """The current generation's number and files, and the daemons that run."""
    target = ground.files.target(ground.layout.current)
    number = int(target.rpartition("/")[2]) if target else None
    current = manifest.read(ground.layout.generations / str(number), ground.files) if number is not None else None
    return Observation(
        number=number if current else None,
        files={path: file.content for path, file in current.files.items()} if current else {},
        running=frozenset(name for name, state in ground.supervisor.states().items() if state in UP),
        secret=frozenset(path for path, file in current.files.items() if file.secret) if current else frozenset(),
    )
