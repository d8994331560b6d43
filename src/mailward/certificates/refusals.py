"""Why certificate material is refused: every stable code, with its sentence and what ends it, in one place.

Each function gives a BadInput; nothing here looks at material, and no sentence ever holds any of a key or password.
"""

from datetime import datetime

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

MAX_BYTES = 256 * 1024
MAX_CERTIFICATES = 20
MAX_KEYS = 2  # of a pair: one ECDSA, one RSA


def too_big(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence(
            "This is more than {limit} KiB, much more than a certificate with its chain needs.", limit=MAX_BYTES // 1024
        ),
        Sentence("Give only the certificate, its chain and its private key."),
        code="too-big",
    )


def too_many(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence(
            "These are more than {limit} certificates: this looks like a list of trusted roots.", limit=MAX_CERTIFICATES
        ),
        Sentence("Give only the certificate and the intermediate certificates that lead to its root."),
        code="too-many",
    )


def not_pem(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence("This is neither PEM nor PKCS#12."),
        Sentence("PEM is text with a line -----BEGIN CERTIFICATE-----; PKCS#12 is a file that ends in .p12 or .pfx."),
        code="not-pem",
    )


def truncated(field: str, label: str) -> BadInput:
    return BadInput(
        field,
        Sentence("It is cut off: a block begins with {label} and has no end.", label=f"-----BEGIN {label}-----"),
        Sentence("Copy the whole block, from its BEGIN line to its END line."),
        code="truncated",
    )


def no_certificate(field: str, *, has_request: bool = False) -> BadInput:
    what = Sentence("There is no certificate in it.")
    if has_request:
        what = Sentence("There is no certificate in it, only a request for one (CSR).")
    return BadInput(
        field, what, Sentence("Give the certificate that the certificate authority issued."), code="no-certificate"
    )


def certificate_unreadable(field: str, position: int) -> BadInput:
    return BadInput(
        field,
        Sentence("Certificate number {position} in it can't be read: it is damaged.", position=position),
        Sentence("Give the certificate exactly as the certificate authority issued it."),
        code="certificate-unreadable",
    )


def several_leaves(field: str, subjects: str) -> BadInput:
    return BadInput(
        field,
        Sentence(
            "It holds several server certificates: {subjects}. It is not clear which one is meant.", subjects=subjects
        ),
        Sentence("Give one server certificate, with its own chain."),
        code="several-leaves",
    )


def not_a_pair(field: str, subjects: str) -> BadInput:
    return BadInput(
        field,
        Sentence(
            "It holds two server certificates ({subjects}). They can be shown together only when one has an ECDSA key and "
            "the other an RSA key, both are for the same names, and both private keys are there.",
            subjects=subjects,
        ),
        Sentence("Give one server certificate with its key and chain, or such a pair."),
        code="not-a-pair",
    )


def is_ca(field: str, subject: str) -> BadInput:
    return BadInput(
        field,
        Sentence("{subject} is the certificate of a certificate authority, not of a server.", subject=subject),
        Sentence("Give the certificate that was issued for your host names."),
        code="is-ca",
    )


def no_key(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence("The private key is missing."),
        Sentence("Give the private key that was made together with the request for this certificate."),
        code="no-key",
    )


def several_keys(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence("It holds several private keys."),
        Sentence("Give only the key that belongs to this certificate."),
        code="several-keys",
    )


def key_unreadable(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence("The private key can't be read: it is damaged, or of an unknown kind."),
        Sentence("Give it as an unencrypted or encrypted PKCS#8, PKCS#1 or SEC 1 PEM block."),
        code="key-unreadable",
    )


def password_needed(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence("The private key is encrypted, and no password was given."),
        Sentence("Give its password, too."),
        code="password-needed",
    )


def password_wrong(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence("The password does not open it."),
        Sentence("Give the password that was chosen when it was exported."),
        code="password-wrong",
    )


def too_costly(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence("Its encryption asks for an absurd amount of computing, so it was not tried."),
        Sentence("Export it again with your program's usual settings."),
        code="too-costly",
    )


def pkcs12_unreadable(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence("This PKCS#12 file can't be read: the password is wrong, or the file is damaged."),
        Sentence("Check the password; if it is right, export the file again."),
        code="pkcs12-unreadable",
    )


def key_mismatch(field: str, subject: str) -> BadInput:
    return BadInput(
        field,
        Sentence("The private key does not belong to the certificate of {subject}.", subject=subject),
        Sentence("Give the key that was made together with the request for exactly this certificate."),
        code="key-mismatch",
    )


def answer_mismatch(field: str, subject: str) -> BadInput:
    return BadInput(
        field,
        Sentence(
            "The certificate of {subject} does not answer the request that was made here: its key is another.",
            subject=subject,
        ),
        Sentence("Paste the certificate that was issued for this request, or make a new request."),
        code="key-mismatch",
    )


def chain_incomplete(field: str, issuer: str, url: str) -> BadInput:
    remedy = Sentence("Add the intermediate certificate of this issuer; the certificate authority offers it for download.")
    if url:
        remedy = Sentence("Add the intermediate certificate of this issuer; it can be had at {url}.", url=url)
    return BadInput(
        field,
        Sentence(
            "The chain is incomplete: the certificate of {issuer} is missing, so many clients will not trust it.",
            issuer=issuer,
        ),
        remedy,
        code="chain-incomplete",
    )


def chain_untrusted(field: str, root: str) -> BadInput:
    return BadInput(
        field,
        Sentence("It leads to the root {root}, which is not trusted here, so mail clients will warn.", root=root),
        Sentence("Use a certificate of a public certificate authority, or add this root to what this server trusts."),
        code="chain-untrusted",
    )


def self_signed(field: str, subject: str) -> BadInput:
    return BadInput(
        field,
        Sentence("The certificate of {subject} is self-signed: every client will warn.", subject=subject),
        Sentence("Use a certificate of a certificate authority; Mailward can get a free one."),
        code="self-signed",
    )


def chain_expired(field: str, subject: str, when: datetime) -> BadInput:
    return BadInput(
        field,
        Sentence(
            "The intermediate certificate of {subject} has expired on {date}.", subject=subject, date=f"{when:%Y-%m-%d}"
        ),
        Sentence("Get the current chain from the certificate authority."),
        code="chain-expired",
    )


def expired(field: str, when: datetime) -> BadInput:
    return BadInput(
        field,
        Sentence("The certificate has expired on {date}.", date=f"{when:%Y-%m-%d %H:%M} UTC"),
        Sentence("Renew it, and give the new one."),
        code="expired",
    )


def not_yet_valid(field: str, when: datetime) -> BadInput:
    return BadInput(
        field,
        Sentence("The certificate is not valid before {date}.", date=f"{when:%Y-%m-%d %H:%M} UTC"),
        Sentence("Wait until then, or check this server's clock."),
        code="not-yet-valid",
    )


def names_missing(field: str, missing: tuple[str, ...], held: tuple[str, ...]) -> BadInput:
    return BadInput(
        field,
        Sentence(
            "The certificate does not cover {missing}; it is for {held}.", missing=", ".join(missing), held=_some(held)
        ),
        Sentence("Use a certificate that covers these names, for instance a wildcard certificate."),
        code="names-missing",
    )


def no_names(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence("The certificate names no host: it has no subject alternative name, and clients look at nothing else."),
        Sentence("Have it issued again with the host names as subject alternative names."),
        code="no-names",
    )


def not_for_servers(field: str) -> BadInput:
    return BadInput(
        field,
        Sentence("The certificate was not issued for servers (its extended key usage lacks serverAuth)."),
        Sentence("Have it issued again as a TLS server certificate."),
        code="not-for-servers",
    )


def weak_key(field: str, key: str) -> BadInput:
    return BadInput(
        field,
        Sentence("Its key, {key}, is too weak, or of a kind that mail clients and browsers don't accept.", key=key),
        Sentence("Use an ECDSA key on P-256 or P-384, or RSA with 2048 to 8192 bits."),
        code="weak-key",
    )


def weak_signature(field: str, subject: str, signature: str) -> BadInput:
    return BadInput(
        field,
        Sentence(
            "The certificate of {subject} is signed with {signature}, which can be forged.",
            subject=subject,
            signature=signature,
        ),
        Sentence("Have it issued again with SHA-256."),
        code="weak-signature",
    )


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:10])
    return f"{shown} …" if len(names) > 10 else shown or "–"
