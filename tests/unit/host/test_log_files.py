"""Logs never fill the disk, and no line of them is lost before its time."""

import os
from pathlib import Path

from mailward.host.log_files import keep_private, rotate


def test_a_full_log_moves_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    """A log that has grown too large is renamed; no more than ``kept`` old ones stay."""
    log = tmp_path / "dovecot.log"
    for number in range(5):
        log.write_text(f"{number}" * 100)
        assert rotate(tmp_path, most=50, kept=3) == (log,)
        assert log.read_text() == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dovecot.log", *(f"dovecot.log.{n}" for n in (1, 2, 3))]
    assert (tmp_path / "dovecot.log.1").read_text() == "4" * 100


def test_small_logs_and_the_supervisors_are_left_alone(tmp_path: Path) -> None:
    """What is small, or rotated by the supervisor itself, is not touched."""
    for name, size in (("postfix.log", 10), ("panel.out.log", 100), ("supervisor.log", 100)):
        (tmp_path / name).write_text("x" * size)
    assert rotate(tmp_path, most=50) == ()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_new_log_belongs_to_whom_the_old_one_did(tmp_path: Path) -> None:
    """The daemon's user can go on writing, and nobody else can read what it writes."""
    log = tmp_path / "knot" / "knot.log"
    log.parent.mkdir()
    log.write_text("x" * 100)
    log.chmod(0o664)
    os.chown(log, 65534, 65534)
    assert rotate(tmp_path, most=50) == (log,)
    made = log.stat()
    assert (made.st_uid, made.st_gid, made.st_mode & 0o777) == (65534, 65534, 0o660)


def test_links_in_a_daemons_directory_are_not_followed(tmp_path: Path) -> None:
    """A daemon's user can't have root rename, cut or read a file elsewhere by a link among its logs."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious.log").write_text("x" * 100)
    theirs = tmp_path / "log" / "webmail"
    theirs.mkdir(parents=True)
    (theirs / "deeper").symlink_to(elsewhere)
    (theirs / "link.log").symlink_to(elsewhere / "precious.log")
    (tmp_path / "log" / "other").symlink_to(elsewhere)
    assert rotate(tmp_path / "log", most=50) == ()
    assert [path.name for path in elsewhere.iterdir()] == ["precious.log"]


def test_logs_are_closed_to_everybody_else(tmp_path: Path) -> None:
    """Postfix makes its log readable by every user of the host: it is made before, and closed when it wasn't."""
    (tmp_path / "nginx-web.log.1").write_text("old")
    (tmp_path / "nginx-web.log.1").chmod(0o644)
    keep_private(tmp_path, ("postfix.log",))
    (tmp_path / "postfix.log").write_text("kept")
    (tmp_path / "postfix.log").chmod(0o644)
    keep_private(tmp_path, ("postfix.log",))
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "nginx-web.log.1": 0o640,
        "postfix.log": 0o640,
    }
    assert (tmp_path / "postfix.log").read_text() == "kept"
