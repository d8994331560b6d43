"""Every code that a door's finding can have, the most serious first, with the verdict it has by itself.

``docs/codes.md`` explains each one; a test compares the two. Codes are stable: programs and people's notes depend on
them.
"""

from mailward.model.verdict import Verdict

OK = "ok"

VERDICTS: dict[str, Verdict] = {
    # no certificate was seen
    "refused": Verdict.FAIL,
    "unreachable": Verdict.UNKNOWN,
    "timeout": Verdict.UNKNOWN,
    "starttls-missing": Verdict.FAIL,
    "handshake-failed": Verdict.FAIL,
    "protocol-error": Verdict.FAIL,
    "certificate-unreadable": Verdict.FAIL,
    # the door can be attacked whatever its certificate
    "starttls-injection": Verdict.FAIL,
    "clear-login": Verdict.FAIL,
    # the certificate
    "not-what-was-chosen": Verdict.FAIL,
    "expired": Verdict.FAIL,
    "not-yet-valid": Verdict.FAIL,
    "issuer-expired": Verdict.FAIL,
    "self-signed": Verdict.FAIL,
    "incomplete-chain": Verdict.FAIL,
    "untrusted-root": Verdict.FAIL,
    "chain-invalid": Verdict.FAIL,
    "wrong-purpose": Verdict.FAIL,
    "name-mismatch": Verdict.FAIL,
    "weak-key": Verdict.FAIL,
    "weak-signature": Verdict.FAIL,
    "old-protocol": Verdict.FAIL,
    # looked, and not sure
    "not-fully-tested": Verdict.UNKNOWN,
    "below-profile": Verdict.WARN,
    "wrong-order": Verdict.WARN,
    "expires-soon": Verdict.WARN,
    OK: Verdict.PASS,
}

_RANK = {code: rank for rank, code in enumerate(VERDICTS)}

TROUBLES = ("refused", "unreachable", "timeout", "starttls-missing", "handshake-failed", "protocol-error")
"""What a TlsDialer says when no handshake was completed."""


def rank(code: str) -> int:
    """0 for the most serious code."""
    return _RANK[code]
