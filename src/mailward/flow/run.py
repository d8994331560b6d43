"""The flow: observe, plan, stage, check, apply, verify; and whatever fails after the switch is answered by applying the
previous generation, with the same code."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from mailward.daemons.daemon import Daemon
from mailward.flow import manifest
from mailward.flow.apply import apply
from mailward.flow.check import check
from mailward.flow.ground import Ground, Look, OwnCheck, Recorder
from mailward.flow.observe import observe
from mailward.flow.plan import plan
from mailward.flow.stage import stage
from mailward.flow.verify import verify
from mailward.model.desired import DesiredState
from mailward.model.generations import Checked, Failed, Generation, Plan, Rejected, Verified
from mailward.model.runs import Step


@dataclass(frozen=True)
class Unchanged:
    """What is wanted is what there is: nothing was touched."""

    plan: Plan


@dataclass(frozen=True)
class Undone:
    """It was applied, not proven, and the previous generation serves again (None: there was none to go back to)."""

    failed: Failed
    back: Verified | Failed | None


@dataclass(frozen=True)
class Resumed:
    """A run that was killed: the generation it had planned, and the one before it, the last that was proven."""

    number: int
    previous: int | None


@dataclass(frozen=True)
class Flow:
    """Everything a run needs that stays the same from run to run."""

    ground: Ground
    daemons: Sequence[Daemon]
    look: Look
    own_checks: Sequence[OwnCheck] = ()
    patience: float = 20.0
    was: Callable[[Generation], tuple[DesiredState, Look]] | None = None
    """What an earlier generation was rendered from, and where to look for it: its doors may be other ones."""

    def run(
        self, wanted: Generation, desired: DesiredState, recorder: Recorder, *, resumed: Resumed | None = None
    ) -> Verified | Unchanged | Rejected | Undone:
        """Bring the host to ``wanted``. After a kill nobody knows which daemons re-read their files, so all do again; and
        what is current may never have been proven, so the way back leads to what was."""
        ground = self.ground
        with recorder.step(Step.OBSERVE):
            seen = observe(ground)
        with recorder.step(Step.PLAN):
            planned = plan(wanted, seen, self.daemons, desired, number=self._next(), resumed=resumed is not None)
            if resumed is not None and seen.number is not None and seen.number <= resumed.number:
                planned = replace(planned, previous=resumed.previous)
        if planned.is_empty:
            return Unchanged(planned)
        recorder.planned(planned)
        with recorder.step(Step.STAGE):
            staged = stage(planned, ground)
        with recorder.step(Step.CHECK):
            checked = check(staged, ground, self.daemons, desired, self.own_checks)
        if isinstance(checked, Rejected):
            ground.files.remove_tree(ground.layout.generations / str(planned.number))
            return checked
        try:
            with recorder.step(Step.APPLY):
                applied = apply(checked, ground, self.daemons)
            with recorder.step(Step.VERIFY):
                verified = verify(applied, ground, self.daemons, desired, self.look, self.patience)
        except Exception:  # it could not be written down (a full disk): nobody would know what serves
            with suppress(Exception):
                self._back(planned, desired)
            raise
        if isinstance(verified, Verified):
            return verified
        with recorder.step(Step.UNDO):
            return Undone(verified, self._back(planned, desired))

    def _back(self, undone: Plan, desired: DesiredState) -> Verified | Failed | None:
        previous = undone.previous
        before = manifest.read(self.ground.layout.generations / str(previous), self.ground.files)
        if previous is None or before is None:
            return None
        desired, look = self.was(before) if self.was is not None else (desired, self.look)
        seen = observe(self.ground)
        back = plan(before, seen, self.daemons, desired, number=previous)
        applied = apply(Checked(back), self.ground, self.daemons)
        return verify(applied, self.ground, self.daemons, desired, look, self.patience)

    def _next(self) -> int:
        names = self.ground.files.names(self.ground.layout.generations)
        return max((int(name) for name in names if name.isdigit()), default=0) + 1
