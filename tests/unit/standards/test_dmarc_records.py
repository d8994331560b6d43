"""DMARC records, the tree walk, alignment and evaluation (RFC 9989), with its Appendix B as the examples."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.told_resolver import ToldResolver
from mailward.standards import dmarc
from mailward.standards.dmarc import DmarcError, DmarcResult, Permission, Policy
from mailward.standards.dmarc.record import mailto_address

policies = st.sampled_from(["none", "quarantine", "reject", "Reject", "maybe", ""])
tags = st.one_of(
    st.tuples(st.sampled_from(["p", "sp", "np", "P"]), policies),
    st.tuples(
        st.sampled_from(["adkim", "aspf", "psd", "t", "fo", "pct", "x"]), st.sampled_from([*"rsynu01d", "0:1", "1:d"])
    ),
    st.tuples(
        st.sampled_from(["rua", "ruf"]),
        st.sampled_from(["mailto:a@b.test", "mailto:a@b.test!10m, https://c.test/x", "nonsense"]),
    ),
)
records = st.lists(tags, max_size=8).map(
    lambda said: "; ".join(["v=DMARC1", *(f"{name} = {value}" for name, value in said)])
)


def told(**at):
    """A resolver that has these DMARC records; ``a_test`` stands for a.test."""
    return ToldResolver({(f"_dmarc.{name.replace('_', '.')}", "TXT"): [f'"{text}"'] for name, text in at.items()})


def test_a_record_is_read_tag_by_tag():
    """Every tag of section 4.7 is read, whatever its capitals and spaces."""
    record = dmarc.parse(
        "v=DMARC1 ;P=Reject; sp=none;np=quarantine;adkim=s; ASPF=r;fo=1:d;psd=n;t=y;rua= mailto:a@b.test!10m ,https://c.test/x"
    )
    assert (record.p, record.sp, record.np) == (Policy.REJECT, Policy.NONE, Policy.QUARANTINE)
    assert record.rua == ("mailto:a@b.test", "https://c.test/x")
    assert (record.adkim, record.aspf, record.fo, record.psd, record.testing) == ("s", "r", ("1", "d"), "n", True)
    assert record.faults == record.unknown == ()


@given(st.one_of(records, st.text(max_size=60).map("v=DMARC1;".__add__)))
@settings(max_examples=150)
def test_what_is_written_is_what_is_read(text):
    """A record that was read, written and read again says the same, whatever was put aside the first time."""
    record = dmarc.parse(text)
    assert dmarc.parse(str(record)) == record


@given(st.text(max_size=80))
@settings(max_examples=150)
def test_only_its_own_error_leaves_the_parser(text):
    """Any text at all is a record or a DmarcError."""
    try:
        record = dmarc.parse(text)
    except DmarcError as error:
        assert error.code in ("dmarc-version", "dmarc-too-long")
    else:
        assert dmarc.parse(str(record)) == record


@pytest.mark.parametrize(
    "text", ["", "p=none; v=DMARC1", "v=dmarc1; p=none", "v=DMARC12; p=none", "v=spf1 -all", "v=DMARC1" + "; x=1" * 5000]
)
def test_what_is_no_dmarc_record(text):
    """The version comes first, in capitals, and nothing endless is read."""
    with pytest.raises(DmarcError):
        dmarc.parse(text)


def test_a_broken_policy_counts_as_none_when_reports_are_wanted():
    """Section 4.10.1: p=none with a rua; without one the record doesn't apply at all."""
    assert dmarc.parse("v=DMARC1; p=reject; sp=nine; rua=mailto:a@b.test").policy(below=True) is Policy.NONE
    assert dmarc.parse("v=DMARC1; rua=mailto:a@b.test").applies
    assert not dmarc.parse("v=DMARC1; p=rejected").applies
    assert dmarc.parse("v=DMARC1; p=rejected").faults == ("p",)
    assert dmarc.parse("v=DMARC1; p=none; pct=50").unknown == ("pct",)


def test_the_longest_walk_is_eight_questions():
    """Section 4.10's own example, name by name."""
    resolver = ToldResolver()
    dmarc.tree_walk("a.b.c.d.e.f.g.h.i.j.mail.example.com", resolver)
    names = [
        "a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "g.h.i.j.mail.example.com",
        "h.i.j.mail.example.com",
        "i.j.mail.example.com",
    ]
    names += ["j.mail.example.com", "mail.example.com", "example.com", "com"]
    assert resolver.asked == [(f"_dmarc.{name}", "TXT") for name in names]


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=100))
@settings(max_examples=60)
def test_no_name_costs_more(labels):
    """However many labels somebody makes up, eight questions are asked, the last of them for the shortest name."""
    resolver = ToldResolver()
    dmarc.tree_walk(".".join(labels), resolver)
    assert len(resolver.asked) == min(8, len(labels))
    assert resolver.asked[-1] == (f"_dmarc.{labels[-1]}", "TXT")


@pytest.mark.parametrize(
    ("published", "domain", "organization"),
    [
        ({"mail_example_com": "v=DMARC1; p=none", "example_com": "v=DMARC1; p=none"}, "a.mail.example.com", "example.com"),
        ({"mail_example_com": "v=DMARC1; psd=n", "example_com": "v=DMARC1"}, "a.mail.example.com", "mail.example.com"),
        ({"com": "v=DMARC1; p=none; psd=y"}, "a.mail.example.com", "example.com"),
        ({"example_com": "v=DMARC1; p=none; psd=y"}, "example.com", "example.com"),
        ({}, "a.mail.example.com", "a.mail.example.com"),
    ],
)  # fmt: skip
def test_the_organizational_domain(published, domain, organization):
    """Section 4.10.2's examples: psd=n, psd=y one label below, else the shortest name with a record, else itself."""
    assert dmarc.organizational_domain(domain, told(**published)) == organization


def test_whose_policy_applies():
    """The domain's own record, else the organization's sp or np, else the public suffix's."""
    resolver = told(example_com="v=DMARC1; p=reject; sp=quarantine; np=none", own_example_com="v=DMARC1; p=none")
    resolver.answers[("there.example.com", "A")] = ["192.0.2.1"]
    assert dmarc.policy_for("own.example.com", resolver).policy_domain == "own.example.com"
    assert dmarc.policy_for("Example.COM.", resolver).policy is Policy.REJECT
    assert dmarc.policy_for("there.example.com", resolver).policy is Policy.QUARANTINE
    assert dmarc.policy_for("gone.example.com", resolver).policy is Policy.NONE
    suffix = told(test="v=DMARC1; p=none; sp=reject; psd=y")
    assert dmarc.policy_for("a.b.test", suffix).policy_domain == "test"
    assert dmarc.policy_for("a.b.test", suffix).organizational_domain == "b.test"


def test_two_records_are_none():
    """Section 4.10 step 2: where two records stand, there is none."""
    resolver = ToldResolver({("_dmarc.a.test", "TXT"): ['"v=DMARC1; p=reject"', '"v=DMARC1; p=none"', '"v=spf1 -all"']})
    found = dmarc.policy_for("a.test", resolver)
    assert found.record is None
    assert found.walk.steps[0].several


EVALUATED = {
    "dkim aligned": (None, [("pass", "mail.example.com")], DmarcResult.PASS, Policy.NONE),
    "spf aligned": (("pass", "bounce.example.com"), [], DmarcResult.PASS, Policy.NONE),
    "nothing passes": (("fail", "example.com"), [("fail", "example.com")], DmarcResult.FAIL, Policy.REJECT),
    "another's": (("pass", "example.net"), [("pass", "example.org")], DmarcResult.FAIL, Policy.REJECT),
    "nonsense": (("pass", ""), [("pass", "a..b")], DmarcResult.FAIL, Policy.REJECT),
}


@pytest.mark.parametrize("case", EVALUATED)
def test_a_message_is_judged(case):
    """Relaxed alignment needs the same organization; a message passes by SPF or DKIM, and fails by the owner's policy."""
    spf, dkim, result, disposition = EVALUATED[case]
    check = dmarc.evaluate("example.com", spf, dkim, told(example_com="v=DMARC1; p=reject"))
    assert (check.result, check.disposition, check.policy_domain) == (result, disposition, "example.com")


def test_strict_alignment_wants_the_same_name():
    """adkim=s and aspf=s; each mode is for its own mechanism."""
    resolver = told(example_com="v=DMARC1; p=quarantine; adkim=s")
    assert dmarc.evaluate("example.com", None, [("pass", "a.example.com")], resolver).result is DmarcResult.FAIL
    assert dmarc.evaluate("example.com", ("pass", "a.example.com"), [], resolver).spf == "a.example.com"
    assert dmarc.evaluate("example.com", None, [("pass", "Example.com")], resolver).dkim == ("example.com",)


def test_testing_is_one_level_milder():
    """t=y: reject asks for quarantine, quarantine for nothing."""
    assert dmarc.evaluate("a.test", None, [], told(a_test="v=DMARC1; p=reject; t=y")).disposition is Policy.QUARANTINE
    assert dmarc.evaluate("a.test", None, [], told(a_test="v=DMARC1; p=quarantine; t=y")).disposition is Policy.NONE


def test_silence_is_no_verdict():
    """A name server that doesn't answer gives temperror, nonsense permerror, no record none; nothing is asked for."""
    silent = ToldResolver({("_dmarc.a.test", "TXT"): "TIMEOUT"})
    assert dmarc.evaluate("a.test", ("pass", "a.test"), [], silent).result is DmarcResult.TEMPERROR
    assert dmarc.organizational_domain("a.test", silent) is None
    half = told(a_test="v=DMARC1; p=reject")
    half.answers[("_dmarc.x.test", "TXT")] = "SERVFAIL"
    check = dmarc.evaluate("a.test", None, [("pass", "x.test")], half)
    assert (check.result, check.disposition, check.trouble) == (DmarcResult.TEMPERROR, Policy.NONE, "SERVFAIL")
    assert dmarc.evaluate("a.test", ("pass", "a.test"), [("pass", "x.test")], half).result is DmarcResult.PASS
    assert dmarc.evaluate("a..test", None, [], half).result is DmarcResult.PERMERROR
    assert dmarc.evaluate("b.test", None, [], half).result is DmarcResult.NONE


names = st.lists(st.sampled_from(["a", "b", "test", "x" * 63, ""]), max_size=12).map(".".join)


@given(st.one_of(names, st.text(max_size=30)), st.one_of(names, st.text(max_size=30)), st.text(max_size=30), records)
@settings(max_examples=100)
def test_no_message_makes_it_stumble(author, signer, answer, record):
    """Any names and any answers end in a result; without a record that applies nothing is asked for."""
    resolver = ToldResolver({("_dmarc.a.test", "TXT"): [answer, record], ("_dmarc.test", "TXT"): [f'"{record}"']})
    check = dmarc.evaluate(author, ("pass", signer), [("pass", signer), (answer, author)], resolver)
    assert check.disposition is Policy.NONE or check.result is DmarcResult.FAIL


def test_reports_elsewhere_need_permission():
    """RFC 9990 section 4: given, missing, unknown, or not needed at home; the target may name its own address."""
    resolver = told(blue_example_com="v=DMARC1; p=none", example_com="v=DMARC1; p=none")
    uri, name = "mailto:reports@red.example.net", ("blue.example.com._report._dmarc.red.example.net", "TXT")
    assert dmarc.external("blue.example.com", uri, resolver).permission is Permission.MISSING
    resolver.answers[name] = ['"v=DMARC1"']
    assert dmarc.external("blue.example.com", uri, resolver).rua == (uri,)
    resolver.answers[name] = ['"v=DMARC1; rua=mailto:other@red.example.net"']
    assert dmarc.external("blue.example.com", uri, resolver).rua == ("mailto:other@red.example.net",)
    resolver.answers[name] = ['"v=DMARC1; rua=mailto:victim@elsewhere.test"']
    assert dmarc.external("blue.example.com", uri, resolver).permission is Permission.MISSING
    resolver.answers[name] = "TIMEOUT"
    assert dmarc.external("blue.example.com", uri, resolver).permission is Permission.UNKNOWN
    assert dmarc.external("blue.example.com", "mailto:a@example.com", resolver).permission is Permission.NOT_NEEDED


def test_addresses_in_uris():
    """mailto: URIs name one address, percent signs undone."""
    assert mailto_address("MAILTO:dmarc%2Brua@a.test?subject=x") == "dmarc+rua@a.test"
    assert mailto_address("https://a.test") is mailto_address("mailto:nobody") is None
