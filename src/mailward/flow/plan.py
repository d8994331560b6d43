"""Plan: the difference between what is wanted and what was observed. Pure."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from mailward.daemons.daemon import Daemon
from mailward.model.desired import DesiredState
from mailward.model.generations import Change, File, Generation, Observation, Plan, Renewal
from mailward.model.sentence import Sentence

SUPERVISOR = "supervisor"  # its files are the supervisor's own, which compares and restarts by itself
_ORDER = (Renewal.NOTHING, Renewal.RELOAD, Renewal.RESTART)


def plan(
    wanted: Generation,
    seen: Observation,
    daemons: Iterable[Daemon],
    desired: DesiredState,
    *,
    number: int,
    resumed: bool = False,
) -> Plan:
    """What changes, and what each daemon must do for it. ``number`` is the new generation's.

    ``resumed``: a run was killed after its switch, so nobody knows which daemons re-read their files: all do.
    """
    changes = tuple(_changes(seen, wanted.files))
    touched = {change.path for change in changes} if not resumed else set(wanted.files)
    renewals: dict[str, Renewal] = {}
    for daemon in daemons:
        if not daemon.wanted(desired):
            continue
        renewal = _renewal(daemon, wanted.files, touched)
        if daemon.name not in seen.running:
            renewal = Renewal.RESTART
        if renewal is not Renewal.NOTHING:
            renewals[daemon.name] = renewal
    return Plan(number, wanted, changes, renewals, seen.number)


def _renewal(daemon: Daemon, files: Mapping[PurePosixPath, File], touched: set[PurePosixPath]) -> Renewal:
    asked = [Renewal.NOTHING]
    for path in touched:
        if path.parts[0] == daemon.name:
            asked.append(daemon.renewal(files[path]) if path in files else Renewal.RELOAD)
    strongest = max(asked, key=_ORDER.index)
    return Renewal.RESTART if strongest is Renewal.RELOAD and daemon.reload is None else strongest


def _changes(seen: Observation, after: Mapping[PurePosixPath, File]) -> Iterable[Change]:
    before = seen.files
    for path in sorted(set(before) | set(after)):
        old, new = before.get(path), after.get(path)
        content = new.content if new else None
        if old == content:
            continue
        kind, said = "changed", Sentence("{path} changes", path=path)
        if new is None:
            kind, said = "removed", Sentence("{path} is removed", path=path)
        elif old is None:
            kind, said = "added", Sentence("{path} is new", path=path)
        secret = path in seen.secret or (new is not None and new.secret)
        yield Change(path, kind, said, _diff(path, old, content, secret=secret))


def _diff(path: PurePosixPath, old: bytes | None, new: bytes | None, *, secret: bool) -> str:
    if secret:
        return f"--- {path}\n+++ {path}\n(secret, not shown)\n"
    lines = [(text or b"").decode("utf-8", "replace").splitlines(keepends=True) for text in (old, new)]
    return "".join(difflib.unified_diff(lines[0], lines[1], str(path), str(path), n=2))
