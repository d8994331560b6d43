"""What may be changed in a zone: what is Mailward's, and nothing else without asking."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.model.dns import Record
from mailward.publishing.difference import difference, merged_spf, sets

SPF = Record("a.test", "TXT", "v=spf1 +a include:_spf.host.test ~all")
MX = Record("a.test", "MX", "10 mx.host.test.")


def diff(observed, wanted, published=(), overwrite=()):
    return difference(observed, wanted, sets(published), overwrite)


def test_an_empty_zone_gets_everything():
    """Adding hurts nobody."""
    found = diff([], [SPF, MX])
    assert [(one.key, one.after) for one in found.changes] == [
        (("a.test", "MX"), ("10 mx.host.test.",)),
        (("a.test", "TXT"), (SPF.value,)),
    ]
    assert not found.conflicts


def test_what_is_as_it_should_be_is_left_alone():
    """Case, leading zeros and order make no difference."""
    found = diff([Record("A.test", "MX", "010 MX.host.test.")], [MX])
    assert not found.changes and not found.conflicts and found.settled[0].ours == ("10 mx.host.test.",)


def test_others_records_are_shown_and_not_overwritten():
    """Somebody's MX stays where it is until a person says otherwise."""
    other = Record("a.test", "MX", "5 mail.elsewhere.test.")
    found = diff([other], [MX])
    assert not found.changes
    assert [(one.key, one.there, one.wanted) for one in found.conflicts] == [
        (("a.test", "MX"), (other.value,), (MX.value,))
    ]
    said = diff([other], [MX], overwrite={("a.test", "MX")})
    assert not said.conflicts and said.changes[0].after == (MX.value,)


def test_what_mailward_published_it_may_change_and_take_away():
    """Our own former value makes way, and is taken away when nobody wants it any more."""
    former = Record("a.test", "MX", "10 old.host.test.")
    assert diff([former], [MX], published=[former]).changes[0].after == (MX.value,)
    assert diff([former], [], published=[former]).changes[0].after == ()


def test_what_was_ours_and_was_changed_by_others_is_theirs():
    """Somebody who changed our record meant it."""
    former, theirs = Record("a.test", "MX", "10 old.host.test."), Record("a.test", "MX", "1 theirs.test.")
    assert diff([theirs], [MX], published=[former]).conflicts
    assert not diff([theirs], [], published=[former]).changes


def test_spf_is_merged():
    """The terms that the owner needs stay, what ends the record is ours, and there is one record."""
    theirs = Record("a.test", "TXT", "v=spf1 a include:_spf.example.com ip4:192.0.2.7 -all")
    proof = Record("a.test", "TXT", "some-site-verification=1")
    found = diff([theirs, proof], [SPF])
    assert found.changes[0].after == (
        proof.value,
        "v=spf1 +a include:_spf.host.test include:_spf.example.com ip4:192.0.2.7 ~all",
    )
    assert found.changes[0].ours == (found.changes[0].after[1],)
    assert found.spf_terms == (("a.test", ("include:_spf.example.com", "ip4:192.0.2.7")),)


def test_other_texts_stay_and_the_same_kind_conflicts():
    """Two DMARC records are none (RFC 9989): one of somebody's is shown, not doubled."""
    ours, theirs = Record("_dmarc.a.test", "TXT", "v=DMARC1; p=reject"), Record("_dmarc.a.test", "TXT", "v=DMARC1; p=none")
    assert diff([theirs], [ours]).conflicts
    beside = Record("_dmarc.a.test", "TXT", "hello")
    assert diff([beside], [ours]).changes[0].after == ("hello", ours.value)
    assert diff([beside, ours], [], published=[ours]).changes[0].after == ("hello",)


def test_an_alias_is_in_the_way_of_everything():
    """A CNAME at the name leaves no place (RFC 2181): shown first, and gone when that was said."""
    alias, ours = Record("mail.a.test", "CNAME", "elsewhere.test."), Record("mail.a.test", "A", "192.0.2.1")
    assert diff([alias], [ours]).conflicts[0].there == ("elsewhere.test.",)
    said = diff([alias], [ours], overwrite={("mail.a.test", "A")})
    assert {one.key: one.after for one in said.changes} == {
        ("mail.a.test", "A"): ("192.0.2.1",),
        ("mail.a.test", "CNAME"): (),
    }


_values = st.sampled_from(["v=spf1 -all", "v=spf1 a ~all", "v=DMARC1; p=none", "x", "y", ""])
_records = st.lists(st.builds(lambda v: Record("a.test", "TXT", v), _values), max_size=4)


@settings(max_examples=60)
@given(_records, _records, _records)
def test_doing_it_twice_changes_nothing_and_nothing_of_others_is_lost(observed, wanted, published):
    """What is written is settled at the next look, and a text that isn't ours is never taken away."""
    wanted = list({record.value[:6]: record for record in wanted}.values())
    first = diff(observed, wanted, published)
    there = {one.key: one.after for one in first.changes}
    after = [Record(*key, value) for key, values in {**sets(observed), **there}.items() for value in values]
    ours = [Record(c.name, c.rdtype, v) for c in (*first.changes, *first.settled) for v in c.ours]
    again = diff(after, [*ours] if not first.conflicts else wanted, ours or published)
    assert not again.changes or first.conflicts
    own = {one.value for one in (*wanted, *published)}
    lost = {one.value for one in observed} - {one.value for one in after} - own
    assert all(value.startswith("v=spf1") for value in lost)


@given(st.text(max_size=80), st.text(max_size=80))
def test_merging_never_fails(ours, theirs):
    """Records of strangers are merged whatever they are."""
    merged_spf(f"v=spf1 {ours} -all", theirs)


@pytest.mark.parametrize("value", ["10", "x y z", "10 a..b", "\x00", "9" * 30_000])
def test_what_is_no_record_differs_from_everything(value):
    """A value that can't be read is somebody else's."""
    assert diff([Record("a.test", "MX", value)], [MX]).conflicts
