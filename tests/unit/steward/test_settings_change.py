"""A change of mailward.toml from the panel: what can be reached by it, and that comments stay."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.memory_files import MemoryFiles
from mailward.model.doors import Door
from mailward.model.errors import BadInput
from mailward.model.layout import Layout
from mailward.model.server_wish import ServerWish
from mailward.model.settings import KeyType, TlsProfile
from mailward.steward import new_instance
from mailward.steward.settings_change import Change, edited, wished
from mailward.steward.settings_file import format_settings, parse_settings

DEMO = new_instance.demo(ipv6=False)
OPTIONAL = [door for door in Door if not door.kind.always_open]
WISHES = st.builds(
    ServerWish,
    open_doors=st.none() | st.lists(st.sampled_from(OPTIONAL), unique=True).map(tuple),
    tls_profile=st.none() | st.sampled_from(TlsProfile),
    key_type=st.none() | st.sampled_from([KeyType.P256, KeyType.RSA2048, KeyType.RSA3072]),
    cas=st.none() | st.permutations(["pebble", "letsencrypt"]).map(tuple),
    contact=st.none() | st.just("") | st.just("ops@a.test"),
)


@given(first=WISHES, second=WISHES)
def test_what_is_written_says_what_was_wished(first: ServerWish, second: ServerWish) -> None:
    """However the file was changed before, reading it again gives exactly the settings that were worked out."""
    once = wished(DEMO, first)
    text = edited(format_settings(DEMO), once)
    assert parse_settings(text) == once
    twice = wished(once, second)
    assert parse_settings(edited(text, twice)) == twice


def test_a_persons_comments_stay() -> None:
    """Exchanging a line leaves the other lines, and the line's own comment, as a person wrote them."""
    text = format_settings(DEMO).replace('key_type = "p256"', 'key_type = "p256"  # our own word').replace(
        "[ports]", "# ours, too\n[ports]"
    )  # fmt: skip
    made = edited(text, wished(DEMO, ServerWish(key_type=KeyType.RSA2048, open_doors=(Door.IMAP,))))
    assert "# our own word" in made
    assert "# ours, too" in made
    assert f"imap = {2000 + Door.IMAP.kind.demo_offset}" in made


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (ServerWish(open_doors=(Door.IMAPS,)), "open_doors"),
        (ServerWish(cas=()), "cas"),
        (ServerWish(cas=("pebble", "pebble")), "cas"),
        (ServerWish(cas=("https://evil.test/dir",)), "cas"),
        (ServerWish(contact='x@a.test"\nhostname = "evil'), "contact"),
        (ServerWish(key_type=KeyType.BOTH), "key_type"),
    ],
)
def test_nothing_else_can_be_reached(wish: ServerWish, field: str) -> None:
    """Doors that are always open, unknown CAs and text that would break out of its line are refused by field."""
    with pytest.raises(BadInput) as refused:
        wished(DEMO, wish)
    assert refused.value.field == field


def test_a_change_that_is_not_proven_leaves_the_file_as_it_was() -> None:
    """Written twice (a kill between), then put back: byte for byte what the person had."""
    layout, files = Layout(Path("/instance")), MemoryFiles()
    before = (format_settings(DEMO) + "# mine\n").encode()
    files.write(layout.settings, before)
    for _ in range(2):
        assert Change(layout, files, 7).write(ServerWish(tls_profile=TlsProfile.MODERN)).tls_profile is TlsProfile.MODERN
    assert b'tls_profile = "modern"' in files.read(layout.settings)
    Change(layout, files, 7).put_back()
    assert files.read(layout.settings) == before
    assert not files.exists(layout.root / "mailward.toml.before-7")
