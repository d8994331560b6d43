"""DKIM: mail that its domain vouches for (RFC 6376, 8301, 8463). Signing, verifying, and the key's record in DNS.

No DNS is asked but through the resolver that is handed in, and no key is kept.
"""

from mailward.standards.dkim.canonical import Body, BodyHash, Canonicalization, Field, canonical_body, canonical_field
from mailward.standards.dkim.keys import KeyKind, KeyRecord, PrivateKey, PublicKey, load_private, make_key, private_pem
from mailward.standards.dkim.message import MOST_FIELDS, MOST_HEADER_BYTES, Header, Split, split
from mailward.standards.dkim.signature import Algorithm, Signature
from mailward.standards.dkim.signing import algorithm_of, covered, sign, signed
from mailward.standards.dkim.verifying import DkimResult, Outcome, verify

__all__ = [
    "MOST_FIELDS",
    "MOST_HEADER_BYTES",
    "Algorithm",
    "Body",
    "BodyHash",
    "Canonicalization",
    "DkimResult",
    "Field",
    "Header",
    "KeyKind",
    "KeyRecord",
    "Outcome",
    "PrivateKey",
    "PublicKey",
    "Signature",
    "Split",
    "algorithm_of",
    "canonical_body",
    "canonical_field",
    "covered",
    "load_private",
    "make_key",
    "private_pem",
    "sign",
    "signed",
    "split",
    "verify",
]
