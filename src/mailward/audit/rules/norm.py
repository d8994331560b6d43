"""The norm that doors are judged by, as data, each with its source. What isn't here isn't judged."""

from datetime import timedelta

MINIMUM_BITS = {"RSA": 2048}
"""CA/Browser Forum Baseline Requirements 6.1.5; NIST SP 800-57 part 1 rev. 5, table 2 (112 bits of strength)."""

GOOD_KEYS = frozenset({"ECDSA P-256", "ECDSA P-384", "ECDSA P-521", "Ed25519", "Ed448"})
"""CA/Browser Forum Baseline Requirements 6.1.5; FIPS 186-5 (which also withdrew DSA)."""

GOOD_HASHES = frozenset({"sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512", ""})
"""CA/Browser Forum Baseline Requirements 7.1.3.2; RFC 9155 (MD5 and SHA-1 are out). "": EdDSA, which has its own."""

GOOD_PROTOCOLS = frozenset({"TLSv1.2", "TLSv1.3"})
"""RFC 8996: TLS 1.0 and 1.1 must not be used; RFC 9325 section 3.1.1."""

SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1"
"""RFC 5280 section 4.2.1.12: where a certificate lists its purposes, this one must be among them."""

SOON_SHARE = 0.25
"""Renewal is due when a third of the lifetime is left (Let's Encrypt's integration guide). When only a quarter is left,
it was due and did not happen, whether the certificate lives for 90 days or for one hour."""

SOON_AT_MOST = timedelta(days=21)
"""Certificates of a year or more are renewed by people: three weeks are time enough."""


def good_key(kind: str) -> bool:
    """Whether a key as ``Certificate.key`` names it is strong enough."""
    algorithm, _, size = kind.partition(" ")
    if algorithm in MINIMUM_BITS:
        return size.isdigit() and int(size) >= MINIMUM_BITS[algorithm]
    return kind in GOOD_KEYS


def soon(lifetime: timedelta) -> timedelta:
    """How long before its end a certificate of this lifetime ought to have been renewed."""
    return min(lifetime * SOON_SHARE, SOON_AT_MOST)
