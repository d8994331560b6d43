"""Secrets sealed to the steward: anybody who has the public half can close one, only the steward can open it.

Sealed boxes are libsodium's (X25519, XSalsa20-Poly1305; https://doc.libsodium.org/public-key_cryptography/sealed_boxes)
behind one version byte. The two key files, ``secrets/steward.key`` and ``secrets/steward.pub``, are one line of text each.
A key never appears in a repr or an error.
"""

import base64
import binascii
from dataclasses import dataclass, field

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence

VERSION = b"\x01"
_PRIVATE = b"mailward-steward-private-1 "
_PUBLIC = b"mailward-steward-public-1 "


@dataclass(frozen=True)
class SealKeys:
    """A new pair, as the contents of the two files: ``private`` is for 0600 root, ``public`` may be read by the panel."""

    private: bytes = field(repr=False)
    public: bytes


def make_keys() -> SealKeys:
    key = PrivateKey.generate()
    return SealKeys(
        private=_PRIVATE + base64.b64encode(bytes(key)) + b"\n",
        public=_PUBLIC + base64.b64encode(bytes(key.public_key)) + b"\n",
    )


def public_of(private: bytes) -> bytes:
    """The public file that belongs to a private one, for when it was lost."""
    return _PUBLIC + base64.b64encode(bytes(PrivateKey(_parsed(private, _PRIVATE)).public_key)) + b"\n"


class Sealer:
    """Closes secrets (model.outside.Seal). ``public`` is the content of ``secrets/steward.pub``."""

    def __init__(self, public: bytes) -> None:
        self._box = SealedBox(PublicKey(_parsed(public, _PUBLIC)))

    def seal(self, secret: bytes) -> bytes:
        return VERSION + self._box.encrypt(secret)


class Opener:
    """Opens what was sealed (model.outside.Unseal). ``private`` is the content of ``secrets/steward.key``."""

    def __init__(self, private: bytes) -> None:
        self._box = SealedBox(PrivateKey(_parsed(private, _PRIVATE)))

    def unseal(self, sealed: bytes) -> bytes:
        if sealed[:1] != VERSION:
            raise NotPossible(Sentence("A sealed secret has a form that this version does not know"), code="seal-version")
        try:
            return self._box.decrypt(bytes(sealed[1:]))
        except (CryptoError, ValueError, TypeError):
            raise NotPossible(
                Sentence("A sealed secret can't be opened: it was changed, or sealed for another steward's key"),
                Sentence("Restore secrets/steward.key from the backup that belongs to this store"),
                code="seal-broken",
            ) from None


def _parsed(content: bytes, prefix: bytes) -> bytes:
    line = content.strip()
    try:
        key = base64.b64decode(line.removeprefix(prefix), validate=True) if line.startswith(prefix) else b""
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise NotPossible(
            Sentence("The steward's key file is damaged, or is no key file"),
            Sentence("Restore the files of secrets/ from a backup"),
            code="seal-key-file",
        )
    return key
