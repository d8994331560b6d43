"""What is rendered stays what it was, byte for byte, and the real programs accept it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from golden_cases import HERE, ROOT, cases, rendered, stored

from mailward import daemons
from mailward.model.layout import Layout

sys.path.insert(0, str(HERE.parent / "real"))
from whole_host import WholeHost

CASES = sorted(cases())


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_rendered_as_it_was(case: str) -> None:
    """A change of any rendered byte is seen by a person (write the cases anew with golden_cases.py)."""
    wanted, made = stored(case), rendered(case)
    assert sorted(made) == sorted(wanted)
    for path, content in made.items():
        assert content.decode() == wanted[path].decode(), path.relative_to(HERE)


@pytest.mark.parametrize("case", CASES)
def test_equal_settings_give_equal_bytes(case: str) -> None:
    """Rendering twice gives the same files, so that nothing is reloaded without a change."""
    assert rendered(case) == rendered(case)


@pytest.fixture(params=CASES)
def staged(request: pytest.FixtureRequest) -> Iterator[tuple[WholeHost, Path]]:
    """The stored bytes of a case as a generation of an instance in a throw-away directory."""
    root = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    root.chmod(0o755)
    host = WholeHost(root, cases()[request.param].settings)
    host.desired = cases()[request.param]
    host.write()
    for entry in host.desired.local_names:
        host.put_version(entry.lineage, entry.version, entry.names)
    directory = host.layout.generations / "7"
    for path, content in stored(request.param).items():
        daemon, _, *rest = path.relative_to(HERE).parts
        target = directory / daemon / Path(*rest)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.replace(os.fsencode(ROOT), os.fsencode(root)))
    yield host, directory
    host.directory.close()
    shutil.rmtree(root, ignore_errors=True)


@pytest.mark.real
def test_the_real_programs_accept_it(staged: tuple[WholeHost, Path]) -> None:
    """Every daemon's own checker takes the stored files of every case."""
    host, directory = staged
    checked = set()
    for name, checker in host.checkers(directory):
        code, said = host.call(*checker.argv)
        lower = said.lower()
        assert code == 0, f"{name}: {said}"
        assert not [word for word in checker.words if word in lower], f"{name}: {said}"
        checked.add(name)
    assert checked >= {"postfix", "dovecot", "nginx", "knot", "webmail"}


@pytest.mark.real
@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("nginx/http.conf", b"no_such_directive on;\n"),
        ("dovecot/dovecot.conf", b"no_such_setting = yes\n"),
        ("postfix/main.cf", b"no_such_parameter = yes\n"),
        ("postfix/master.cf", b"smtp inet n\n"),
        ("knot/knot.conf", b"nonsense:\n"),
        ("webmail/php-fpm.conf", b"nonsense = 1\n"),
        ("webmail/config.inc.php", b"$config[ = 1;\n"),
    ],
)
def test_the_checkers_refuse_a_planted_mistake(file: str, line: bytes) -> None:
    """Each checker, as we run and read it, finds a mistake in its file (also where the program itself returns 0)."""
    root = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    root.chmod(0o755)
    host = WholeHost(root, cases()["demo"].settings)
    try:
        host.write()
        directory = host.layout.generations / "1"
        with (directory / file).open("ab") as opened:
            opened.write(line)
        refused = []
        for name, checker in host.checkers(directory):
            code, said = host.call(*checker.argv)
            if code != 0 or any(word in said.lower() for word in checker.words):
                refused.append(name)
        assert set(refused) == {Path(file).parts[0]}
    finally:
        host.directory.close()
        shutil.rmtree(root, ignore_errors=True)


def test_no_secret_is_rendered_and_nothing_grows_with_the_domains() -> None:
    """Rendered files refer to secrets by path only, and name no hosted domain unless the STARTTLS doors are open."""
    for case in CASES:
        text = b"\n".join(stored(case).values())
        assert b"PRIVATE KEY" not in text
        assert b"secret:" not in text
        if case not in ("starttls-open", "two-keys"):
            assert b"alpha" not in text


def test_a_path_too_long_for_sockets_is_refused() -> None:
    """An instance whose sockets could not be made is refused before anything is written."""
    with pytest.raises(Exception, match="too long"):
        daemons.render(cases()["demo"], Layout(Path("/" + "x" * 90)))


def test_values_that_no_syntax_can_hold_are_refused() -> None:
    """A line break in mailward.toml never becomes a directive."""
    good = cases()["demo"]
    for wrong in ("mx.test\n", "mx.test; include /x", "mx .test", "mx.test\u2028"):
        with pytest.raises(Exception, match=r"name|control"):
            daemons.render(replace(good, settings=replace(good.settings, hostname=wrong)), Layout(ROOT))
    with pytest.raises(Exception, match=r"address|control"):
        daemons.render(replace(good, settings=replace(good.settings, addresses=("127.0.0.1;\n",))), Layout(ROOT))
