"""Secrets: closed by anybody, opened by one; passwords that Dovecot itself verifies."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.host import passwords, seals
from mailward.model.errors import NotPossible

KEYS = seals.make_keys()


@given(st.binary(max_size=5000))
@settings(max_examples=30, deadline=None)
def test_what_is_sealed_is_opened(secret: bytes) -> None:
    """Sealing and unsealing gives the same bytes, and the sealed form never contains them."""
    sealed = seals.Sealer(KEYS.public).seal(secret)
    assert seals.Opener(KEYS.private).unseal(sealed) == secret
    assert len(secret) < 8 or secret not in sealed


def test_a_changed_or_foreign_seal_is_not_possible() -> None:
    """Neither a changed byte, nor another key, nor another version, nor nothing at all opens."""
    sealed = seals.Sealer(KEYS.public).seal(b"secret")
    opener = seals.Opener(KEYS.private)
    other = seals.Opener(seals.make_keys().private)
    for attempt, broken in (
        (opener, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (other, sealed),
        (opener, b""),
        (opener, b"\x02" + sealed[1:]),
    ):
        with pytest.raises(NotPossible) as caught:
            attempt.unseal(broken)
        assert "secret\n" not in str(caught.value) + repr(caught.value)


def test_key_files_are_text_and_checked() -> None:
    """Each half is one line; a damaged one or the wrong half is refused; the private one is in no repr."""
    assert KEYS.private.count(b"\n") == KEYS.public.count(b"\n") == 1
    assert seals.public_of(KEYS.private) == KEYS.public
    for content in (b"", KEYS.public[:-9], b"\x00\xff", KEYS.private):
        with pytest.raises(NotPossible):
            seals.Sealer(content)
    with pytest.raises(NotPossible):
        seals.Opener(KEYS.public)
    assert KEYS.private.decode().split()[1] not in repr(KEYS)


def test_one_time_passwords_are_very_strong_and_readable() -> None:
    """16 or more characters with all four kinds, none that is misread, no two alike."""
    made = [passwords.make_password(length) for length in (0, 16, 20) for _ in range(100)]
    assert len(set(made)) == 300
    for password in made:
        assert len(password) >= 16
        for kind in (str.isupper, str.islower, str.isdigit):
            assert any(map(kind, password))
        assert any(char in passwords.SPECIAL for char in password)
        assert not set(password) & set("0O1lIo'\"\\ $&;")


def test_a_hash_matches_its_password_only() -> None:
    """The right password matches, others don't, and another scheme or garbage never does."""
    hashed = passwords.hash_password("pässword")
    assert passwords.password_matches("pässword", hashed)
    assert not passwords.password_matches("password", hashed)
    assert not passwords.password_matches("x", "{PLAIN}x")
    assert not passwords.password_matches("x", "{ARGON2ID}garbage")


@pytest.mark.real
def test_dovecot_verifies_the_hash() -> None:
    """Dovecot's own password tool accepts the right password and refuses a wrong one."""
    password = passwords.make_password()
    hashed = passwords.hash_password(password)
    for attempt, right in ((password, True), (password + "x", False)):
        argv = ["doveadm", "-O", "pw", "-t", hashed]
        ended = subprocess.run(argv, input=f"{attempt}\n{attempt}\n", capture_output=True, text=True, check=False)
        assert ("(verified)" in ended.stdout) is right, ended.stderr
