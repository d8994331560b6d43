"""Published files, as the mail path reads them: the fake and the real ones keep the same promises."""

import os

import pytest

from fakes.memory_published import MemoryPublished
from mailward.host.published_files import RealPublishedFiles
from mailward.model.errors import NotPossible


@pytest.fixture(params=["memory", "real"])
def published(request, tmp_path):
    """A directory's files, and how a file is published and removed there."""
    if request.param == "memory":
        fake = MemoryPublished()
        return fake, fake.put, fake.remove, tmp_path

    def put(path, content):
        new = path.with_name("new")
        new.write_bytes(content)
        os.utime(new, (1, 1))  # the time of change alone proves nothing
        new.rename(path)

    return RealPublishedFiles(), put, lambda path: path.unlink(missing_ok=True), tmp_path


def test_a_replaced_file_is_noticed(published):
    """Another file has another mark, even of the same size and time; a removed one has none."""
    files, put, remove, directory = published
    path = directory / "signing.json"
    assert files.mark(path) is None
    put(path, b"one")
    first = files.mark(path)
    assert first is not None
    assert files.mark(path) == first
    put(path, b"two")
    assert files.mark(path) not in (None, first)
    remove(path)
    assert files.mark(path) is None


def test_a_file_is_read_up_to_a_bound(published):
    """What is there is given back, no more than was asked for; what isn't is NotPossible and names the file."""
    files, put, remove, directory = published
    path = directory / "key.pem"
    put(path, b"0123456789")
    assert files.read(path, 100) == b"0123456789"
    assert files.read(path, 4) == b"0123"
    remove(path)
    with pytest.raises(NotPossible, match=r"key\.pem"):
        files.read(path, 100)
