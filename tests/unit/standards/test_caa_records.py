"""CAA: who may issue for a name, as a CA has to read it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.told_resolver import ToldResolver
from mailward.model.errors import BadInput
from mailward.standards import caa
from mailward.standards.caa import Caa, Permission


def asked(records: dict[str, list[str] | str], ca: str = "ca.test", domain: str = "mx.a.test", **more: object):
    told = ToldResolver({(name, "CAA"): said for name, said in records.items()})
    wildcard = bool(more.pop("wildcard", False))
    return caa.may_issue(ca, domain, wildcard, told, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ({}, Permission.OPEN),
        ({"a.test": ['0 issue "ca.test"']}, Permission.ALLOWED),
        ({"a.test": ['0 issue "CA.Test"']}, Permission.ALLOWED),
        ({"a.test": ['0 issue "other.test"']}, Permission.FORBIDDEN),
        ({"a.test": ['0 issue "other.test"', '0 issue "ca.test; a=b"']}, Permission.ALLOWED),
        ({"a.test": ['0 issue ";"']}, Permission.FORBIDDEN),
        ({"a.test": ['0 issue ""']}, Permission.FORBIDDEN),
        ({"a.test": ['0 issue "%%%"']}, Permission.FORBIDDEN),
        ({"a.test": ['0 iodef "mailto:x@a.test"']}, Permission.OPEN),
        ({"a.test": ['0 issuewild "other.test"']}, Permission.OPEN),
        ({"a.test": ['0 tbs "unknown"', '0 issue "ca.test"']}, Permission.ALLOWED),
        ({"a.test": ['128 tbs "unknown"', '0 issue "ca.test"']}, Permission.FORBIDDEN),
        ({"a.test": ["garbage", '0 issue "ca.test"']}, Permission.FORBIDDEN),
        ({"mx.a.test": ['0 issue "ca.test"'], "a.test": ['0 issue ";"']}, Permission.ALLOWED),
        ({"test": ['0 issue ";"']}, Permission.FORBIDDEN),
        ({"a.test": "SERVFAIL"}, Permission.UNKNOWN),
        ({"mx.a.test": "TIMEOUT", "a.test": ['0 issue "ca.test"']}, Permission.UNKNOWN),
    ],
)
def test_the_closest_set_decides(records: dict[str, list[str] | str], said: Permission) -> None:
    """RFC 8659: the set that is closest above the name counts, and no other; no answer is no permission and no ban."""
    assert asked(records).permission is said


def test_wildcards_have_records_of_their_own() -> None:
    """issuewild counts for wildcards alone, and then alone."""
    records: dict[str, list[str] | str] = {"a.test": ['0 issue "ca.test"', '0 issuewild "other.test"']}
    assert asked(records, domain="a.test").permission is Permission.ALLOWED
    assert asked(records, domain="a.test", wildcard=True).permission is Permission.FORBIDDEN
    assert asked({"a.test": ['0 issue "ca.test"']}, domain="*.a.test", wildcard=True).permission is Permission.ALLOWED


def test_accounts_and_ways_of_proof_narrow_it() -> None:
    """RFC 8657: another account, or another challenge than the named ones, is forbidden."""
    records: dict[str, list[str] | str] = {
        "a.test": ['0 issue "ca.test; accounturi=https://ca.test/acct/1; validationmethods=dns-01,x-1"']
    }
    assert asked(records).permission is Permission.ALLOWED
    assert asked(records, account="https://ca.test/acct/1", method="dns-01").permission is Permission.ALLOWED
    assert asked(records, account="https://ca.test/acct/2").permission is Permission.FORBIDDEN
    assert asked(records, method="http-01").permission is Permission.FORBIDDEN


def test_the_answer_says_where_it_was_found() -> None:
    """Whose records count, and what was asked on the way."""
    judged = asked({"a.test": ['0 issue "ca.test"']})
    assert judged.at == "a.test"
    assert [answer.name for answer in judged.answers] == ["mx.a.test", "a.test"]
    assert judged.records == (Caa(0, "issue", "ca.test"),)


def test_what_is_written_reads_back() -> None:
    """The record that lets a CA issue says so when it is read."""
    record = caa.issue("ca.test", account="https://ca.test/1", methods=("dns-01",), wildcard=True)
    assert caa.parse(str(record)) == record
    assert caa.issuer(record.value) == caa.Issuer("ca.test", "https://ca.test/1", ("dns-01",))


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.text(max_size=60), st.from_regex(r'[0-9]{0,3} (issue|issuewild) "[ -~]{0,40}"', fullmatch=True)))
def test_reading_ends_with_a_record_or_a_refusal(text: str) -> None:
    """Whatever DNS holds: a record that writes back to itself, or BadInput; and a verdict."""
    try:
        record = caa.parse(text)
    except BadInput as refused:
        assert refused.code == "caa-unreadable"
    else:
        assert caa.issuer(record.value).name == caa.issuer(record.value).name.lower()
    assert asked({"a.test": [text]}).permission in Permission
