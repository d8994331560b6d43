"""Programs that have the terminal to themselves: their output is the reader's, not ours (test runners, linters)."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_here(argv: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> int:
    """Run ``argv`` in ``cwd`` to its end, with ``environment`` added to ours. Answers its exit code; 127: not found."""
    try:
        return subprocess.run(list(argv), cwd=cwd, env={**os.environ, **(environment or {})}, check=False).returncode  # noqa: S603
    except FileNotFoundError:
        return 127
