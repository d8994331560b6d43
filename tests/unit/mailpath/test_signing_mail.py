"""The mail path signs what leaves: whose signature a message gets, and that it verifies as Postfix would send it on."""

import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.memory_published import MemoryPublished
from fakes.still_clock import StillClock
from fakes.told_resolver import ToldResolver
from mailward.mailpath import published
from mailward.mailpath.decide import Decision, Origin, decide
from mailward.mailpath.keys import SigningKeys
from mailward.mailpath.published import SigningKey
from mailward.mailpath.session import Session
from mailward.model.dns import DkimAlgorithm
from mailward.model.errors import BadInput
from mailward.standards import dkim, milter
from mailward.standards.dkim import KeyKind, KeyRecord, Outcome
from mailward.standards.txt import quoted

ROOT = Path("/srv/mailward/dkim")
RSA, ED = dkim.make_key(KeyKind.RSA), dkim.make_key(KeyKind.ED25519)
PEMS = {"r1": dkim.private_pem(RSA), "e1": dkim.private_pem(ED)}
KEYS = (SigningKey("e1", DkimAlgorithm.ED25519, "e1.pem"), SigningKey("r1", DkimAlgorithm.RSA2048, "r1.pem"))
ALL = 0x1FFFFF
SUBMITTED = Origin("ORIGINATING", "anna@alpha.test", "anna@alpha.test")
HEADER = (b"From: Anna <anna@alpha.test>", b"To: bob@beta.test", b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n from here")
BODY = b"Hello  Bob\r\n\r\n"


def host(domain="alpha.test"):
    files = MemoryPublished()
    for key in KEYS:
        files.put(ROOT / domain / key.file, PEMS[key.selector])
    files.put(published.signing_file(ROOT, domain), published.write(KEYS))
    return files


def resolver():
    records = {"r1": RSA, "e1": ED}
    return ToldResolver(
        {(f"{name}._domainkey.alpha.test", "TXT"): [quoted(KeyRecord.of(key).format())] for name, key in records.items()}
    )


class Postfix:
    """Says what Postfix says, and puts what it is told at the top of the message."""

    def __init__(self, files=None, steps=ALL):
        self.clock = StillClock()
        self.session = Session(SigningKeys(ROOT, files or host()), self.clock)
        self.said = self.tell(milter.negotiate(6, 0x1FF, steps))
        self.steps = self.said[0].numbers[2]

    def tell(self, *frames):
        reader = milter.Frames()
        return [milter.parse_reply(*one) for one in reader.feed(self.session.receive(b"".join(frames)))]

    def macros(self, command, **values):
        pairs = "".join(f"{name if len(name) == 1 else '{' + name + '}'}\0{value}\0" for name, value in values.items())
        return milter.frame(b"D", command + pairs.encode())

    def begin(self, origin):
        self.tell(self.macros(b"C", j="mx.test", daemon_name=origin.port), milter.frame(b"C", b"pc\x004\0\x19127.0.0.1\0"))
        self.tell(
            self.macros(b"M", i="4Xyz", auth_authen=origin.login, mail_addr=origin.sender),
            milter.frame(b"M", f"<{origin.sender}>\0".encode()),
        )

    def send(self, header=HEADER, pieces=(BODY,), origin=SUBMITTED):
        """The message as it goes on."""
        self.begin(origin)
        for line in header:
            name, _, value = line.partition(b":")
            if not self.steps & milter.Step.LEADING_SPACE:
                value = value.removeprefix(b" ")
            self.tell(milter.frame(b"L", name + b"\0" + value.replace(b"\r\n", b"\n") + b"\0"))
        message = b"\r\n".join(header) + b"\r\n\r\n" + b"".join(pieces)
        if self.tell(milter.frame(b"N"))[-1].command == b"a":
            return message
        for piece in pieces:
            self.tell(milter.frame(b"B", piece))
        *fields, last = self.tell(milter.frame(b"E"))
        assert last.command == b"c"
        for field in fields:
            blank = b"" if self.steps & milter.Step.LEADING_SPACE else b" "
            assert (field.command, field.numbers) == (b"i", (0,))
            message = field.name + b":" + blank + field.value.replace(b"\n", b"\r\n") + b"\r\n" + message
        return message


def outcomes(message, postfix):
    return [(one.outcome, one.selector) for one in dkim.verify(message, resolver(), postfix.clock.now())]


BOTH = [(Outcome.PASS, "r1"), (Outcome.PASS, "e1")]


@pytest.mark.parametrize("steps", [ALL, ALL & ~milter.Step.LEADING_SPACE, 0])
def test_what_is_submitted_is_signed_twice(steps):
    """RSA and Ed25519, both right for the message as it goes on, whatever the mail server leaves out or waits for."""
    postfix = Postfix(steps=steps)
    assert outcomes(postfix.send(), postfix) == BOTH
    assert outcomes(postfix.send(pieces=(b"in \r", b"\npieces", b"")), postfix) == BOTH


def test_messages_of_one_connection_have_nothing_to_do_with_each_other():
    """A message that was given up, one that isn't signed, and one that is: nothing of one is in the next."""
    postfix = Postfix()
    postfix.begin(SUBMITTED)
    postfix.tell(milter.frame(b"L", b"From\0 evil@evil.test\0"), milter.frame(b"A"))
    assert outcomes(postfix.send(), postfix) == BOTH
    assert outcomes(postfix.send(origin=Origin("ORIGINATING", "bob@beta.test", "bob@beta.test")), postfix) == []
    assert outcomes(postfix.send(), postfix) == BOTH
    postfix.tell(milter.frame(b"Q"))
    assert postfix.session.is_over


def test_what_is_made_by_filters_is_signed_and_what_they_pass_on_is_not():
    """An answer to a mail is new mail; what another server sent is not vouched for, whatever its From says."""
    postfix = Postfix()
    answer = Origin("FILTERS", "", "anna@alpha.test")
    assert outcomes(postfix.send(origin=answer), postfix) == BOTH
    assert outcomes(postfix.send(header=(b"Received: from evil", *HEADER), origin=answer), postfix) == []


def header(*senders, more=()):
    fields = [dkim.Field(b"From", b" " + sender.encode()) for sender in senders] + [
        dkim.Field(name, b" x") for name in more
    ]
    return dkim.Header(fields)


@pytest.mark.parametrize(
    ("origin", "told", "wanted"),
    [
        (SUBMITTED, header("anna@alpha.test"), Decision("alpha.test")),
        (SUBMITTED, header("Anna <ANNA@Alpha.Test>"), Decision("alpha.test")),
        (Origin("ORIGINATING", "anna@alpha.test", ""), header("anna@alpha.test"), Decision("alpha.test")),
        (Origin("ORIGINATING", "anna@alpha.test", "sales@beta.test"), header("sales@beta.test"), Decision("beta.test")),
        (Origin("", "anna@alpha.test", ""), header("anna@alpha.test"), Decision("alpha.test")),
        (Origin("FILTERS", "", "ben@alpha.test"), header("anna@alpha.test"), Decision("alpha.test")),
        (Origin("FILTERS"), header("anna@alpha.test"), Decision(reason="another-domain")),
        (Origin("FILTERS", "", "eve@gamma.test"), header("ceo@alpha.test"), Decision(reason="another-domain")),
        (SUBMITTED, header("ceo@beta.test"), Decision(reason="another-domain")),
        (SUBMITTED, header('"anna@alpha.test" <ceo@beta.test>'), Decision(reason="another-domain")),
        (SUBMITTED, header("anna@alpha.test, ceo@beta.test"), Decision(reason="several-senders")),
        (SUBMITTED, header("anna@alpha.test", "ceo@beta.test"), Decision(reason="several-senders")),
        (SUBMITTED, header("anna@alpha.test", "anna@alpha.test"), Decision(reason="several-senders")),
        (SUBMITTED, header(), Decision(reason="no-sender")),
        (SUBMITTED, header("nobody"), Decision(reason="unreadable-sender")),
        (Origin("smtpd", "", "anna@alpha.test"), header("anna@alpha.test"), Decision(reason="not-ours")),
        (
            Origin("FILTERS", "", "anna@alpha.test"),
            header("anna@alpha.test", more=[b"Received"]),
            Decision(reason="passed-on"),
        ),
    ],
)
def test_whose_signature_a_message_gets(origin, told, wanted):
    """A domain vouches for what its own people sent, and for nothing else."""
    assert decide(origin, told) == wanted


def test_a_domain_without_keys_is_not_signed_and_its_mail_flows():
    """No list, no signature, no delay."""
    postfix = Postfix(files=MemoryPublished())
    assert outcomes(postfix.send(), postfix) == []


def test_keys_change_under_a_running_mail_path():
    """A replaced list counts from the next message on; keys that are known are not read again."""
    files = host()
    postfix = Postfix(files)
    assert outcomes(postfix.send(), postfix) == BOTH
    postfix.send()
    assert files.read_paths.count(ROOT / "alpha.test" / "r1.pem") == 1
    files.put(published.signing_file(ROOT, "alpha.test"), published.write(KEYS[:1]))
    files.remove(ROOT / "alpha.test" / "r1.pem")
    assert outcomes(postfix.send(), postfix) == [(Outcome.PASS, "e1")]
    files.remove(published.signing_file(ROOT, "alpha.test"))
    assert outcomes(postfix.send(), postfix) == []


@pytest.mark.parametrize(
    "broken", [b"", b"{}", b"[1]", b'[{"selector": "../x", "algorithm": "rsa2048", "file": "../x.pem"}]']
)
def test_a_broken_list_keeps_the_keys_that_were_read_last(broken):
    """Half a file, or one that leads elsewhere, takes no signature away, and is not followed."""
    files = host()
    postfix = Postfix(files)
    assert outcomes(postfix.send(), postfix) == BOTH
    files.put(published.signing_file(ROOT, "alpha.test"), broken)
    assert outcomes(postfix.send(), postfix) == BOTH
    assert all(path.is_relative_to(ROOT / "alpha.test") and ".." not in path.parts for path in files.read_paths)


def test_a_key_that_cant_be_read_keeps_the_ones_before():
    """A new list whose key is unreadable is as if it weren't there."""
    files = host()
    postfix = Postfix(files)
    postfix.send()
    new = SigningKey("r2", DkimAlgorithm.RSA2048, "r2.pem")
    files.put(published.signing_file(ROOT, "alpha.test"), published.write([new]))
    assert outcomes(postfix.send(), postfix) == BOTH


def test_a_header_beyond_all_measure_goes_on_unsigned():
    """What is too much to sign is no reason to keep mail back."""
    postfix = Postfix()
    assert b"DKIM" not in postfix.send(header=(*HEADER, *[b"X-Many: x"] * 2100))
    assert b"DKIM" not in postfix.send(header=(*HEADER, *[b"X-Long: " + b"x" * 60_000] * 18))


def test_no_domain_leads_out_of_the_directory():
    """Names come from strangers' From fields: none of them is a path."""
    for name in ("../etc", "a/b", "", ".", "..", "a\0b"):
        with pytest.raises(BadInput):
            published.signing_file(ROOT, name)


selectors = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


@given(st.lists(st.tuples(selectors, st.sampled_from(DkimAlgorithm)), max_size=4, unique_by=lambda one: one[0]))
def test_the_list_reads_back_as_it_was_written(wanted):
    """Whatever the steward publishes, the mail path reads."""
    keys = {SigningKey(selector, algorithm, published.key_name(selector)) for selector, algorithm in wanted}
    assert set(published.read(published.write(keys))) == keys


@given(
    st.lists(
        st.tuples(st.sampled_from(b"ABCDEHKLMNOQRTUX").map(lambda one: bytes([one])), st.binary(max_size=30)), max_size=8
    )
)
def test_whatever_a_server_says_nothing_breaks(frames):
    """Any commands in any order: an answer, or BadInput; never a signature that nobody asked for."""
    session = Session(SigningKeys(ROOT, host()), StillClock())
    try:
        answered = session.receive(milter.negotiate(6, 0x1FF, ALL) + b"".join(milter.frame(*one) for one in frames))
    except BadInput:
        return
    assert b"DKIM-Signature" not in answered
    assert struct.unpack_from("!I", answered)[0] == 13


def test_what_is_signed_says_when():
    """The time in a signature is the clock's."""
    postfix = Postfix()
    when = int(postfix.clock.now().timestamp())
    assert f"t={when}".encode() in postfix.send()
    assert datetime.fromtimestamp(when, UTC) <= postfix.clock.now()
