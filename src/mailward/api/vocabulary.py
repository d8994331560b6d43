"""What the fields of the API mean, in one table: a field has one meaning wherever it stands. In English."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, object]] = {
    "acts": ("What is allowed, in the words of the roles; null: all that the account may", ["domains.read"]),
    "address": ("A mail address, or the network address at which it was looked", "anna@alpha.test"),
    "answer": ("What a run that only looks has found", None),
    "asked_by": ("Who asked for it", "admin@alpha.test"),
    "ca": ("The name of the ACME CA in the settings; empty: none", "letsencrypt"),
    "challenge": ("How control of the names is shown: dns-01 or http-01; empty: no ACME", "dns-01"),
    "changes": ("What changes in the host's files, with secrets masked", None),
    "checked_at": ("When it was looked at", "2026-01-31T12:00:00Z"),
    "chosen_for": ("Where it is shown to clients now", ["mail of alpha.test"]),
    "code": ("A stable word for programs", "ok"),
    "companion_sha256": ("The fingerprint of the RSA companion; empty: none", ""),
    "created_at": ("When it was made", "2026-01-31T12:00:00Z"),
    "current": ("The number of the version that is in use; null: none yet", 1),
    "customer": ("The customer who holds it", "Alpha"),
    "diff": ("The lines that differ, with secrets masked", ""),
    "domain": ("The domain, as A-labels (RFC 5890)", "alpha.test"),
    "domains": ("Domains", None),
    "expires_at": ("When it ends", "2026-07-31T12:00:00Z"),
    "failure": ("Why the last try failed", None),
    "failures": ("How many tries failed one after the other", 0),
    "finished_at": ("When it ended; null: it has not", "2026-01-31T12:00:12Z"),
    "generation": ("The number of the configuration that it made", 7),
    "headline": ("The state of everything in one sentence", None),
    "id": ("Its id", None),
    "issuer": ("Who signed it", "CN=R11,O=Let's Encrypt,C=US"),
    "key_type": ("The kind of key of the next version; empty: it comes from elsewhere", "ecdsa"),
    "kind": ("Which kind it is", None),
    "label": ("What its owner calls it", "backup script"),
    "last_used_at": ("When it was last used; null: never", None),
    "mail": ("The certificate of mail.DOMAIN; null: the server's own", None),
    "mailboxes": ("How many mailboxes it has", 3),
    "name": ("Its name", "alpha.test"),
    "names": ("The names that the certificate covers", ["alpha.test", "*.alpha.test"]),
    "not_after": ("When its validity ends", "2026-04-30T12:00:00Z"),
    "not_before": ("When its validity begins", "2026-01-30T12:00:00Z"),
    "number": ("Its number, counted from 1", 1),
    "path": ("The file, below the instance", "nginx/sites.conf"),
    "previous": ("The number of the configuration before it", 6),
    "quota_bytes": ("How many bytes the mailbox may hold; 0: no limit", 0),
    "reason": ("Why", None),
    "remedy": ("What ends the problem", None),
    "renew_at": ("When it is renewed; null: not by itself", "2026-03-31T12:00:00Z"),
    "retry_at": ("When it is tried again", None),
    "revoked_at": ("When it was revoked; null: it was not", None),
    "seconds": ("How long it took; null: it has not ended", 0.4),
    "sentence": ("What it means", None),
    "served": ("Whether clients are shown it now", True),
    "sha256": ("The fingerprint of the certificate; empty: there is none yet", "ab" * 32),
    "source": ("Where it came from: acme, upload, csr or self-signed", "acme"),
    "started_at": ("When it began; null: it has not", "2026-01-31T12:00:01Z"),
    "state": ("How far it is: waiting and running go on, all others are ends", "done"),
    "step": ("Which step of the run", "verify"),
    "steps": ("The steps so far, in their order", None),
    "subject": ("What it is about", "alpha.test"),
    "targets": ("Where mail for the address goes", ["anna@alpha.test"]),
    "verdict": ("pass, warn, fail, unknown or not_applicable", "pass"),
    "webmail": ("The certificate of webmail.DOMAIN; null: the server's own", None),
    "what": ("How it ended, in one sentence", None),
}


PLACES: Mapping[str, str] = {
    "address": "The mail address",
    "certificate": "The certificate's id",
    "domain": "The domain",
}
"""The parameters in the path."""


def about(name: str) -> str:
    """What a field means. Fields that say it themselves are told by their name."""
    return WORDS[name][0] if name in WORDS else name.replace("_", " ").capitalize()


def example_of(name: str) -> object:
    """An example; None when there is none."""
    return WORDS[name][1] if name in WORDS else None
