"""Quoting: a value reads back as itself or is refused, in every syntax, whatever it holds."""

import configparser
import json
import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from mailward.daemons import quoting
from mailward.daemons.rendering import environment
from mailward.model.errors import BadInput

CONTROL = st.one_of(
    st.characters(categories=["Cc"]),
    st.sampled_from(["\u2028", "\u2029", "\u0085", "\u200b", "\u202e", "\ufeff", "\ud800"]),
)
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(
    alphabet="abc \\\"'$%;#{}<>*?[]()&|`~,.:/@=", max_size=20
)
ONE_TEXT = sorted(set(quoting.FILTERS) - {"port", "number", "block"})


@pytest.mark.parametrize("name", ONE_TEXT)
@given(before=st.text("abc", max_size=3), control=CONTROL, after=st.text("abc", max_size=3))
def test_control_characters_are_refused(name: str, before: str, control: str, after: str) -> None:
    """No filter lets a line break or an invisible character through."""
    with pytest.raises(BadInput):
        quoting.FILTERS[name](before + control + after)


def quoted(name: str, text: str) -> str | None:
    """What the filter made, or None when it refused."""
    try:
        return quoting.FILTERS[name](text)
    except BadInput:
        return None


def unescaped(text: str, quote: str) -> str:
    """Read one quoted value back, character by character; anything after its end is an escape from it."""
    assert text[0] == quote
    found, rest = "", text[1:]
    while rest[0] != quote:
        if rest[0] == "\\":
            rest = rest[1:]
        found, rest = found + rest[0], rest[1:]
    assert rest == quote, "something stands after the end"
    return found


@pytest.mark.parametrize(("name", "quote"), [("dovecot", '"'), ("nginx", '"'), ("knot", '"'), ("php", "'")])
@given(text=TEXT)
def test_quoted_values_read_back_as_themselves(name: str, quote: str, text: str) -> None:
    """Nothing can end the quotes, and nothing is lost."""
    made = quoted(name, text)
    assert made is None or unescaped(made, quote) == text


@given(text=TEXT)
def test_variables_are_never_expanded(text: str) -> None:
    """What nginx, PHP-FPM or Dovecot would expand is refused."""
    assert "$" not in (quoted("nginx", text) or "")
    assert not re.search(r'[$\\;]|".*".*"', quoted("ini", text) or "")
    assert "%" not in (quoted("dovecot", text) or "") + (quoted("knot", text) or "")


@given(text=TEXT)
def test_one_word_stays_one_word(text: str) -> None:
    """Postfix and Dovecot split what is not quoted: only plain words get through."""
    for name in ("postfix", "dovecot_file", "plain_path", "name"):
        made = quoted(name, text)
        assert made is None or (made == text and not re.search(r"[\s$;{}#\"'\\<>|]", made))


@given(words=st.lists(TEXT.filter(bool), min_size=1, max_size=4))
def test_supervisor_starts_exactly_these_arguments(words: list[str]) -> None:
    """What supervisor's parser makes of a command is the argv that was meant."""
    made = [quoted("supervisor", word) for word in words]
    if None in made:
        return
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read_string(f"[program:x]\ncommand = {' '.join(word or '' for word in made)}\n")
    assert shlex.split(parser.get("program:x", "command") % {}) == words


@given(text=TEXT)
def test_json_and_html_read_back(text: str) -> None:
    """JSON reads back; HTML holds no character that could open a tag or end an attribute."""
    made = quoted("json", text)
    assert made is None or json.loads(made) == text
    assert not re.search(r"[<>\"']", quoted("html", text) or "")


@given(value=st.one_of(st.integers(), st.booleans(), st.text(max_size=6), st.floats(), st.none()))
def test_ports_are_ports(value: object) -> None:
    """A port is a whole number from 1 to 65535, and nothing else."""
    try:
        made = quoting.port(value)
    except BadInput:
        return
    assert type(value) is int
    assert 0 < int(made) < 65536


@pytest.mark.parametrize("bad", ["", ".", "..", "a..b", "-a", "a-", "a/b", "a b", "*.a", "a" * 254, "é.test"])
def test_names_are_names(bad: str) -> None:
    """What could leave a directory or begin an option is no name."""
    with pytest.raises(BadInput):
        quoting.name(bad)


def test_addresses_are_addresses() -> None:
    """Only IP addresses are listened on; IPv6 gets its brackets."""
    assert quoting.bracketed("::1") == "[::1]"
    assert quoting.bracketed("127.0.0.1") == "127.0.0.1"
    for bad in ("localhost", "::1 ssl", "1.2.3.4;", "fe80::1%eth0;"):
        with pytest.raises(BadInput):
            quoting.address(bad)


def _unquoted(source: str) -> list[int]:
    """The lines of a template where a value is printed that passed no filter."""
    tree = environment().parse(source)
    macros = {macro.name for macro in tree.find_all(nodes.Macro)}
    wrong = []
    for output in tree.find_all(nodes.Output):
        for printed in output.nodes:
            if isinstance(printed, nodes.TemplateData):
                continue
            good = isinstance(printed, nodes.Filter) and printed.name in quoting.FILTERS
            if good and isinstance(printed, nodes.Filter) and printed.name == "block":
                called = printed.node
                good = isinstance(called, nodes.Call) and isinstance(called.node, nodes.Name) and called.node.name in macros
            if not good:
                wrong.append(printed.lineno)
    return wrong


@pytest.mark.parametrize("name", environment().list_templates())
def test_every_printed_value_passes_a_filter(name: str) -> None:
    """No template prints a bare value."""
    environ = environment()
    assert environ.loader is not None
    source = environ.loader.get_source(environ, name)[0]
    assert _unquoted(source) == []


def test_a_planted_bare_value_is_found() -> None:
    """The test above can fail: a bare value, a foreign filter and a laundered one are each found."""
    assert _unquoted("{{ a | nginx }}\n{{ b }}") == [2]
    assert _unquoted("{{ a | block }}") == [1]
    assert _unquoted("{{ 'x' ~ a }}") == [1]
