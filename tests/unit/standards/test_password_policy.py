"""Five levels of passwords: what each asks for, what is said to whoever falls short, and how long judging may take."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.model.passwords import PasswordLevel
from mailward.standards.password_policy import DEMANDS, judge

GOOD = "vK7-qupztN.w4mHfR"


def said(password: str, demanded: PasswordLevel = PasswordLevel.VERY_STRONG, **options: object) -> str:
    return " ".join(map(str, judge(password, demanded, **options).missing))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("password", "level"),
    [
        ("", PasswordLevel.VERY_WEAK),
        ("abc", PasswordLevel.VERY_WEAK),
        ("password", PasswordLevel.VERY_WEAK),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", PasswordLevel.VERY_WEAK),
        ("fluteriver", PasswordLevel.WEAK),
        ("zkqwvhxnub", PasswordLevel.WEAK),
        ("zkqwvhx4ub", PasswordLevel.MEDIUM),
        ("zkqWvhx4ubTe", PasswordLevel.STRONG),
        ("zkqwvhx4ubtemfkywpax", PasswordLevel.MEDIUM),
        (GOOD, PasswordLevel.VERY_STRONG),
        ("Kühner Dachs schläft 4 mal", PasswordLevel.VERY_STRONG),
    ],
)
def test_levels(password: str, level: PasswordLevel) -> None:
    """Length and kinds alone raise nothing that is easily guessed, and the other way round."""
    assert judge(password).level is level


def test_what_is_missing_says_what_to_do() -> None:
    """Each shortcoming is one sentence; a password that is good enough hears none."""
    everything = said("password")
    for part in ("16 characters", "upper-case", "digit", "special", "harder to guess"):
        assert part in everything
    assert "lower-case" not in everything
    assert said(GOOD) == ""
    assert said("zkqwvhx4ub", PasswordLevel.MEDIUM) == ""
    assert "12 characters" in said("zkqwvhx4ub", PasswordLevel.STRONG)


def test_what_is_known_of_the_owner_is_guessed() -> None:
    """An address in a password makes it worse, and is named as the reason."""
    password = "Anna.Meier@Alpha-Verein.example1"
    known = ("anna.meier@alpha-verein.example",)
    assert judge(password).level is PasswordLevel.VERY_STRONG
    assert judge(password, known=known).level.rank < PasswordLevel.VERY_STRONG.rank
    assert "your address" in said(password, known=known)


def test_what_thieves_have_is_very_weak() -> None:
    """However it looks; and nothing else is said than to take another."""
    found = judge(GOOD, is_breached=lambda password: password == GOOD)
    assert found.level is PasswordLevel.VERY_WEAK
    assert len(found.missing) == 1
    assert "thieves" in str(found.missing[0])


@pytest.mark.parametrize(
    "password", [GOOD * 20, f"{GOOD}\n", f"{GOOD}\0", f"a\ud800{GOOD}"], ids=["long", "line", "nul", "half"]
)
def test_what_no_mail_program_can_send_is_refused(password: str) -> None:
    """Too long, or with control characters: told, without asking what it costs to guess."""
    assert not judge(password, PasswordLevel.VERY_WEAK).is_enough


@pytest.mark.parametrize(
    "password", ["4@8({[<63691!|1075$7%2" * 11, "1!|" * 80, "p4ssw0rd" * 30, "qwertyuiop" * 25, "a" * 256]
)
def test_judging_is_bounded(password: str) -> None:
    """The worst that is known takes about half a second of this machine, not minutes."""
    began = time.process_time()
    judge(password, known=("anna.meier@alpha-verein.example", "mx.mailward.localhost"))
    assert time.process_time() - began < 3


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.sampled_from(PasswordLevel), st.lists(st.text(max_size=30), max_size=3))
def test_anything_that_is_typed_is_judged_and_never_repeated(
    password: str, demanded: PasswordLevel, known: list[str]
) -> None:
    """No text breaks it; what is enough hears nothing; sentences hold numbers alone."""
    found = judge(password, demanded, known=known)
    if found.is_enough:
        assert found.level.rank >= demanded.rank
    assert {value for one in found.missing for _, value in one.values} <= {"1", "8", "10", "12", "16", "256"}


def test_levels_only_rise() -> None:
    """What a level demands, the next one demands, too."""
    demands = [DEMANDS[level] for level in PasswordLevel]
    for less, more in pairwise(demands):
        assert less.characters < more.characters
        assert (less.kinds, less.score, less.guesses) < (more.kinds, more.score, more.guesses)
