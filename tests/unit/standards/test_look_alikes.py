"""Names that resemble others, and patterns of names."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.certificates.suffixes import SHORT_LIST
from mailward.model.errors import BadInput
from mailward.model.names import LikenessKind
from mailward.standards.look_alikes import Guarded, looks_like
from mailward.standards.name_patterns import first_match, parse_list, parse_pattern
from mailward.standards.skeletons import skeleton

NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-.éßøаер\u0131漢", min_size=1, max_size=40)


def guarded(*names: str, closely: bool = False) -> Guarded:
    return Guarded(names, SHORT_LIST.registered, closely=closely)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paypal", "paypa1"),
        ("paypal", "раураl"),  # Cyrillic
        ("sparkasse", "sparkaße"),
        ("paypal", "pâypàl"),
        ("modern", "rnodern"),
        ("window", "vvindow"),
        ("dolphin", "clolphin"),
        ("lodz", "łódź"),
        ("apple", "xn--80ak6aa92e"),
        ("google", "g00gle"),
    ],
)
def test_names_that_look_the_same_have_one_skeleton(one: str, other: str) -> None:
    """Letters of other scripts, accents, digits and pairs that run together are the letters they imitate."""
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gre3ngarden.test", LikenessKind.TYPO),
        ("greengadren.test", LikenessKind.TYPO),
        ("greengaarden.test", LikenessKind.TYPO),
        ("grengarden.test", LikenessKind.TYPO),
        ("green-garden.test", LikenessKind.HYPHEN),
        ("green.garden.test", LikenessKind.HYPHEN),
        ("wwwgreengarden.test", LikenessKind.HYPHEN),
        ("xn--grengarden-c7a.test", LikenessKind.HOMOGRAPH),
        ("shop.gre3ngarden.test", LikenessKind.TYPO),
    ],
)
def test_a_look_alike_is_found_and_named(name: str, kind: LikenessKind) -> None:
    """Each way to resemble a hosted name is seen, also in what lies below the look-alike."""
    found = looks_like(name, guarded("bakery.test", "greengarden.test"))
    assert found is not None
    assert (found.of, found.kind) == ("greengarden.test", kind)


@pytest.mark.parametrize(
    "name",
    [
        "greengarden.test",  # itself
        "shop.greengarden.test",  # below it: another rule's
        "bluegarden.test",
        "greengarden.example",  # another ending is anybody's
        "garden.test",
        "greengarden2.test",  # numbers in a row
    ],
)
def test_what_only_stands_near_is_left_alone(name: str) -> None:
    """A rule that refuses ordinary names would be switched off."""
    assert looks_like(name, guarded("greengarden.test")) is None


@pytest.mark.parametrize("pair", [("mail.test", "mall.test"), ("a.test", "b.test"), ("bal.test", "bad.test")])
def test_short_words_are_their_own(pair: tuple[str, str]) -> None:
    """In short names, one other letter is another word."""
    assert looks_like(pair[0], guarded(pair[1])) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("login-mybank.test", LikenessKind.WORD),
        ("mybanksecure.test", LikenessKind.WORD),
        ("mybank.example", LikenessKind.ENDING),
        ("mybank2.test", LikenessKind.TYPO),
        ("mybank-test.example", LikenessKind.ENDING),
    ],
)
def test_partners_are_guarded_more_closely(name: str, kind: LikenessKind) -> None:
    """Words of bait, other endings and numbers count where a name is known to be worth imitating."""
    found = guarded("mybank.test", closely=True).find(name)
    assert found is not None
    assert found.kind is kind
    assert kind is LikenessKind.HYPHEN or guarded("mybank.test").find(name) is None


def test_what_squatters_register_is_recognised() -> None:
    """dnstwist's variants of a name, but for two changes at once, are look-alikes for us."""
    from dnstwist import Fuzzer

    for target in ("greengarden.com", "mailward.org", "bakkerij.nl"):
        made = Fuzzer(target, dictionary=["login", "secure"], tld_dictionary=["net", "xyz"])
        made.generate()
        names = {one["fuzzer"]: set() for one in made.domains}
        for one in made.domains:
            names[one["fuzzer"]].add(one["domain"])
        index = guarded(target, closely=True)
        for kind, variants in names.items():
            missed = {name for name in variants - {target} if index.find(name) is None}
            assert len(missed) <= (0.8 * len(variants) if kind == "homoglyph" else 0), (kind, sorted(missed)[:5])


def test_ten_thousand_names_cost_no_more_than_ten() -> None:
    """An index of 10,000 hosted names is made in under a second, and asked in a few milliseconds."""
    began = time.perf_counter()
    index = guarded(*(f"{a}{b}garden{n}.test" for a in "bcdfghklmn" for b in "aeiouvwxyz" for n in range(100)))
    made = time.perf_counter()
    for number in range(50):
        index.find(f"another-name-{number}.test")
    asked = time.perf_counter()
    assert made - began < 3
    assert (asked - made) / 50 < 0.05


@settings(max_examples=150, deadline=None)
@given(NAMES, NAMES)
def test_no_name_breaks_the_guard(one: str, other: str) -> None:
    """Whatever is asked about, the answer is a likeness or none, never an error; and nothing resembles itself."""
    for closely in (False, True):
        index = guarded(one, closely=closely)
        index.find(other)
        assert index.find(one) is None


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_skeleton(text: str) -> None:
    """What isn't a name gets a skeleton, too, and not a long one."""
    assert len(skeleton(text)) <= 64 * 253


PATTERNS = parse_list("# a list\n# money: banks\n*paypal*\ning\n# bait: words\nlogin-*  # in front\ngov.test\n")


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("paypal.com", "*paypal*"),
        ("getpaypa1now.com", "*paypal*"),
        ("xn--pypal-4ve.com", "*paypal*"),  # а
        ("my-ing.com", "ing"),
        ("ing.com", "ing"),
        ("login-shop.com", "login-*"),
        ("tax.gov.test", "gov.test"),
        ("gov.test", "gov.test"),
        ("crossing.com", None),
        ("lng.com", None),
        ("shop-login.com", None),
        ("gov.test.com", None),
    ],
)
def test_patterns_match_what_they_mean(name: str, pattern: str | None) -> None:
    """Words match whole parts, stars within a part, and a domain itself and what lies below it."""
    found = first_match(name, name.rpartition(".")[0], PATTERNS)
    assert (found.text if found else None) == pattern


def test_each_pattern_has_its_reason() -> None:
    """The word of the heading above it."""
    assert {one.text: one.reason for one in PATTERNS} == {
        "*paypal*": "money", "ing": "money", "login-*": "bait", "gov.test": "bait",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "*", "a*", "**", "a b", "pay/pal", "x" * 200, "*a*b*c*d*e*", "bank..example"])
def test_a_pattern_that_says_nothing_is_refused(text: str) -> None:
    """A pattern that matches everything, or can't match, is refused with what to write."""
    with pytest.raises(BadInput):
        parse_pattern(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), NAMES)
def test_no_pattern_and_no_name_break_the_list(text: str, name: str) -> None:
    """A pattern is refused in words or matches in no time."""
    try:
        pattern = parse_pattern(text)
    except BadInput:
        return
    began = time.perf_counter()
    pattern.matches(name)
    assert time.perf_counter() - began < 0.5
