"""The benches work, end to end, on small numbers: each prints its figures and leaves nothing behind. Speed is no test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
FIGURES = {
    "check": {
        "domains", "domains_per_second", "checkdmarc_per_second", "checkdmarc_ratio", "checkdmarc_threads_ratio",
        "findings", "six_not_passed",
    },
    "doors": {
        "choose_seconds_few", "choose_seconds_many", "choose_ratio_many_to_few", "memory_mib_many", "failed_handshakes",
        "peer_dovecot_4_seconds", "peer_dovecot_4_ratio",
    },
    "issue": {
        "certificates_per_second", "certificates_per_second_alone", "seconds_failing_to_alone", "seconds_slow_to_alone",
        "certbot_per_second", "certbot_ratio",
    },
    "panel": {
        f"{store}_{figure}"
        for store in ("sqlite", "postgresql")
        for figure in (
            "questions_grow", "failed", "calm_p50_ms", "calm_p95_ms", "calm_per_second", "rush_p50_ms", "rush_p95_ms",
            "rush_per_second",
        )
    },
    "signing": {"letters_per_second_without", "letters_per_second_signed", "signed_ratio", "failed"},
    "up": {"seconds_empty_directory", "seconds_nothing_to_do", "second_up_changed_nothing"},
}  # fmt: skip


@pytest.fixture(scope="module")
def ended() -> dict[str, subprocess.CompletedProcess[str]]:
    """All benches at once: nobody looks at their times."""
    before = left()
    running = {
        name: subprocess.Popen(
            [sys.executable, str(BENCH / f"{name}.py"), "--quick", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in FIGURES
    }  # fmt: skip
    try:
        found = {}
        for name, process in running.items():
            out, err = process.communicate(timeout=180)
            found[name] = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    finally:
        for process in running.values():
            if process.poll() is None:
                process.terminate()  # a bench cleans up when it is told to stop
                process.wait(60)
    assert left() <= before, "a bench left its directory behind"
    return found


def left() -> set[Path]:
    return set(Path("/tmp").glob("mailward-bench-*"))


@pytest.mark.real
@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_bench_prints_its_figures(ended, name: str) -> None:
    """A bench that nobody runs rots: with small numbers each must still end well and print every figure it promises."""
    done = ended[name]
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert set(report["figures"]) == FIGURES[name]
    assert all(table["rows"] for table in report["tables"])
    assert report["machine"]["processors"] > 0
    if name == "check":
        assert report["figures"]["six_not_passed"] == 0
    if name == "doors":
        assert report["figures"]["failed_handshakes"] == 0
    if name == "panel":
        asked = {figure: value for figure, value in report["figures"].items() if figure.endswith(("_grow", "_failed"))}
        assert set(asked.values()) == {0}, asked
