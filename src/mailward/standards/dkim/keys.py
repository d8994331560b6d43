"""DKIM keys: the record that a domain publishes (RFC 6376 section 3.6.1, RFC 8463 section 4), and keys in memory.

Sizes follow RFC 8301: RSA below 1024 bits counts for nothing; what is much larger than anybody's is refused, since
verifying costs time. A private key is never printed: what reads one says only that it couldn't.
"""

import base64
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.dkim.tags import decoded, parse, words, wrong

FEWEST_BITS = 1024
MOST_BITS = 8192
RSA_BITS = 2048  # of those that are made here: what fits into DNS everywhere, and what RFC 8301 asks for
MOST_KEY_BYTES = 2048

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey


class KeyKind(StrEnum):
    """As in ``k=``."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True)
class KeyRecord:
    """What stands in the TXT record of ``<selector>._domainkey.<domain>``. ``public`` is b"" when the key is revoked.

    ``kind`` may be one that nobody here knows. ``hashes`` and ``services`` () mean all.
    """

    public: bytes
    kind: str = KeyKind.RSA.value
    hashes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    testing: bool = False  # t=y: the domain tries it out; treat its mail as unsigned mail (RFC 6376 section 3.6.1)
    strict: bool = False  # t=s: who signs is d= itself, no subdomain
    notes: str = ""

    @property
    def revoked(self) -> bool:
        return not self.public

    @classmethod
    def parse(cls, text: str) -> "KeyRecord":
        """What a record says. Raises BadInput (dkim-form, dkim-version, dkim-no-key)."""
        tags = parse(text, "record")
        if tags.get("v", "DKIM1") != "DKIM1":
            raise wrong(Sentence("The record doesn't say v=DKIM1."), "record", "dkim-version")
        if "p" not in tags:
            raise wrong(Sentence("The record holds no key: p= is missing."), "record", "dkim-no-key")
        public = decoded(tags["p"], "p", "record")
        if len(public) > MOST_KEY_BYTES:
            raise wrong(Sentence("The key in the record is too long."), "record")
        flags = words(tags.get("t", ""))
        return cls(
            public,
            tags.get("k", KeyKind.RSA.value).lower(),
            words(tags["h"]) if "h" in tags else (),
            words(tags["s"]) if "s" in tags else (),
            "y" in flags,
            "s" in flags,
            tags.get("n", ""),
        )

    @classmethod
    def of(cls, key: PrivateKey | PublicKey) -> "KeyRecord":
        """The record to publish for a key."""
        public = key.public_key() if isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) else key
        if isinstance(public, ed25519.Ed25519PublicKey):
            return cls(public.public_bytes_raw(), KeyKind.ED25519.value)
        return cls(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def format(self) -> str:
        """The record's text, in one piece."""
        flags = [flag for flag, set_ in (("y", self.testing), ("s", self.strict)) if set_]
        tags = [
            "v=DKIM1",
            *([f"h={':'.join(self.hashes)}"] if self.hashes else []),
            f"k={self.kind}",
            *([f"n={self.notes}"] if self.notes else []),
            *([f"s={':'.join(self.services)}"] if self.services else []),
            *([f"t={':'.join(flags)}"] if flags else []),
            f"p={base64.b64encode(self.public).decode()}",
        ]
        return "; ".join(tags)

    def public_key(self) -> PublicKey:
        """The key to verify with. Raises BadInput (dkim-key-revoked, dkim-key-kind, dkim-key, dkim-key-size)."""
        if self.revoked:
            raise wrong(Sentence("The key was taken back: its record has an empty p=."), "record", "dkim-key-revoked")
        if self.kind == KeyKind.ED25519:
            if len(self.public) != 32:
                raise _no_key()
            return ed25519.Ed25519PublicKey.from_public_bytes(self.public)
        if self.kind != KeyKind.RSA:
            what = Sentence("The record's kind of key is unknown: {kind}.", kind=ascii(self.kind[:40]))
            raise wrong(what, "record", "dkim-key-kind")
        try:
            key = load_der_public_key(self.public)
        except (ValueError, UnsupportedAlgorithm):
            raise _no_key() from None
        if not isinstance(key, rsa.RSAPublicKey):
            raise _no_key()
        if not FEWEST_BITS <= key.key_size <= MOST_BITS:
            what = Sentence("An RSA key of {bits} bits is not accepted.", bits=key.key_size)
            raise wrong(what, "record", "dkim-key-size")
        return key


def make_key(kind: KeyKind) -> PrivateKey:
    """A new key: RSA of 2048 bits, or Ed25519."""
    if kind is KeyKind.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)


def private_pem(key: PrivateKey) -> bytes:
    """PKCS #8, not encrypted: to be sealed, or written where only the mail path can read."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_private(pem: bytes) -> PrivateKey:
    """Raises BadInput (dkim-private-key), which holds nothing of what was read."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise BadInput("key", Sentence("This is no private key for DKIM (RSA or Ed25519)."), code="dkim-private-key")
    if isinstance(key, rsa.RSAPrivateKey) and not FEWEST_BITS <= key.key_size <= MOST_BITS:
        what = Sentence("An RSA key of {bits} bits is not accepted.", bits=key.key_size)
        raise BadInput("key", what, code="dkim-private-key")
    return key


def _no_key() -> BadInput:
    return wrong(Sentence("What the record holds is no key of its kind."), "record", "dkim-key")
