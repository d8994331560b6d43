"""MTA-STS records and policies (RFC 8461) and TLS-RPT records (RFC 8460)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.standards import mta_sts, tls_rpt
from mailward.standards.mta_sts import Mode, MtaStsError, StsPolicy, mx_matches, parse_policy, parse_record
from mailward.standards.tls_rpt import TlsRptError

names = st.sampled_from(["mx.example.com", "*.example.net", "a.b.c.test"])
policies = st.builds(
    StsPolicy,
    st.sampled_from(list(Mode)),
    st.lists(names, min_size=1, max_size=3, unique=True).map(tuple),
    st.integers(0, 31557600),
)


@given(policies)
@settings(max_examples=50)
def test_a_policy_is_read_as_it_was_written(policy):
    """Mode, servers and age survive the file."""
    assert parse_policy(str(policy).encode()) == policy


def test_a_policy_of_the_world():
    """LF line ends, unknown keys, repeats (the first counts) and blank lines are fine."""
    text = b"version: STSv1\nmode: enforce\nmx: MX1.Example.com\nmx:*.example.net\nmax_age: 604800\nmax_age: 1\nx: y\n\n"
    assert parse_policy(text) == StsPolicy(Mode.ENFORCE, ("mx1.example.com", "*.example.net"), 604800)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mode: enforce\nmx: a.test\nmax_age: 1",
        "version: STSv2\nmode: enforce\nmx: a.test\nmax_age: 1",
        "version: STSv1\nmode: strict\nmx: a.test\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 31557601",
        "version: STSv1\nmode: enforce\nmx: a.test\nmax_age: -1",
        "version: STSv1\nmode: enforce\nmx: *.*.test\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmx: 192.0.2.1\nmax_age: 1",
        "<html>not found</html>",
        "version: STSv1\nmode: enforce\n" + "mx: a.test\n" * 101 + "max_age: 1",
        "x" * 70_000,
    ],
)
def test_what_is_no_policy(text):
    """A sender would not follow these."""
    with pytest.raises(MtaStsError):
        parse_policy(text.encode())


@given(
    st.one_of(st.binary(max_size=80), st.text(max_size=60).map(lambda text: f"version: STSv1\nmode: none\n{text}".encode()))
)
@settings(max_examples=100)
def test_any_bytes_are_a_policy_or_refused(content):
    """Nothing but MtaStsError leaves the parser, and what was read can be written."""
    try:
        policy = parse_policy(content)
    except MtaStsError as error:
        assert error.code == "mta-sts-policy"
    else:
        assert parse_policy(str(policy).encode()) == policy


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("mx.example.com", "MX.example.com.", True),
        ("*.example.com", "mx.example.com", True),
        ("*.example.com", "a.mx.example.com", False),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
        ("mx.example.com", "mx2.example.com", False),
        ("mx.example.com", "", False),
    ],
)
def test_which_servers_a_policy_allows(pattern, host, matches):
    """A star stands for exactly one label (section 4.1)."""
    assert mx_matches(pattern, host) is matches


def test_records():
    """The id is 1 to 32 letters and digits, once; TLS-RPT names mailto: and https: addresses."""
    assert parse_record("v=STSv1; id=20260301T000000; new=x").id == "20260301T000000"
    assert parse_record(str(mta_sts.StsRecord("a1"))).id == "a1"
    for text in ("v=STSv1", "v=STSv1; id=", "v=STSv1; id=a-b", "v=STSv1; id=1; id=2", "v=STSv12; id=1", "id=1; v=STSv1"):
        with pytest.raises(MtaStsError):
            parse_record(text)
    record = tls_rpt.parse_record("v=TLSRPTv1;rua=mailto:a@b.test,https://c.test/x, nonsense")
    assert record.rua == ("mailto:a@b.test", "https://c.test/x")
    assert tls_rpt.parse_record(str(record)) == record
    for text in ("v=TLSRPTv1", "v=TLSRPTv1; rua=nonsense", "v=TLSRPTv2; rua=mailto:a@b.test", ""):
        with pytest.raises(TlsRptError):
            tls_rpt.parse_record(text)


@given(st.text(max_size=60), st.sampled_from(["", "v=STSv1;", "v=TLSRPTv1; rua="]))
@settings(max_examples=150)
def test_any_text_is_a_record_or_refused(text, start):
    """Nothing but their own errors leave the parsers."""
    for parse, error in ((parse_record, MtaStsError), (tls_rpt.parse_record, TlsRptError)):
        try:
            assert parse(str(parse(start + text))) == parse(start + text)
        except error:
            continue
