"""The place where reports wait, the real one and the fake: what the steward may rely on."""

import os

import pytest

from fakes.memory_drop import MemoryDrop
from mailward.host.report_drop import RealReportDrop
from mailward.model.errors import NotPossible


class RealPlace:
    def __init__(self, root):
        for name in ("new", "tmp", "aside"):
            (root / name).mkdir()
        self.root, self.drop = root, RealReportDrop(root, 100)

    def put(self, name, content):
        if content is None:
            (self.root / "new" / name).symlink_to("/etc/passwd")
        else:
            (self.root / "new" / name).write_bytes(content)


class MemoryPlace:
    def __init__(self):
        self.drop = MemoryDrop()
        self.put = self.drop.put


@pytest.fixture(params=["real", "memory"])
def place(request, tmp_path):
    return RealPlace(tmp_path) if request.param == "real" else MemoryPlace()


def test_the_oldest_come_first_and_go_when_they_are_read(place):
    """Names are in their order, as many as are wanted; what was removed is gone, and removing it again is no error."""
    for name in ("3.c", "1.a", "2.b"):
        place.put(name, name.encode())
    assert list(place.drop.waiting(2)) == ["1.a", "2.b"]
    assert place.drop.read("1.a") == b"1.a"
    place.drop.remove("1.a")
    place.drop.remove("1.a")
    assert place.drop.read("1.a") is None
    assert list(place.drop.waiting(9)) == ["2.b", "3.c"]


def test_what_is_put_aside_is_counted_and_bounded(place):
    """It waits no more; only the newest hundred stay."""
    for number in range(105):
        place.put(f"{number:03}", b"x")
        place.drop.put_aside(f"{number:03}")
    place.drop.put_aside("nobody")
    assert (place.drop.aside(), list(place.drop.waiting(9))) == (100, [])


def test_what_is_no_plain_file_is_not_read(place):
    """A link is never followed; it can be put aside and removed like everything else."""
    place.put("1.link", None)
    assert place.drop.read("1.link") is None
    place.drop.put_aside("1.link")
    assert (place.drop.aside(), list(place.drop.waiting(9))) == (1, [])


def test_on_disk_nothing_harmful_is_opened(tmp_path):
    """Pipes, directories, large files and names that lead elsewhere hold up nobody and give nothing."""
    place = RealPlace(tmp_path)
    new = tmp_path / "new"
    os.mkfifo(new / "pipe")
    (new / "directory" / "deep").mkdir(parents=True)
    (new / "large").write_bytes(b"x" * 101)
    (tmp_path / "secret").write_bytes(b"x")
    for name in ("pipe", "directory", "large", "../secret", "."):
        assert place.drop.read(name) is None
        place.drop.remove(name)
    assert (tmp_path / "secret").exists()
    assert list(place.drop.waiting(9)) == []
    for number in range(101):
        (new / f"{number:03}").mkdir()
        place.drop.put_aside(f"{number:03}")
    assert place.drop.aside() == 100


def test_a_directory_that_is_a_link_is_not_entered(tmp_path):
    """Whoever replaced ``new`` with a link would have root read elsewhere; without any directory nothing waits."""
    drop = RealReportDrop(tmp_path, 100)
    assert list(drop.waiting(9)) == []
    (tmp_path / "new").symlink_to("/etc")
    with pytest.raises(NotPossible):
        drop.read("passwd")


def test_what_is_kept_aside_is_bounded_in_size(tmp_path):
    """A hundred small ones are kept, a hundred large ones are not."""
    drop = RealReportDrop(tmp_path, 16 * 1024 * 1024)
    for name in ("new", "aside"):
        (tmp_path / name).mkdir()
    for number in range(9):
        with (tmp_path / "new" / f"{number}").open("wb") as file:
            file.truncate(16 * 1024 * 1024)  # a sparse file takes no room
        drop.put_aside(f"{number}")
    assert sorted(path.name for path in (tmp_path / "aside").iterdir()) == ["3", "4", "5", "6", "7", "8"]
