"""System users and groups for the daemons: made when they are missing, otherwise left as they are (useradd(8)).

They have no password, no home and no shell. Nothing is ever removed: files may still belong to them.
"""

import grp
import os
import pwd
from dataclasses import dataclass

from mailward.model.errors import NotPossible
from mailward.model.outside import Processes
from mailward.model.sentence import Sentence


@dataclass(frozen=True)
class WantedUser:
    """A user with a group of the same name, and the further groups it must be in."""

    name: str
    purpose: str = ""
    groups: tuple[str, ...] = ()
    home: str = "/nonexistent"
    shell: str = "/usr/sbin/nologin"


def missing_users(wanted: tuple[WantedUser, ...]) -> tuple[WantedUser, ...]:
    """Those that are not there, or are not in all of their groups."""
    return tuple(user for user in wanted if not _is_complete(user))


def ensure_users(wanted: tuple[WantedUser, ...], processes: Processes) -> tuple[str, ...]:
    """Make what is missing; the names of those that were changed. NotPossible names the user and the reason."""
    changed = missing_users(wanted)
    if changed and os.geteuid() != 0:
        raise NotPossible(
            Sentence("The system users {names} are missing", names=", ".join(user.name for user in changed)),
            Sentence("Run this as root: only root can make users"),
            code="not-root",
        )
    for user in changed:
        if not _group_exists(user.name):
            _run(processes, user.name, "groupadd", "--system", "--", user.name)
        if not _user_exists(user.name):
            options = ["--system", "--no-create-home", "--home-dir", user.home, "--shell", user.shell, "--gid", user.name]
            comment = ["--comment", user.purpose] if user.purpose else []
            _run(processes, user.name, "useradd", *options, *comment, "--", user.name)
        for group in user.groups:
            if not _is_member(user.name, group):
                _run(processes, user.name, "usermod", "--append", "--groups", group, "--", user.name)
    return tuple(user.name for user in changed)


def _is_complete(user: WantedUser) -> bool:
    return (
        _user_exists(user.name) and _group_exists(user.name) and all(_is_member(user.name, group) for group in user.groups)
    )


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _group_exists(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _is_member(user: str, group: str) -> bool:
    try:
        entry = grp.getgrnam(group)
        return user in entry.gr_mem or pwd.getpwnam(user).pw_gid == entry.gr_gid
    except KeyError:
        return False


def _run(processes: Processes, name: str, *argv: str) -> None:
    ended = processes.run(argv)
    if ended.code:
        raise NotPossible(
            Sentence("The system user {name} could not be made: {reason}", name=name, reason=ended.output[:300]),
            code="user",
        )
