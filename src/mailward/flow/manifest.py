"""A generation's table of contents. It is written last, so a generation without one was never complete."""

import json
from pathlib import Path, PurePosixPath

from mailward.model.generations import File, Generation
from mailward.model.outside import Files

NAME = "manifest.json"


def write(generation: Generation, directory: Path, files: Files) -> None:
    """Write down what the generation holds, and who may read it."""
    rows = [
        {"path": str(f.path), "mode": f.mode, "owner": f.owner, "group": f.group, "secret": f.secret}
        for f in sorted(generation.files.values(), key=lambda f: f.path)
    ]
    files.write(directory / NAME, json.dumps({"files": rows}, indent=1).encode() + b"\n")


def read(directory: Path, files: Files) -> Generation | None:
    """The complete generation in ``directory``; None when it is missing or was never completed."""
    if not files.exists(directory / NAME):
        return None
    rows = json.loads(files.read(directory / NAME))["files"]
    found = (
        File(PurePosixPath(r["path"]), files.read(directory / r["path"]), r["mode"], r["owner"], r["group"], r["secret"])
        for r in rows
    )
    return Generation({f.path: f for f in found})
