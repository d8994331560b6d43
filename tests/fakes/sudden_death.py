"""kill -9, told: the process ends at a chosen moment, and nothing it would have done afterwards is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mailward.model.generations import Plan
from mailward.model.runs import Step

CHANGES = frozenset(
    [
        "write",
        "link",
        "make_directory",
        "remove",
        "remove_tree",
        "start",
        "stop",
        "restart",
        "update",
        "run",
        "put",
        "add",
        "replace",
        "apply",
        "account",
        "new_order",
        "answer",
        "finalize",
    ]
)
"""The methods of the outside world that change it."""


class Killed(BaseException):
    """Not an Exception: no ``except Exception`` sees it, as no program sees kill -9."""


class Countdown:
    """Dies at the ``at``-th change (1 is the first; None: never), ``after`` it was made or just before."""

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self.at = at
        self.after = after
        self.count = 0

    @contextmanager
    def moment(self) -> Iterator[None]:
        self.count += 1
        mine = self.count == self.at
        if mine and not self.after:
            raise Killed
        yield
        if mine and self.after:
            raise Killed


class Mortal:
    """``thing``, with each of its changes counted."""

    def __init__(self, thing: Any, countdown: Countdown) -> None:
        self._thing = thing
        self._countdown = countdown

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._thing, name)
        return self._counted(found) if name in CHANGES else found

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            with self._countdown.moment():
                return method(*args, **options)

        return counted


class Steps:
    """A Recorder (flow.ground) that remembers, and dies at the ``at``-th step."""

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self._countdown = Countdown(at, after=after)
        self.steps: list[Step] = []
        self.plans: list[Plan] = []

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        self.steps.append(step)
        with self._countdown.moment():
            yield

    def planned(self, plan: Plan) -> None:
        self.plans.append(plan)
