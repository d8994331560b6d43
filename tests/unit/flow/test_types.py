"""The flow's steps are types: a check that was forgotten, or a refusal that was ignored, is found before it ever runs."""

import os
import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).parents[3] / "src"

SNIPPET = """
from collections.abc import Sequence
from mailward.daemons.daemon import Daemon
from mailward.flow import switch
from mailward.flow.apply import apply
from mailward.flow.check import check
from mailward.flow.ground import Ground, Look
from mailward.flow.run import Flow
from mailward.flow.stage import stage
from mailward.flow.verify import verify
from mailward.model.desired import DesiredState
from mailward.model.generations import Checked, Plan, Rejected, Verified
from mailward.model.tables import Switch


def whole(plan: Plan, ground: Ground, daemons: Sequence[Daemon], desired: DesiredState, look: Look, change: Switch,
          read: switch.Reader) -> None:
    staged = stage(plan, ground)
    checked = check(staged, ground, daemons, desired, ())
    if isinstance(checked, Rejected):
        return
    applied = apply(checked, ground, daemons)
    verified = verify(applied, ground, daemons, desired, look)
    good: Checked = checked
    switch.apply(switch.check(switch.stage(change, ground), ground, read), ground)


def wrong(plan: Plan, ground: Ground, daemons: Sequence[Daemon], desired: DesiredState, look: Look, change: Switch) -> None:
    staged = stage(plan, ground)
    apply(plan, ground, daemons)  # WRONG: not even staged
    apply(staged, ground, daemons)  # WRONG: not checked
    checked = check(staged, ground, daemons, desired, ())
    apply(checked, ground, daemons)  # WRONG: may have been rejected
    verify(staged, ground, daemons, desired, look)  # WRONG: not applied
    check(plan, ground, daemons, desired, ())  # WRONG: not staged
    switch.apply(switch.stage(change, ground), ground)  # WRONG: not checked
    switch.apply(change, ground)  # WRONG: not even staged


def trusting(applied_result: Verified, flow: Flow, plan: Plan, desired: DesiredState) -> Verified:
    from mailward.flow.ground import Recorder
    recorder: Recorder
    return flow.run(plan.generation, desired, recorder)  # WRONG: it may be rejected or undone
"""


def test_a_skipped_step_does_not_type_check(tmp_path: Path) -> None:
    """mypy refuses each line that skips a step or ignores a refusal, and nothing else."""
    snippet = tmp_path / "snippet.py"
    snippet.write_text(SNIPPET)
    options = ["--strict", "--follow-imports=silent", "--no-error-summary", f"--cache-dir={tmp_path / 'cache'}"]
    said = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", *options, str(snippet)],
        env={**os.environ, "MYPYPATH": str(SRC)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    refused = {int(line.split(":")[1]) for line in said.stdout.splitlines() if ": error:" in line}
    wrong = {number for number, line in enumerate(SNIPPET.splitlines(), 1) if "# WRONG" in line}
    assert refused == wrong, said.stdout + said.stderr
