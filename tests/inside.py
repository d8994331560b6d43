"""A process of its own that opens an instance from the inside, as the command line and the steward's daemon do.

For what no command offers: to ask for a run without carrying it out, to die in the middle of one, to switch a
certificate a hundred times without starting a hundred processes.
"""

import json
import os
import subprocess
import sys
from typing import Any

from demo_host import DemoHost

PREAMBLE = """
import json, os, signal, sys
from pathlib import Path
from mailward.bootstrap import open_instance
from mailward.model.people import Actor
from mailward.model.progress import Quiet
mailward = open_instance(Path(sys.argv[1]))
ME, QUIET = Actor("a test"), Quiet()
from mailward.actions import certificates, choices, configuration, domains, mailboxes, orders, runs
"""


def started(host: DemoHost, program: str) -> "subprocess.Popen[str]":
    """Run ``program`` (Python, after PREAMBLE) inside; what it prints can be read as it goes on."""
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + program, str(host.root)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def inside(host: DemoHost, program: str, *, code: int = 0) -> Any:
    """Run it to its end, which must be ``code``; what it printed last, as JSON (None: nothing)."""
    ended = started(host, program)
    out, err = ended.communicate(timeout=120)
    assert ended.returncode == code, f"ended with {ended.returncode}, not {code}:\n{out}\n{err}"
    lines = out.strip().splitlines()
    return json.loads(lines[-1]) if lines else None
