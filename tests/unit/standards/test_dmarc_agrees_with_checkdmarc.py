"""DMARC records as checkdmarc reads them: another program's reading of RFC 9989."""

from checkdmarc.dmarc import parse_dmarc_record
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.standards import dmarc

policies = st.sampled_from(["none", "quarantine", "reject"])
VALUES = {
    "sp": policies,
    "np": policies,
    "adkim": st.sampled_from("rs"),
    "aspf": st.sampled_from("rs"),
    "psd": st.sampled_from("ynu"),
    "t": st.sampled_from("yn"),
}
tags = st.lists(st.sampled_from(sorted(VALUES)), unique=True).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(name), VALUES[name]) for name in names))
)
spaces = st.sampled_from(["", " ", "  "])


@given(policies, tags, spaces, spaces)
@settings(max_examples=60, deadline=None)
def test_valid_records_are_read_alike(policy, others, before, after):
    """Every tag's value, written or by default, is the same in both."""
    said = [("p", policy), *others]
    text = "v=DMARC1" + "".join(f"{before};{after}{name}{before}={after}{value}" for name, value in said)
    theirs = parse_dmarc_record(text, "example.com")["tags"]
    ours = dmarc.parse(text)
    assert ours.faults == ours.unknown == ()
    assert ours.policy() == theirs["p"]["value"]
    assert (ours.adkim, ours.aspf) == (theirs["adkim"]["value"], theirs["aspf"]["value"])
    assert ours.policy(below=True) == theirs["sp"]["value"]
    assert ours.policy(below=True, exists=False) == theirs["np"]["value"]
    assert ours.psd == theirs["psd"]["value"]
    assert ("y" if ours.testing else "n") == theirs["t"]["value"]
