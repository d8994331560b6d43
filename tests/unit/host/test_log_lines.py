"""The lines of a log that were added since it was last read: none twice, none left out, whatever becomes of the file."""

from pathlib import Path

import pytest

from mailward.host import log_files
from mailward.host.log_lines import new_lines


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "d.log"


def read(log: Path, most: int = 1 << 20) -> list[bytes]:
    return list(new_lines(log, log.with_name("mark"), most))


def add(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


def test_each_line_once_and_whole(log: Path) -> None:
    """Half a line waits for its other half; no file is no line."""
    assert read(log) == []
    add(log, "one\ntwo\nthr")
    assert read(log) == [b"one", b"two"]
    assert read(log) == []
    add(log, "ee\n")
    assert read(log) == [b"three"]


def test_a_log_that_was_moved_aside_is_read_to_its_end(log: Path) -> None:
    """What its daemon wrote before it opened the new one counts, and then the new one."""
    add(log, "one\n" + "x" * 200 + "\n")
    assert len(read(log)) == 2
    with log.open("a") as daemon:
        assert log_files.rotate(log.parent, most=100) == (log,)
        daemon.write("late\n")
    assert read(log) == [b"late"]
    add(log, "new\n")
    assert read(log) == [b"new"]
    assert read(log) == []


def test_a_log_that_was_emptied_is_read_anew(log: Path) -> None:
    """Shorter than it was read to: it begins again."""
    add(log, "one\ntwo\n")
    read(log)
    log.write_text("a\n")
    assert read(log) == [b"a"]


def test_much_is_read_in_parts(log: Path) -> None:
    """Never more than was allowed at once; a line longer than that is passed over."""
    add(log, "".join(f"line {number}\n" for number in range(100)) + "y" * 300 + "\nlast\n")
    found: list[bytes] = []
    while part := read(log, 100):
        assert sum(map(len, part)) <= 100
        found += part
    assert found[:100] == [b"line %d" % number for number in range(100)]
    assert found[-1] == b"last"


@pytest.mark.parametrize("content", ["", "x", "1 2", "1 2 3 4", "9 9 99999999999"])
def test_a_mark_that_makes_no_sense_is_none(log: Path, content: str) -> None:
    """Then the log is read from its beginning."""
    log.with_name("mark").write_text(content)
    add(log, "one\n")
    assert read(log) == [b"one"]
