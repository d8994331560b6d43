"""The house's own rules, as tests: who may import whom, where the machine may be touched, how long things are, and what
must not be in the files at all. Each rule is shown to bite."""

import ast
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
SRC = CLONE / "src" / "mailward"

# The machine is touched in host/; these join it to the engines, or begin a process, before anything of ours is imported.
MACHINE = frozenset(
    [
        "subprocess",
        "socket",
        "ssl",
        "os",
        "shutil",
        "pwd",
        "grp",
        "fcntl",
        "signal",
        "ctypes",
        "requests",
        "urllib",
        "http",
        "asyncio",
    ]
)
PURE = frozenset({"urllib.parse"})
PURE_PARTS = ("urllib.parse.",)
MAY_TOUCH = {
    "bootstrap": "joins the host to the engines",
    "__main__.py": "the process itself",
    "store/__init__.py": "the store's path is told by the environment",
    "store/place.py": "a connection that the interpreter must not close at its end",
    "django_settings.py": "the store's path is told by the environment",
}
MAY_IMPORT_THE_HOST = {
    "bootstrap": "joins the host to the engines",
    "host": "the room itself",
    "cli/test.py": "runs the linters and tests of a clone, and never touches an instance",
}


def modules() -> Iterator[Path]:
    """Every module that people wrote."""
    return (path for path in sorted(SRC.rglob("*.py")) if "migrations" not in path.parts)


def place(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(code: ast.AST) -> set[str]:
    """The full names of all modules that are imported anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def excused(path: Path, excuses: dict[str, str]) -> bool:
    return any(place(path) == one or place(path).startswith(f"{one}/") for one in excuses)


def tracked(*patterns: str) -> list[Path]:
    """The clone's files (not what lies beside them); in an unpacked archive, all that is there."""
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=CLONE, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        found = [path for name in listed.stdout.split("\0") if name and (path := CLONE / name).is_file()]
    else:
        found = [path for pattern in patterns or ("*",) for path in CLONE.glob(pattern) if path.is_file()]
    assert found, f"nothing is called {patterns}: a rule that looks at nothing finds nothing"
    return found


def lint_imports(clone: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [program, "--no-cache", "--config", clone / "pyproject.toml"],
        cwd=clone / "src",  # where it looks for the package first
        capture_output=True,
        text=True,
        check=False,
    )


PLANTED = {
    "flow/observe.py": "import subprocess",
    "certificates/make.py": "import socket",
    "audit/report.py": "import mailward.store.records",
    "daemons/limits.py": "import mailward.flow.run",
    "standards/hostname.py": "from mailward.host import clock",
    "model/doors.py": "import mailward.standards.hostname",
    "host/clock.py": "import mailward.daemons",
    "store/records.py": "import mailward.actions.runs",
    "actions/runs.py": "import mailward.steward.steward",
    "steward/zones.py": "import mailward.cli.app",
    "panel/views.py": "import mailward.cli.app",
    "cli/words.py": "import mailward.panel.views",
}
"""One forbidden import for each wall, and what import-linter must then say of it."""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy of the house in which every wall has a hole."""
    clone = tmp_path_factory.mktemp("house")
    shutil.copy(CLONE / "pyproject.toml", clone)
    shutil.copytree(SRC, clone / "src" / "mailward", ignore=shutil.ignore_patterns("__pycache__"))
    clean = lint_imports(clone)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    for name, line in PLANTED.items():
        path = clone / "src" / "mailward" / name
        path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    linted = lint_imports(clone)
    assert linted.returncode != 0
    return linted.stdout


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_breaks_the_import_rules(broken: str, name: str) -> None:
    """Each wall of the house is watched: a forbidden import through it is named by the linter, which is clean without."""
    module = "mailward." + name.removesuffix(".py").replace("/", ".")
    wanted = re.search(r"(?:import|from) ([\w.]+)", PLANTED[name])
    assert wanted is not None
    target = wanted.group(1)
    assert re.search(rf"{re.escape(module)} -> {re.escape(target)}", broken), broken


def test_only_the_host_touches_the_machine() -> None:
    """Programs, sockets, TLS and the operating system are reached in host/ alone, but for what is excused by name."""
    wrong = [
        f"{place(path)}: {name}"
        for path in modules()
        if not place(path).startswith("host/") and not excused(path, MAY_TOUCH)
        for name in sorted(imported(tree(path)))
        if name.partition(".")[0] in MACHINE and name not in PURE and not name.startswith(PURE_PARTS)
    ]
    assert wrong == []


def test_only_the_joiner_imports_the_host() -> None:
    """Everybody else is handed the machine."""
    wrong = [
        place(path)
        for path in modules()
        if not excused(path, MAY_IMPORT_THE_HOST)
        and any(name == "mailward.host" or name.startswith("mailward.host.") for name in imported(tree(path)))
    ]
    assert wrong == []


@pytest.mark.parametrize("excuses", [MAY_TOUCH, MAY_IMPORT_THE_HOST])
def test_no_excuse_outlives_its_reason(excuses: dict[str, str]) -> None:
    """An excused module that is gone, or needs no excuse any more, is taken from the list."""
    for excuse in excuses:
        mine = [path for path in modules() if excused(path, {excuse: ""})]
        assert mine, excuse
        names = set().union(*(imported(tree(path)) for path in mine))
        assert any(name.partition(".")[0] in MACHINE or name.startswith("mailward.host") for name in names), excuse


def test_no_cycles_between_modules() -> None:
    """A module never leads back to itself, at run time: what is imported for types alone doesn't count."""
    names = {
        "mailward." + place(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__"): path
        for path in modules()
    }
    graph = {
        name: {other for other in _at_import(path, names) if other in names and other != name}
        for name, path in names.items()
    }
    done: set[str] = set()

    def walk(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above[above.index(name) :], name))
        if name not in done:
            for other in sorted(graph[name]):
                walk(other, (*above, name))
            done.add(name)

    for name in sorted(graph):
        walk(name, ())


def _at_import(path: Path, names: Container[str]) -> set[str]:
    """What is imported while the module itself is: not in functions, not for type checkers. A module that is imported from
    its package is meant itself, not the package."""
    found: set[str] = set()
    for node in tree(path).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {part if part in names else node.module for part in parts}
        elif isinstance(node, ast.Import):
            found |= imported(node)
    return found


def lengths() -> tuple[list[int], list[tuple[int, str]]]:
    """Lines of every module, and of every function with its place."""
    files, functions = [], []
    for path in modules():
        files.append(len(path.read_text(encoding="utf-8").splitlines()))
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions.append(((node.end_lineno or 0) - node.lineno + 1, f"{place(path)}:{node.name}"))
    return files, functions


def test_sizes_that_stay_easy_to_change() -> None:
    """Median module at most 150 lines, nine of ten at most 400, at most 4 % of the functions over 50 lines."""
    files, functions = lengths()
    assert len(files) > 100
    assert statistics.median(files) <= 150
    assert sum(lines <= 400 for lines in files) >= 0.9 * len(files)
    long = sorted(one for one in functions if one[0] > 50)
    assert len(long) <= 0.04 * len(functions), long


def test_the_flow_still_reads_like_its_sentence() -> None:
    """flow/run.py's run is at most a screenful."""
    lines = {where: count for count, where in lengths()[1] if where.startswith("flow/")}
    assert lines["flow/run.py:run"] <= 40
    assert max(lines.values()) <= 50


def test_every_module_says_what_it_is_for() -> None:
    """Each module begins with a docstring; so does each class that others use."""
    silent = [place(path) for path in modules() if tree(path).body and not ast.get_docstring(tree(path))]
    assert silent == []


def test_every_test_says_which_promise_it_keeps() -> None:
    """A test is one promise, in a sentence; one that can't be said can't be relied on."""
    silent = [
        f"{path.relative_to(CLONE)}:{node.name}"
        for path in tracked("tests/**/test_*.py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


UNWANTED = {
    "patching": re.compile(r"mock\.patch|monkeypatch\.setattr|MagicMock|from unittest import mock"),
    "left to do": re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"),
    "a skip without a reason": re.compile(r"pytest\.mark\.skip(?:\(\)|\s*$)|pytest\.skip\(\)", re.MULTILINE),
}


@pytest.mark.parametrize("rule", UNWANTED)
def test_what_must_not_be_in_the_code(rule: str) -> None:
    """No patched internals (fakes are arguments), nothing left to do, no test that is skipped for no reason."""
    wrong = [
        f"{path.relative_to(CLONE)}: {found.group()}"
        for path in tracked("src/**/*.py", "tests/**/*.py", "src/**/*.j2", "src/**/*.html", "mailward")
        if path != Path(__file__)
        for found in UNWANTED[rule].finditer(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("patching", "monkeypatch" + ".setattr(x, 'y', 1)"),
        ("left to do", "# TO" + "DO: later"),
        ("a skip without a reason", "@pytest.mark" + ".skip\ndef test(): ..."),
    ],
)
def test_the_rules_see_what_they_forbid(rule: str, line: str) -> None:
    """Each pattern finds what it is for."""
    assert UNWANTED[rule].search(line)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_versions_and_hashes_and_no_index(name: str) -> None:
    """Every package is pinned with hashes; where it is fetched from is the machine's own business."""
    text = (CLONE / name).read_text(encoding="utf-8")
    packages = re.findall(
        r"^([A-Za-z0-9][\w.\[\]-]*)==\S+ \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE
    )
    named = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    assert len(packages) == len(named) > 20
    assert not re.search(r"index|https?://|find-links|trusted-host|^-", text, re.MULTILINE)


def test_the_dev_lock_holds_the_same_versions() -> None:
    """What is tested is what is installed."""

    def versions(name: str) -> set[str]:
        return set(re.findall(r"^[A-Za-z0-9][^ ]*==[^ ]*", (CLONE / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert versions("requirements.lock") <= versions("requirements-dev.lock")


def test_no_path_of_the_machine_it_was_written_on() -> None:
    """A clone works wherever it lies: no committed file names the directory it was written in, or a home directory."""
    here = re.compile(rb"(?<![\w$}>/.-])/(?:work|home/[a-z]+|root)/[\w.]")
    wrong = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content[:1024]:
            wrong += [f"{path.relative_to(CLONE)}: {found.group().decode()}" for found in here.finditer(content)]
    assert wrong == []


def test_words_that_say_nothing_name_nothing() -> None:
    """No module, class or function is called manager, handler, helper, utils, common or core."""
    empty = re.compile(
        r"(?i)(?:^|_)(?:managers?|handlers?|helpers?|utils?|common|core)(?:_|$)|(?:Manager|Handler|Helper|Utils?)$"
    )
    wrong = [place(path) for path in modules() if empty.search(path.stem)]
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and empty.search(node.name):
                wrong.append(f"{place(path)}:{node.name}")
    assert wrong == []


def test_no_secret_is_a_default_or_a_literal() -> None:
    """No module holds a private key."""
    marker = re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*\n[A-Za-z0-9+/]{40}")
    assert [str(path.relative_to(CLONE)) for path in tracked("src/**", "tests/**") if marker.search(_text(path))] == []


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")
