"""Verifying the signatures of a message (RFC 6376 section 6; the results' names are those of RFC 8601 section 2.7.1).

The message and what DNS says are strangers' work: at most ``MOST_SIGNATURES`` are looked at, each key is asked for once,
and nothing is raised. A question to DNS that had no answer gives ``temperror``, never ``fail``.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from itertools import islice

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from mailward.model.errors import BadInput
from mailward.model.outside import DnsAnswer, Resolver
from mailward.model.sentence import NOTHING, Sentence
from mailward.standards.dkim.canonical import BodyHash, Canonicalization, Field, canonical_field
from mailward.standards.dkim.keys import KeyRecord, PublicKey
from mailward.standards.dkim.message import Header, split
from mailward.standards.dkim.signature import Algorithm, Signature, without_value
from mailward.standards.txt import joined_text

MOST_SIGNATURES = 8
MOST_RECORDS = 4  # several keys at one name are tried one after the other (RFC 6376 section 6.1.2)
SLOP = 3600  # seconds that clocks may differ


class Outcome(StrEnum):
    """What a signature is worth."""

    PASS = "pass"  # noqa: S105 - the outcome, not a password
    FAIL = "fail"  # the message, or the signature, was changed
    NEUTRAL = "neutral"  # the signature can't be read
    POLICY = "policy"  # it may be right, but isn't accepted
    TEMPERROR = "temperror"  # ask again later
    PERMERROR = "permerror"  # there is no key, or none that works


@dataclass(frozen=True)
class DkimResult:
    """One signature's. ``domain``, ``selector`` and ``algorithm`` are "" where the signature can't be read.

    ``uncovered`` counts the octets at the body's end that the signature leaves out (l=): anybody can have added them.
    ``testing``: the domain says that it is trying DKIM out (t=y).
    """

    outcome: Outcome
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    code: str = ""
    reason: Sentence = NOTHING
    identity: str = ""
    uncovered: int = 0
    testing: bool = False
    bits: int = 0  # of the key


class _Not(Exception):
    """This signature doesn't pass."""

    def __init__(self, outcome: Outcome, code: str, reason: Sentence) -> None:
        super().__init__(code)
        self.outcome, self.code, self.reason = outcome, code, reason


def verify(message: bytes, resolver: Resolver, now: datetime) -> tuple[DkimResult, ...]:
    """One result for each DKIM-Signature field, from the top; () when the message is not signed."""
    try:
        parts = split(message)
    except BadInput as error:
        return (DkimResult(Outcome.PERMERROR, code=error.code, reason=error.what),)
    looked_at = _Message(Header(parts.fields), parts.body, resolver, now)
    signatures = looked_at.header.named("dkim-signature")
    results = [looked_at.result(field) for field in signatures[:MOST_SIGNATURES]]
    if len(signatures) > MOST_SIGNATURES:
        results.append(DkimResult(Outcome.POLICY, code="dkim-too-many", reason=_TOO_MANY))
    return tuple(results)


class _Message:
    """A message while its signatures are looked at: bodies are hashed once, keys are asked for once."""

    def __init__(self, header: Header, body: bytes, resolver: Resolver, now: datetime) -> None:
        self.header = header
        self._body, self._resolver, self._now = body, resolver, int(now.timestamp())
        self._hashes: dict[tuple[Canonicalization, int | None], tuple[bytes, int]] = {}
        self._answers: dict[str, DnsAnswer] = {}

    def result(self, field: Field) -> DkimResult:
        try:
            found = Signature.parse(field.value.decode("utf-8", "replace"))
        except BadInput as error:
            code = error.code if error.code != "dkim-form" else "dkim-signature-form"
            return DkimResult(Outcome.NEUTRAL, code=code, reason=error.what)
        testing, bits = False, 0
        outcome, code, reason = Outcome.PASS, "", NOTHING
        try:
            self._check(found)
            record, key = self._key(found, field)
            testing, bits = record.testing, getattr(key, "key_size", 256)
        except _Not as error:
            outcome, code, reason = error.outcome, error.code, error.reason
        return DkimResult(
            outcome,
            found.domain,
            found.selector,
            found.algorithm.value,
            code,
            reason,
            found.identity,
            self._uncovered(found) if outcome is Outcome.PASS else 0,
            testing,
            bits,
        )

    def _check(self, found: Signature) -> None:
        """What can be said without the key."""
        if found.algorithm is Algorithm.RSA_SHA1:
            raise _Not(Outcome.PERMERROR, "dkim-sha1", _SHA1)
        if found.expires is not None and found.expires < self._now - SLOP:
            raise _Not(Outcome.POLICY, "dkim-expired", _EXPIRED)
        if found.signed_at is not None and found.signed_at > self._now + SLOP:
            raise _Not(Outcome.POLICY, "dkim-future", _FUTURE)
        if found.headers.count("from") < self.header.count("from"):
            raise _Not(Outcome.POLICY, "dkim-from-added", _FROM_ADDED)
        digest, octets = self._body_hash(found)
        if found.length is not None and found.length > octets:
            raise _Not(Outcome.PERMERROR, "dkim-length", _LENGTH)
        if digest != found.body_hash:
            raise _Not(Outcome.FAIL, "dkim-body", _BODY)

    def _body_hash(self, found: Signature) -> tuple[bytes, int]:
        wanted = (found.body_way, found.length)
        if wanted not in self._hashes:
            hashed = BodyHash(*wanted)
            hashed.update(self._body)
            self._hashes[wanted] = hashed.digest(), hashed.octets
        return self._hashes[wanted]

    def _uncovered(self, found: Signature) -> int:
        return 0 if found.length is None else self._body_hash(found)[1] - found.length

    def _key(self, found: Signature, field: Field) -> tuple[KeyRecord, PublicKey]:
        """The key that the signature is right for. Of several records, the first that is; else the first one's trouble."""
        raw = canonical_field(Field(field.name, without_value(field.value)), found.header_way)
        signed = self.header.chosen(found.headers, found.header_way) + raw.removesuffix(b"\r\n")
        first: _Not | None = None
        for text in self._records(found):
            try:
                return _verified(found, text, signed)
            except _Not as error:
                first = first or error
        raise first or _Not(Outcome.PERMERROR, "dkim-no-key", _NO_KEY.having(name=found.key_name))

    def _records(self, found: Signature) -> list[str]:
        name = found.key_name
        if name not in self._answers:
            self._answers[name] = self._resolver.query(name, "TXT")
        answer = self._answers[name]
        if answer.rcode not in ("NOERROR", "NXDOMAIN"):
            raise _Not(Outcome.TEMPERROR, "dkim-no-answer", _NO_ANSWER.having(name=name, said=answer.rcode))
        return list(islice(map(joined_text, answer.records), MOST_RECORDS)) if answer.rcode == "NOERROR" else []


def _verified(found: Signature, text: str, signed: bytes) -> tuple[KeyRecord, PublicKey]:
    try:
        record = KeyRecord.parse(text)
        _require_use(found, record)
        key = record.public_key()
    except BadInput as error:
        outcome = Outcome.POLICY if error.code == "dkim-key-size" else Outcome.PERMERROR
        raise _Not(outcome, error.code if error.code != "dkim-form" else "dkim-key-form", error.what) from None
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(found.value, sha256(signed).digest())
        else:
            key.verify(found.value, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise _Not(Outcome.FAIL, "dkim-value", _VALUE) from None
    except ValueError:  # a modulus that is none
        raise _Not(Outcome.PERMERROR, "dkim-key", _NO_USE) from None
    return record, key


def _require_use(found: Signature, record: KeyRecord) -> None:
    """What the record restricts its key to (RFC 6376 sections 3.6.1 and 6.1.2)."""
    if record.kind != found.algorithm.kind and not record.revoked:
        raise _Not(Outcome.PERMERROR, "dkim-key-kind", _OTHER_KIND)
    if record.hashes and "sha256" not in record.hashes:
        raise _Not(Outcome.PERMERROR, "dkim-key-hash", _OTHER_HASH)
    if record.services and not {"*", "email"} & set(record.services):
        raise _Not(Outcome.PERMERROR, "dkim-key-service", _OTHER_SERVICE)
    if record.strict and found.identity and found.identity.lower().rpartition("@")[2] != found.domain:
        raise _Not(Outcome.PERMERROR, "dkim-key-strict", _STRICT)


_TOO_MANY = Sentence("There are more signatures than are looked at.")
_SHA1 = Sentence("It was made with SHA-1, which nobody trusts any more.")
_EXPIRED = Sentence("It has run out.")
_FUTURE = Sentence("It says that it was made in the future.")
_FROM_ADDED = Sentence("The message has a second sender (From) that isn't signed.")
_LENGTH = Sentence("It covers more than the message has: something was cut off.")
_BODY = Sentence("The text of the message was changed after it was signed.")
_VALUE = Sentence("The message's header was changed after it was signed, or the key is another one.")
_NO_KEY = Sentence("There is no key at {name}.")
_NO_ANSWER = Sentence("DNS gave no answer for {name} ({said}): the key is unknown now.")
_NO_USE = Sentence("Nothing can be verified with the published key.")
_OTHER_KIND = Sentence("The published key is for another algorithm.")
_OTHER_HASH = Sentence("The published key is not for SHA-256.")
_OTHER_SERVICE = Sentence("The published key is not for mail.")
_STRICT = Sentence("The published key signs for its own domain only, not for a subdomain.")
