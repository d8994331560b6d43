"""What people hand in: files or pasted text of a certificate, its chain and its key. Read into memory, never onto disk.

Django would keep a large upload in a temporary file. ``FILE_UPLOAD_HANDLERS`` holds the one that keeps them in memory
alone, and nothing larger than a certificate with its chain is read at all.
"""

from dataclasses import dataclass, field

from django.http import HttpRequest

from mailward.certificates import refusals

MOST_TEXT = refusals.MAX_BYTES
MOST_OF_ALL = 8 * refusals.MAX_BYTES  # of a whole form; below what Django's reader takes into memory (2.5 MiB)
_PKCS12 = b"\x30"  # DER: a SEQUENCE; PEM is text


@dataclass(frozen=True)
class Material:
    """``first`` is the certificate (or a PKCS#12 file), ``second`` what came beside it: key, chain."""

    first: bytes = field(repr=False)
    second: bytes | None = field(repr=False)
    password: str | None = field(repr=False)


def handed_in(request: HttpRequest) -> Material:
    """Out of the form's fields ``certificate``, ``chain``, ``key`` (text, or with ``_file`` a file) and ``password``.

    Raises BadInput (``too-big``, ``no-certificate``, ``no-key``) at the field that it is about.
    """
    if int(request.headers.get("Content-Length") or 0) > MOST_OF_ALL:
        raise refusals.too_big("certificate")
    certificate, chain, key = (_part(request, name) for name in ("certificate", "chain", "key"))
    if not certificate.strip():
        raise refusals.no_certificate("certificate")
    password = request.POST.get("password", "")[:1024] or None
    if certificate[:1] == _PKCS12:
        beside = b"\n".join(part for part in (chain, key) if part.strip())
        return Material(certificate, beside or None, password)
    joined = certificate + b"\n" + chain if chain.strip() else certificate
    return Material(joined, key if key.strip() else None, password)


def _part(request: HttpRequest, name: str) -> bytes:
    """The file of this field, or else its text."""
    file = request.FILES.get(f"{name}_file")
    if file is not None:
        if (file.size or 0) > MOST_TEXT:
            raise refusals.too_big(name)
        return bytes(file.read(MOST_TEXT + 1))
    text = request.POST.get(name, "")
    if len(text) > MOST_TEXT:
        raise refusals.too_big(name)
    return text.encode()
