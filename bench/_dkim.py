"""DKIM signatures made and verified per second, ours and dkimpy's, over the same messages with the same keys, answers from
memory. Each verifies what the other signed, in the same run; a signature that doesn't pass ends it."""

import base64
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TypeVar

import dkim as dkimpy
from _figures import Report
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailward.model.outside import DnsAnswer
from mailward.standards import dkim
from mailward.standards.dkim import KeyKind, KeyRecord, Outcome
from mailward.standards.txt import quoted

R = TypeVar("R")
DOMAIN = "alpha.test"
WORDS = [b"offer", b"meeting", b"tomorrow", b"with", b"kind", b"regards", b"the", b"attached", b"=C3=A4nderung"]


class Published:
    """The keys as a Resolver, and as dkimpy asks for them."""

    def __init__(self, keys: dict[KeyKind, dkim.PrivateKey]) -> None:
        self._texts = {f"{kind}._domainkey.{DOMAIN}": KeyRecord.of(key).format() for kind, key in keys.items()}
        self._answers = {
            name: DnsAnswer(name, "TXT", "NOERROR", (quoted(text),), "memory") for name, text in self._texts.items()
        }

    def query(self, name: str, _rdtype: str) -> DnsAnswer:
        return self._answers[name]

    def __call__(self, name: bytes, timeout: int = 5) -> bytes:
        return self._texts[name.decode().rstrip(".")].encode()


def messages(chance: random.Random, count: int, size: int) -> list[bytes]:
    """Letters of about ``size`` bytes with a header as mail programs write it."""
    found = []
    for number in range(count):
        lines, written = [], 0
        while written < size:
            line = b" ".join(chance.choices(WORDS, k=chance.randrange(1, 11)))
            lines.append(line)
            written += len(line) + 2
        head = [
            b"Received: from pc.alpha.test (pc.alpha.test [192.0.2.7])\r\n\tby mx.alpha.test with ESMTPSA id 4Xyz%d"
            % number,
            b"From: Anna Smith <anna@alpha.test>",
            b"To: Bob <bob@beta.test>, Carl <carl@gamma.test>",
            b"Subject: =?utf-8?q?Re:_Gr=C3=BC=C3=9Fe?= number %d" % number,
            b"Date: Sun, 22 Nov 2026 10:00:00 +0100",
            b"Message-ID: <%d.1234567890@alpha.test>" % number,
            b"MIME-Version: 1.0",
            b"Content-Type: text/plain; charset=utf-8",
            b"Content-Transfer-Encoding: quoted-printable",
        ]
        found.append(b"\r\n".join([*head, b"", *lines, b""]))
    return found


def measure(report: Report, quick: bool) -> None:
    count = 20 if quick else 300
    keys: dict[KeyKind, dkim.PrivateKey] = {kind: dkim.make_key(kind) for kind in KeyKind}
    published = Published(keys)
    mails = messages(random.Random(6376), count, 6000)
    table = report.table(
        "DKIM: messages of 6 KB, relaxed/relaxed, keys from memory", "who", "key", "signed per second", "ratio to dkimpy",
        "verified per second", "ratio to dkimpy",
    )  # fmt: skip
    for kind in KeyKind:
        rates = _rates(mails, kind, keys[kind], published, 1 if quick else 3)
        sign, verify = rates["sign"] / rates["dkimpy sign"], rates["verify"] / rates["dkimpy verify"]
        table.rows += [
            ("Mailward", kind.value, rates["sign"], sign, rates["verify"], verify),
            (f"dkimpy {version('dkimpy')}", kind.value, rates["dkimpy sign"], 1.0, rates["dkimpy verify"], 1.0),
        ]
        report.figure(f"dkim_{kind}_signed_per_second", rates["sign"])
        report.figure(f"dkim_{kind}_verified_per_second", rates["verify"])
        report.figure(f"dkim_{kind}_sign_ratio", sign)
        report.figure(f"dkim_{kind}_verify_ratio", verify)
    table.notes += [
        "each finds right what the other signed, in this run; RSA keys have 2,048 bits",
        "dkimpy reads its private key anew for each message, as its interface is; its RSA is Python's own arithmetic",
        "seconds of the processor; the best of three rounds, in turns",
    ]


def _rates(mails: list[bytes], kind: KeyKind, key: dkim.PrivateKey, published: Published, rounds: int) -> dict[str, float]:
    now = datetime.now(UTC)
    algorithm = dkim.algorithm_of(key).value.encode()
    if kind is KeyKind.RSA:
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    else:
        secret = base64.b64encode(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))

    def sign(mail: bytes) -> bytes:
        return dkim.sign(mail, domain=DOMAIN, selector=kind.value, key=key, now=now) + mail

    def their_sign(mail: bytes) -> bytes:
        made = dkimpy.sign(
            mail,
            kind.value.encode(),
            DOMAIN.encode(),
            secret,
            signature_algorithm=algorithm,
            canonicalize=(b"relaxed",) * 2,
        )
        return bytes(made) + mail

    def verify(mail: bytes) -> bool:
        return dkim.verify(mail, published, now)[0].outcome is Outcome.PASS

    def their_verify(mail: bytes) -> bool:
        return bool(dkimpy.verify(mail, dnsfunc=published))

    found: dict[str, float] = {}
    few = mails if kind is KeyKind.ED25519 else mails[: max(10, len(mails) // 4)]
    for _ in range(rounds):
        ours = _timed(found, "sign", sign, mails)
        theirs = _timed(found, "dkimpy sign", their_sign, few)
        if not all(_timed(found, "verify", verify, ours) + _timed(found, "dkimpy verify", their_verify, ours)):
            raise RuntimeError("a signature of ours is not right")
        if not all(verify(mail) for mail in theirs):
            raise RuntimeError("a signature of dkimpy's is not right for us")
    return found


def _timed(found: dict[str, float], name: str, work: Callable[[bytes], R], todo: list[bytes]) -> list[R]:
    began = time.process_time()
    results = [work(one) for one in todo]
    found[name] = max(found.get(name, 0.0), len(todo) / (time.process_time() - began))
    return results
