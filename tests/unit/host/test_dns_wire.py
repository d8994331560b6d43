"""The quick way to ask DNS says what dnspython says, and gives way wherever it isn't the plain case."""

import contextlib
import socket
import threading

import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.host import dns_wire
from mailward.host.resolver import DnsResolver, said

NAMES = st.sampled_from(["a.test.", "b.a.test.", "MX.a.test."])
RECORDS = {
    "A": ["192.0.2.1", "192.0.2.2"],
    "TXT": ['"v=spf1 -all"', '"a" "b\\"c"', '"' + "x" * 200 + '"'],
    "MX": ["10 mx.a.test.", "0 ."],
    "CNAME": ["b.a.test.", "c.test."],
    "CAA": ['0 issue "ca.test"'],
    "TLSA": ["3 1 1 " + "ab" * 32],
    "SOA": ["ns.a.test. h.a.test. 1 2 3 4 5"],
    "RRSIG": ["A 13 2 300 20300101000000 20200101000000 1 a.test. AAAA"],
    "SRV": ["0 1 993 mail.a.test."],
}


@st.composite
def answers(draw):
    """A message that answers a question, with whatever beside."""
    rdtype = draw(st.sampled_from(sorted(RECORDS)))
    question = dns.message.make_query("a.test.", rdtype, use_edns=0)
    made = dns.message.make_response(question)
    made.set_rcode(draw(st.sampled_from([0, 2, 3, 5, 16, 23])))
    made.flags |= draw(st.sampled_from([0, dns.flags.AD, dns.flags.AA]))
    for section in (made.answer, made.authority, made.additional):
        for kind in draw(st.lists(st.sampled_from(sorted(RECORDS)), max_size=3)):
            ttl = draw(st.integers(0, 4000))
            section.append(dns.rrset.from_text(draw(NAMES), ttl, "IN", kind, draw(st.sampled_from(RECORDS[kind]))))
    return rdtype, made.to_wire()


@settings(max_examples=200, deadline=None)
@given(answers())
def test_both_ways_say_the_same(made):
    """Records, the code with its high bits, the TTL, who vouches, where an alias leads."""
    rdtype, wire = made
    try:
        told = dns_wire.read(wire, rdtype)
    except dns_wire.Odd:
        return  # dnspython does it
    right = said("a.test", rdtype, dns.message.from_wire(wire), ("127.0.0.1", 53))
    assert (told.ttl, told.alias, told.authentic) == (right.ttl, right.alias, right.authentic)
    assert told.records == tuple(sorted(set(right.records)))
    assert dns.rcode.to_text(dns.rcode.Rcode.make(told.rcode)) == right.rcode


@settings(max_examples=300, deadline=None)
@given(
    answers(), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8), st.integers(0, 400)
)
def test_broken_answers_are_odd_and_nothing_else(made, changes, cut):
    """Bytes changed and cut: it is read, or dnspython is to look at it."""
    rdtype, wire = made
    broken = bytearray(wire)
    for at, value in changes:
        broken[at % len(broken)] = value
    with contextlib.suppress(dns_wire.Odd):
        dns_wire.read(bytes(broken[: len(broken) - cut] if cut < len(broken) else broken), rdtype)


@pytest.mark.parametrize(
    "name", ["a b.test", "", "ä.test", "a..test", "x" * 64 + ".test", "a\\046b.test", ".".join(["abc"] * 70)]
)
def test_names_that_are_not_ordinary_are_left_to_dnspython(name):
    """Escapes, other scripts, what is no name."""
    with pytest.raises(dns_wire.Odd):
        dns_wire.question(name, "A")


def test_a_question_is_what_dnspython_reads():
    """Name, type, recursion, and the wish to know whether it was validated."""
    read = dns.message.from_wire(dns_wire.question("_dmarc.a.test", "TXT"))
    assert read.question[0].to_text() == "_dmarc.a.test. IN TXT"
    assert read.flags & dns.flags.RD
    assert read.flags & dns.flags.AD
    assert read.payload == dns_wire.PAYLOAD


def test_answers_to_other_questions_are_passed_over():
    """A server that sends something else first, by mistake or with intent, isn't believed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)

        def answer():
            wire, asker = server.recvfrom(2000)
            question = dns.message.from_wire(wire)
            right = dns.message.make_response(question)
            right.answer.append(dns.rrset.from_text("a.test.", 5, "IN", "A", "192.0.2.1"))
            other = dns.message.make_response(dns.message.make_query("b.test.", "A"))
            other.id = question.id
            wrong_id = dns.message.make_response(question)
            wrong_id.id = question.id ^ 1
            for message in (other, wrong_id, question, right):
                server.sendto(message.to_wire(), asker)

        thread = threading.Thread(target=answer)
        thread.start()
        found = DnsResolver((f"127.0.0.1:{server.getsockname()[1]}",), timeout=2).query("a.test", "A")
        thread.join()
    assert (found.rcode, found.records, found.ttl) == ("NOERROR", ("192.0.2.1",), 5)
