"""The domains that a From field speaks for: what every reader reads alike, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailward.model.errors import BadInput
from mailward.standards.from_field import domains_of


@pytest.mark.parametrize(
    ("value", "domains"),
    [
        (b" anna@alpha.test", ("alpha.test",)),
        (b" Anna <anna@Alpha.Test>\t", ("alpha.test",)),
        (b' "Chief, ceo@beta.test <x@y.test>" <anna@alpha.test>', ("alpha.test",)),
        (b' "a\\"<b@c.test>" (a comment, <x@beta.test>) <anna@alpha.test> (more)', ("alpha.test",)),
        (b" =?utf-8?q?An=C3=A4?=\r\n <anna@alpha.test>", ("alpha.test",)),
        ("Änne <anna@bücher.test>".encode(), ("xn--bcher-kva.test",)),
        (b'"odd local"@alpha.test', ("alpha.test",)),
        (b"anna@alpha.test, Bob <bob@beta.test>", ("alpha.test", "beta.test")),
        (b"<anna@localhost>", ("localhost",)),
    ],
)
def test_whose_mail_it_is(value, domains):
    """Addresses are found behind names, quotes and comments."""
    assert domains_of(value) == domains


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Anna",
        b"<>",
        b"<anna@alpha.test> <bob@beta.test>",
        b"<anna@alpha.test> bob@beta.test",
        b"Group: anna@alpha.test;",
        b"<@relay.test:anna@alpha.test>",
        b"anna@alpha.test,",
        b"anna@[192.0.2.1]",
        b'"anna@alpha.test',
        b"(anna@alpha.test",
        b"anna@alpha.test)",
        b"anna@alpha test",
        b"anna@" + b"a" * 9000 + b".test",
        b"<anna@alpha.test\\>",
    ],
)
def test_what_could_be_two_things_is_refused(value):
    """A sender that readers could read differently speaks for nobody."""
    with pytest.raises(BadInput):
        domains_of(value)


@given(st.text('ab@.<>()",:; \\\t\r\nä', max_size=40))
def test_whatever_comes_is_domains_or_bad_input(text):
    """Nothing else is raised, and no domain is made up: each stands in the text."""
    try:
        found = domains_of(text.encode())
    except BadInput:
        return
    assert all(
        domain.startswith("xn--") or "ä" in text or domain in text.replace("\r\n", "").replace("\n", "") for domain in found
    )
