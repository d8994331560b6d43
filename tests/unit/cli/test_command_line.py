"""The command line's front: its help, its errors, its exit codes, and what it prints as JSON."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from mailward.cli import app, subjects
from mailward.cli.app import run
from mailward.cli.as_json import as_json
from mailward.cli.language import printable, speaking, tell
from mailward.cli.show_doors import show_findings
from mailward.cli.stages import Stages
from mailward.cli.test import ALONE, SIDE_BY_SIDE, STAGES, Stage, run_stages, summarise
from mailward.model.doors import Door
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict


def test_the_help_lists_every_command_without_loading_any(capsys: pytest.CaptureFixture[str]) -> None:
    """--help, and no argument at all, say what can be done and what the exit codes mean."""
    assert run([], {}) == 0
    shown = capsys.readouterr().out
    for name in subjects.ENTRIES:
        assert f"  {name} " in shown
    assert "Exit codes" in shown


def test_the_help_speaks_the_readers_language(capsys: pytest.CaptureFixture[str]) -> None:
    """By --lang wherever it stands, and by the locale's variables; --lang is stronger."""
    assert run(["--lang", "nl"], {}) == 0
    assert "De host" in capsys.readouterr().out
    assert run(["--help"], {"LANG": "de_DE.UTF-8"}) == 0
    assert "Der Host" in capsys.readouterr().out
    assert run(["--help", "--lang=fr"], {"LANG": "de_DE.UTF-8"}) == 0
    assert "L’hôte" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(subjects.ENTRIES))
def test_every_command_that_is_listed_exists_and_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in the help is a dead end, and each command that acts on an instance takes --instance."""
    assert run([name, "--help"], {}) == 0
    shown = capsys.readouterr().out
    assert "Usage: ./mailward" in shown
    assert "--instance" in shown or "Commands:" in shown


def test_no_instance_is_not_possible_now_and_says_what_to_do(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3, one sentence, one remedy, no traceback."""
    assert run(["verify", "--instance", str(tmp_path)], {}) == 3
    said = capsys.readouterr().err
    assert "there is no Mailward instance" in said
    assert "→" in said
    assert "Traceback" not in said


def test_errors_are_json_where_json_is_asked_for(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that reads --json gets a code, what is wrong and the remedy."""
    assert run(["status", "--json", "--instance", str(tmp_path)], {}) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "no-instance"
    assert error["what"]
    assert error["remedy"]


def test_bad_input_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command, option, language or a path that daemons can't be given."""
    assert run(["frobnicate"], {}) == 2
    assert run(["verify", "--frobnicate"], {}) == 2
    assert run(["status", "--lang", "tlh"], {}) == 2
    assert run(["status", "--instance", "/tmp/a b"], {}) == 2
    assert "special character" in capsys.readouterr().err


def test_a_defect_has_no_traceback_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """What nobody foresaw is said in words; MAILWARD_DEBUG=1 shows where it happened."""
    assert app._explain(RuntimeError("boom"), [], {}, "en") == 3
    said = capsys.readouterr().err
    assert "boom" in said
    assert "MAILWARD_DEBUG=1" in said
    assert "Traceback" not in said


def test_json_never_holds_keys_or_passwords() -> None:
    """Bytes and the fields that hold one-time passwords are left out; what can't be shown is an error, not a repr."""
    shown = json.loads(as_json({"a": (1, Verdict.PASS), "secret": "s3cret", "passwords": [("a", "b")], "key": b"k"}, "en"))
    assert shown == {"a": [1, "pass"]}
    with pytest.raises(TypeError):
        as_json(object(), "en")


def test_json_says_sentences_and_times_plainly() -> None:
    """Sentences are in the reader's language, times in RFC 3339."""
    shown = json.loads(
        as_json({"s": Sentence("safe"), "t": datetime(2026, 1, 2, tzinfo=UTC), "d": timedelta(hours=1)}, "nl")
    )
    assert shown == {"s": "veilig", "t": "2026-01-02T00:00:00+00:00", "d": 3600.0}


def test_what_servers_say_cannot_steer_the_terminal() -> None:
    """Escape sequences become visible signs; line ends, other scripts and French spaces stay."""
    assert printable("Sa taille\u00a0; 0\u202f: sans limite") == "Sa taille\u00a0; 0\u202f: sans limite"
    assert printable("a\x1b[31mb\r\n\u202eß字") == "a�[31mb�\n�ß字"


def finding(verdict: Verdict, code: str, name: str, door: Door, domain: str = "alpha.test") -> DoorFinding:
    said = Sentence("it is {code}", code=code) if verdict is not Verdict.PASS else NOTHING
    return DoorFinding(
        domain, name, door, 993, "127.0.0.1", door.kind.tls, name, verdict, code, said, said, datetime.now(UTC)
    )


def shown(findings: list[DoorFinding], width: int) -> str:
    out = io.StringIO()
    with speaking("en"):
        show_findings(Console(file=out, width=width, markup=False, highlight=False), findings)
    return out.getvalue()


@pytest.mark.parametrize("width", [70, 200])
def test_the_matrix_reads_without_colour(width: int) -> None:
    """Every state has its own sign on narrow and wide terminals, and problems come the worst first."""
    found = [
        finding(Verdict.PASS, "ok", "webmail.alpha.test", Door.HTTPS),
        finding(Verdict.UNKNOWN, "timeout", "mail.alpha.test", Door.IMAPS),
        finding(Verdict.FAIL, "self-signed", "mx.test", Door.SMTP, SERVER),
    ]
    text = shown(found, width)
    for sign in "✓?✗":
        assert sign in text.split("\n\n")[0]
    assert text.index("it is self-signed") < text.index("it is timeout")
    assert "1 safe" in text
    assert "1 not safe" in text
    assert all(len(line) <= width for line in text.splitlines())


def test_markup_in_names_is_text() -> None:
    """A name that looks like the terminal library's markup is printed as it is."""
    assert "[red]x[/red].test" in shown([finding(Verdict.PASS, "ok", "[red]x[/red].test", Door.HTTPS)], 120)


def test_nobody_looked_is_said() -> None:
    """No findings are not a clean bill."""
    assert "Nobody has looked" in shown([], 100)
    assert "✓" not in shown([], 100)


def test_text_from_outside_never_looks_like_a_line_of_ours() -> None:
    """A record in DNS with a line break in it can't say that everything is well."""
    evil = Sentence("{why}", why=Sentence("{record} is no SPF record", record="x\n✓ 2 green"))
    assert tell(evil).splitlines() == ["x", "    ✓ 2 green is no SPF record"]


def test_stages_are_one_line_each_with_their_time() -> None:
    """Without a terminal: a line for each stage, inner ones indented, the failed one marked, the error passed on."""
    out, clock = io.StringIO(), iter(range(100))
    stages = Stages(Console(file=out, width=80), monotonic=lambda: float(next(clock)))
    with speaking("en"), pytest.raises(RuntimeError), stages.stage(Sentence("Outer")):
        with stages.stage(Sentence("Inner {n}", n=1)):
            stages.note(Sentence("a remark"))
        raise RuntimeError
    assert out.getvalue().splitlines() == ["    · a remark", "  ✓ Inner 1  1.0 s", "✗ Outer  3.0 s"]


def test_every_directory_of_tests_is_run_by_one_stage() -> None:
    """What lies beside the known directories would never be run."""
    tests = Path(__file__).parents[2]
    holding = {f"tests/{file.relative_to(tests).parts[0]}" for file in tests.rglob("test_*.py")}
    assert holding == {*SIDE_BY_SIDE, *ALONE}
    assert [sum(directory in stage.argv for stage in STAGES) for directory in sorted(holding)] == [1] * len(holding)


def test_every_stage_runs_after_a_failure_and_the_summary_names_it() -> None:
    """A failing linter doesn't hide a failing test."""
    said: list[str] = []
    ran: list[str] = []

    def end(stage: Stage) -> int:
        ran.append(stage.name)
        return 1 if stage.name == "mypy" else 0

    ended = run_stages(STAGES, end, said.append)
    summarise(ended, said.append)
    assert ran == [stage.name for stage in STAGES]
    assert said[-1] == "✗ Not well: mypy. Each failure is shown above."
    assert any("mypy failed (exit code 1)" in line for line in said)
