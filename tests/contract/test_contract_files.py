"""Files: the fake and the real thing keep the same promises; the real thing keeps them on a full disk too."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.memory_files import MemoryFiles
from mailward.host.files import RealFiles
from mailward.model.errors import NotPossible
from mailward.model.outside import Files

AnyFiles = tuple[Files, Path]


@pytest.fixture(params=["memory", "real"])
def place(request: pytest.FixtureRequest) -> Iterator[AnyFiles]:
    if request.param == "memory":
        yield MemoryFiles(Path("/instance")), Path("/instance")
        return
    with tempfile.TemporaryDirectory(prefix="mailward-test-") as directory:
        yield RealFiles(Path(directory)), Path(directory)


def test_what_was_written_is_read(place: AnyFiles) -> None:
    """A written file is there with its bytes, and a second write replaces it."""
    files, root = place
    files.write(root / "a", b"one")
    files.write(root / "a", b"two")
    assert files.read(root / "a") == b"two"
    assert files.exists(root / "a")
    assert files.names(root) == ["a"]


def test_a_missing_file_is_not_possible(place: AnyFiles) -> None:
    """Reading what is not there names the path."""
    files, root = place
    with pytest.raises(NotPossible, match="nothing-here") as caught:
        files.read(root / "nothing-here")
    assert caught.value.code == "missing"
    assert not files.exists(root / "nothing-here")


def test_a_directory_must_be_there_before_its_files(place: AnyFiles) -> None:
    """A write never makes directories behind one's back."""
    files, root = place
    with pytest.raises(NotPossible, match="none/a"):
        files.write(root / "none" / "a", b"x")
    files.make_directory(root / "none" / "deeper")
    files.write(root / "none" / "deeper" / "a", b"x")
    assert files.names(root / "none") == ["deeper"]
    files.make_directory(root / "none" / "deeper")  # twice is no error


def test_names_of_nothing_are_none(place: AnyFiles) -> None:
    """A missing directory has no names, and a file neither."""
    files, root = place
    files.write(root / "file", b"")
    assert files.names(root / "missing") == []
    assert files.names(root / "file") == []


def test_a_link_is_replaced_in_one_step(place: AnyFiles) -> None:
    """A link points where it was told last; its target is given as it was written, also when nothing is there."""
    files, root = place
    files.write(root / "old", b"old")
    files.write(root / "new", b"new")
    files.link(root / "current", "old")
    assert files.read(root / "current") == b"old"
    files.link(root / "current", "./new")
    assert files.read(root / "current") == b"new"
    assert files.target(root / "current") == "./new"
    files.link(root / "current", "nowhere")
    assert files.target(root / "current") == "nowhere"
    assert not files.exists(root / "current")
    assert files.target(root / "old") is None
    assert files.target(root / "missing") is None


def test_writing_over_a_link_leaves_its_target_alone(place: AnyFiles) -> None:
    """A write replaces the link itself: what it pointed to keeps its bytes."""
    files, root = place
    files.write(root / "kept", b"kept")
    files.link(root / "link", "kept")
    files.write(root / "link", b"other")
    assert files.read(root / "kept") == b"kept"
    assert files.target(root / "link") is None


def test_a_directory_is_never_replaced_by_a_file_or_link(place: AnyFiles) -> None:
    """Renaming over a directory is refused, and nothing is left behind."""
    files, root = place
    files.make_directory(root / "directory")
    with pytest.raises(NotPossible):
        files.write(root / "directory", b"x")
    with pytest.raises(NotPossible):
        files.link(root / "directory", "x")
    assert files.names(root) == ["directory"]


def test_removing_what_is_not_there_is_no_error(place: AnyFiles) -> None:
    """Remove may be repeated; a link is removed, not its target."""
    files, root = place
    files.write(root / "a", b"a")
    files.link(root / "b", "a")
    files.remove(root / "b")
    files.remove(root / "b")
    assert files.names(root) == ["a"]


def test_a_tree_is_removed_only_inside_the_root(place: AnyFiles) -> None:
    """Neither the root itself, nor what lies outside it, nor a way out of it by .. or a link is removed."""
    files, root = place
    files.make_directory(root / "tree" / "deep")
    files.write(root / "tree" / "deep" / "a", b"a")
    files.link(root / "out", "/")
    for outside in (root, root.parent, Path("/etc"), root / "tree" / "..", root / "out" / "etc"):
        with pytest.raises(NotPossible) as caught:
            files.remove_tree(outside)
        assert caught.value.code == "outside-root"
    files.remove_tree(root / "tree")
    files.remove_tree(root / "tree")
    assert files.names(root) == ["out"]


def test_an_unknown_owner_is_not_possible(place: AnyFiles) -> None:
    """A file is never left with somebody else's rights because a user is missing."""
    files, root = place
    with pytest.raises(NotPossible, match="no-such-person"):
        files.write(root / "a", b"x", owner="no-such-person")
    with pytest.raises(NotPossible, match="no-such-people"):
        files.make_directory(root / "b", group="no-such-people")
    assert files.names(root) == []


def test_full_memory_leaves_the_old_file() -> None:
    """The fake's full disk behaves as the real one: refused, and the old bytes stay."""
    files = MemoryFiles(Path("/instance"), room=4)
    files.write(Path("/instance/a"), b"four")
    with pytest.raises(NotPossible) as caught:
        files.write(Path("/instance/a"), b"more")
    assert caught.value.code == "disk-full"
    assert files.read(Path("/instance/a")) == b"four"


def test_mode_and_owner_are_exact_whatever_the_umask(tmp_path: Path) -> None:
    """A secret is 0600 and a shared file 0640 with its group, from the first moment that it has its name."""
    files = RealFiles(tmp_path)
    old = os.umask(0o077)
    try:
        files.write(tmp_path / "shared", b"x", mode=0o644)
        files.make_directory(tmp_path / "a" / "b", mode=0o755)
        os.umask(0)
        files.write(tmp_path / "secret", b"x", mode=0o600)
        files.write(tmp_path / "group", b"x", mode=0o640, group="nogroup")
        files.make_directory(tmp_path / "closed", mode=0o750, owner="nobody", group="nogroup")
    finally:
        os.umask(old)
    assert (tmp_path / "shared").stat().st_mode & 0o7777 == 0o644
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "secret").stat().st_mode & 0o7777 == 0o600
    assert ((tmp_path / "group").stat().st_mode & 0o7777, (tmp_path / "group").group()) == (0o640, "nogroup")
    assert ((tmp_path / "closed").stat().st_mode & 0o7777, (tmp_path / "closed").owner()) == (0o750, "nobody")


FULL_DISK = """
import subprocess, sys
from pathlib import Path
from mailward.host.files import RealFiles
from mailward.model.errors import NotPossible
root = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(root)], check=True)
files = RealFiles(root)
files.write(root / "a", b"kept")
try:
    files.write(root / "a", b"x" * 200_000)
except NotPossible as error:
    print(error.code, str(root / "a") in str(error), files.read(root / "a") == b"kept", [p.name for p in root.iterdir()])
"""


def test_a_full_disk_changes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    """On a really full disk the old file stays as it was, no temporary file is left, and the error names the path."""
    argv = ["unshare", "-m", sys.executable, "-c", FULL_DISK, str(tmp_path)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "disk-full True True ['a']"


def test_what_a_crash_left_is_not_seen_and_can_be_swept(tmp_path: Path) -> None:
    """A temporary file of a write that kill -9 cut short is no name of the directory."""
    files = RealFiles(tmp_path)
    (tmp_path / ".mailward-new-0011").write_bytes(b"half")
    files.write(tmp_path / "a", b"a")
    assert files.names(tmp_path) == ["a"]
    assert files.sweep(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_link_left_by_a_daemons_user_is_not_followed(tmp_path: Path) -> None:
    """Putting a directory right never gives a link's target to the user who left the link in its own directory."""
    treasure = tmp_path / "secrets"
    treasure.mkdir(mode=0o700)
    theirs = tmp_path / "webmail"
    theirs.mkdir()
    (theirs / "temp").symlink_to(treasure)
    os.chown(theirs, 65534, 65534)
    with pytest.raises(NotPossible, match="temp"):
        RealFiles(tmp_path).make_directory(theirs / "temp", mode=0o777, owner="nobody", group="nogroup")
    assert (treasure.stat().st_uid, treasure.stat().st_mode & 0o777) == (os.geteuid(), 0o700)


def test_a_link_of_our_own_is_followed(tmp_path: Path) -> None:
    """Whoever owns the host may keep the mail on another disk, behind a link."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "mail").symlink_to("disk")
    RealFiles(tmp_path).make_directory(tmp_path / "mail", mode=0o750)
    assert (tmp_path / "disk").stat().st_mode & 0o777 == 0o750
