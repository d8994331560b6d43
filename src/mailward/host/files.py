"""Files as the steward changes them.

Every write is atomic and durable: a temporary file in the same directory, its owner and mode set before anything is in
it, fsync, rename, fsync of the directory. A reader sees the old bytes or the new ones, a crash leaves one of the two. What
goes wrong (full disk, missing rights, an unknown owner) becomes NotPossible naming path and reason, and leaves nothing
behind. Nothing outside ``root`` is ever removed as a tree.
"""

import errno
import grp
import os
import pwd
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailward.model.errors import NotPossible
from mailward.model.sentence import NOTHING, Sentence

TEMPORARY = ".mailward-new-"  # names that start so are writes that a crash cut short; nobody reads them
SETTLED_SECONDS = 10


class RealFiles:
    """Files on disk. ``durable=False`` leaves out the fsyncs (benches that write 50,000 files)."""

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self._root = root
        self._durable = durable

    def read(self, path: Path) -> bytes:
        with _explained(lambda reason: Sentence("{path} could not be read: {reason}", path=path, reason=reason)):
            return path.read_bytes()

    def exists(self, path: Path) -> bool:
        return path.exists()

    def write(
        self,
        path: Path,
        content: bytes,
        *,
        mode: int = 0o644,
        owner: str = "root",
        group: str = "root",
        settled: bool = False,
    ) -> None:
        with _explained(lambda reason: Sentence("{path} could not be written: {reason}", path=path, reason=reason)):
            uid, gid = user_id(owner), group_id(group)

            def fill(temporary: Path) -> None:
                descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    _give(descriptor, uid, gid)
                    os.fchmod(descriptor, mode)
                    file.write(content)
                    file.flush()
                    if settled:
                        past = time.time() - SETTLED_SECONDS
                        os.utime(descriptor, (past, past))
                    if self._durable:
                        os.fsync(descriptor)

            self._renamed_into_place(path, fill)

    def link(self, path: Path, target: str) -> None:
        """Make ``path`` a symbolic link to ``target``, replacing a file or link in one step (a directory is refused)."""
        with _explained(lambda reason: Sentence("{path} could not be made a link: {reason}", path=path, reason=reason)):
            self._renamed_into_place(path, lambda temporary: temporary.symlink_to(target))

    def target(self, path: Path) -> str | None:
        try:
            return os.readlink(path)  # noqa: PTH115 - unresolved and exactly as it stands
        except OSError:
            return None

    def make_directory(self, path: Path, *, mode: int = 0o755, owner: str = "root", group: str = "root") -> None:
        """Make the directory and its missing parents; of an existing one only mode and owner are put right."""
        with _explained(lambda reason: Sentence("{path} could not be made: {reason}", path=path, reason=reason)):
            uid, gid = user_id(owner), group_id(group)
            missing = [parent for parent in path.parents if not parent.exists()]
            for parent in reversed(missing):
                parent.mkdir(mode=0o755, exist_ok=True)
                parent.chmod(0o755)  # whatever the umask says
            if not path.is_dir():
                path.mkdir(mode=0o700)
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | _follow(path))
            try:
                _give(descriptor, uid, gid)
                os.fchmod(descriptor, mode)
            finally:
                os.close(descriptor)
            self._sync(path.parent)

    def put_right(self, path: Path, *, mode: int, owner: str = "root", group: str = "root") -> None:
        """Mode and owner of a file that is there; a link is refused, a missing file is no error.

        The file isn't opened: closing it again would take away the locks that SQLite holds on it in this process.
        """
        with _explained(lambda reason: Sentence("{path} could not be written: {reason}", path=path, reason=reason)):
            uid, gid = user_id(owner), group_id(group)
            try:
                status = path.lstat()
                if not stat.S_ISREG(status.st_mode):
                    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
                if (status.st_uid, status.st_gid) != (uid, gid):
                    os.chown(path, uid, gid, follow_symlinks=False)
                if stat.S_IMODE(status.st_mode) != mode:
                    path.chmod(mode)
            except FileNotFoundError:  # SQLite may take one of its files away at any moment
                return

    def names(self, path: Path) -> list[str]:
        try:
            return sorted(entry.name for entry in path.iterdir() if not entry.name.startswith(TEMPORARY))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove(self, path: Path) -> None:
        with _explained(lambda reason: Sentence("{path} could not be removed: {reason}", path=path, reason=reason)):
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            self._sync(path.parent)

    def remove_tree(self, path: Path) -> None:
        """Remove a directory with all that is in it; it must lie strictly inside ``root``. A missing one is no error."""
        with _explained(lambda reason: Sentence("{path} could not be removed: {reason}", path=path, reason=reason)):
            place = path.parent.resolve() / path.name
            if path.name in ("", ".", "..") or self._root.resolve() not in place.parents:
                raise NotPossible(
                    Sentence("{path} is not removed: it lies outside {root}", path=path, root=self._root),
                    code="outside-root",
                )
            if place.is_symlink() or place.is_file():
                place.unlink()
            elif place.exists():
                shutil.rmtree(place)
            else:
                return
            self._sync(place.parent)

    def sweep(self, directory: Path) -> int:
        """Remove what writes that a crash cut short left in ``directory``; how many there were."""
        left = [path for path in directory.iterdir() if path.name.startswith(TEMPORARY)] if directory.is_dir() else []
        for path in left:
            self.remove(path)
        return len(left)

    def _renamed_into_place(self, path: Path, fill: Callable[[Path], None]) -> None:
        temporary = path.with_name(TEMPORARY + secrets.token_hex(8))
        try:
            fill(temporary)
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._sync(path.parent)

    def _sync(self, directory: Path) -> None:
        if not self._durable:
            return
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def user_id(name: str) -> int:
    """The number of a user; NotPossible when there is none."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise NotPossible(
            Sentence("There is no user {name} on this host", name=name),
            Sentence("Run mailward up as root: it makes the users that it needs"),
            code="no-such-user",
        ) from None


def group_id(name: str) -> int:
    """The number of a group; NotPossible when there is none."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise NotPossible(
            Sentence("There is no group {name} on this host", name=name),
            Sentence("Run mailward up as root: it makes the groups that it needs"),
            code="no-such-group",
        ) from None


def _follow(path: Path) -> int:
    """Links are followed only where nobody but us can have put them. A daemon's user owns some directories, and a link
    that it leaves in one would have its target given to it."""
    place = path.parent.stat()
    ours = place.st_uid == os.geteuid() and not place.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return 0 if ours else os.O_NOFOLLOW


def _give(descriptor: int, uid: int, gid: int) -> None:
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (uid, gid):
        os.fchown(descriptor, uid, gid)


@contextmanager
def _explained(say: Callable[[str], Sentence]) -> Iterator[None]:
    """An OSError becomes a NotPossible that names the path and the reason, and says what ends it where that is known."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NotPossible(say(reason), _remedy(error), code=_CODES.get(error.errno or 0, "file-error")) from error


_CODES = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EFBIG: "disk-full",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EROFS: "permission",
    errno.ENOENT: "missing",
}


def _remedy(error: OSError) -> Sentence:
    match _CODES.get(error.errno or 0):
        case "disk-full":
            return Sentence("Make room on this disk, then do the same again: nothing was changed")
        case "permission":
            return Sentence("Run this as root, on a disk that can be written to")
        case _:
            return NOTHING
