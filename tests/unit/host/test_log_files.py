"""Logs never fill the disk, and no line of them is lost before its time."""

from pathlib import Path

from mailward.host.log_files import rotate


def test_a_full_log_moves_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    """A log that has grown too large is renamed; no more than ``kept`` old ones stay."""
    log = tmp_path / "dovecot.log"
    for number in range(5):
        log.write_text(f"{number}" * 100)
        assert rotate(tmp_path, most=50, kept=3) == (log,)
        assert not log.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dovecot.log.1", "dovecot.log.2", "dovecot.log.3"]
    assert (tmp_path / "dovecot.log.1").read_text() == "4" * 100


def test_small_logs_and_the_supervisors_are_left_alone(tmp_path: Path) -> None:
    """What is small, or rotated by the supervisor itself, is not touched."""
    for name, size in (("postfix.log", 10), ("panel.out.log", 100), ("supervisor.log", 100)):
        (tmp_path / name).write_text("x" * size)
    assert rotate(tmp_path, most=50) == ()
    assert len(list(tmp_path.iterdir())) == 3
