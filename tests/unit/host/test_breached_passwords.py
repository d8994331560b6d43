"""Lists of passwords that thieves have: found in a sorted file of any size, and never broken by what stands in it."""

from hashlib import sha1
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailward.host.breached_passwords import begins, breached, is_listed


def line(password: str, times: int = 3) -> bytes:
    return sha1(password.encode()).hexdigest().upper().encode() + b":%d" % times


@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 50, 3000])
def test_what_is_listed_is_found_and_nothing_else(tmp_path: Path, count: int, ending: bytes) -> None:
    """The first, the last and each between, with and without a line break at the end."""
    listed = [f"listed-{number}" for number in range(count)]
    lines = sorted(line(one, 10 ** (number % 9)) for number, one in enumerate(listed))
    for tail in (b"", ending):
        (tmp_path / "list").write_bytes(ending.join(lines) + (tail if lines else b""))
        assert [one for one in listed if not is_listed(tmp_path / "list", one)] == []
        assert [n for n in range(200) if is_listed(tmp_path / "list", f"other-{n}")] == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=700), st.text(max_size=20))
def test_a_file_of_anything_ends_the_search(tmp_path: Path, content: bytes, password: str) -> None:
    """Whatever the file holds, the answer comes; yes only if the hash stands in it."""
    (tmp_path / "list").write_bytes(content)
    hashed = sha1(password.encode("utf-8", "surrogatepass")).hexdigest().upper().encode()
    assert is_listed(tmp_path / "list", password) in {False, hashed in content.upper()}


def test_the_usual_ones_are_known_without_a_file(tmp_path: Path) -> None:
    """Django's list always counts; an operator's file counts beside it; one that is gone refuses nobody."""
    assert breached(None)("Password1")
    assert not breached(None)("vK7-qupztN.w4mHfR")
    (tmp_path / "list").write_bytes(line("vK7-qupztN.w4mHfR"))
    assert breached(tmp_path / "list")("vK7-qupztN.w4mHfR")
    assert breached(tmp_path / "list")("password1")
    assert not breached(tmp_path / "gone")("vK7-qupztN.w4mHfR")


def test_what_is_no_such_list_is_seen(tmp_path: Path) -> None:
    """For doctor: a web page that was saved instead, a list of NTLM hashes, nothing at all."""
    path = tmp_path / "list"
    path.write_bytes(line("a") + b"\r\n")
    assert begins(path)
    for content in (b"", b"<!doctype html>\n", line("a")[8:] + b"\n", b"\0" * 100):
        path.write_bytes(content)
        assert not begins(path)
    with pytest.raises(OSError, match="No such file"):
        begins(tmp_path / "gone")
