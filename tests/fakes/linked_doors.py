"""Doors that serve what the instance's files say (model.outside.TlsDialer), found by name as the real daemons find it.

nginx follows links at every handshake: the exact name, the wildcard one label above, the default. Postfix looks into its
table, and otherwise shows the default that it read when it was last told to. A client that knows no ECDSA is shown the RSA
companion: beside the file that nginx finds, behind the first in what Postfix reads.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from fakes.memory_sni import MemorySni
from mailward.model.doors import Role, Tls
from mailward.model.layout import Layout
from mailward.model.outside import Dialled, DialTarget, Files


class LinkedDoors:
    """``troubles`` says which doors are broken (a word of Dialled.trouble, or None). ``forgets_reload``: Postfix answers
    a reload, and keeps what it has."""

    def __init__(self, layout: Layout, files: Files, sni: MemorySni) -> None:
        self._layout = layout
        self._files = files
        self._sni = sni
        self._postfix_default: bytes | None = None
        self._local_names: dict[str, bytes] = {}
        self._dovecot_default: bytes | None = None
        self.troubles: Callable[[DialTarget], str | None] = lambda _target: None
        self.forgets_reload = False
        self.dials = itertools.count(1)
        self.targets: list[DialTarget] = []

    def postfix_reads(self) -> None:
        """Postfix starts, or reloads: its new processes read the server-wide certificate."""
        path = self._layout.tls_default_all
        if not self.forgets_reload and self._files.exists(path):
            self._postfix_default = self._files.read(path)

    def dovecot_reads(self) -> None:
        """Dovecot's own doors start, or reload: their blocks of names are read with the certificates they point at."""
        path = self._layout.current / "dovecot-starttls" / "dovecot.conf"
        text = self._files.read(path).decode() if self._files.exists(path) else ""
        self._local_names = {
            name: self._files.read(Path(file))
            for names, file in re.findall(r'local_name "([^"]+)" \{\s*ssl_cert = <(\S+)', text)
            for name in names.split()
        }
        default = self._layout.tls_default(Role.MAIL)
        self._dovecot_default = self._files.read(default) if self._files.exists(default) else None

    def served_by_dovecot(self, sni: str | None) -> bytes | None:
        names = (sni, f"*.{sni.partition('.')[2]}") if sni else ()
        return next((self._local_names[name] for name in names if name in self._local_names), self._dovecot_default)

    def dial(self, targets: Sequence[DialTarget]) -> list[Dialled]:
        next(self.dials)
        self.targets.extend(targets)
        return [self._answer(target) for target in targets]

    def _answer(self, target: DialTarget) -> Dialled:
        trouble = self.troubles(target)
        if trouble is not None:
            return Dialled(target, trouble, "told")
        if target.old_protocol:
            return Dialled(target, "handshake-failed", "TLS 1.2 or newer is wanted")
        own = target.tls is Tls.STARTTLS and target.protocol != "smtp"
        pem = self.served_by_dovecot(target.sni) if own else self.served(target.protocol, target.sni, rsa=target.rsa_only)
        if pem is None:
            return Dialled(target, "handshake-failed", "no certificate")
        try:
            found = x509.load_pem_x509_certificates(pem)
        except ValueError:
            return Dialled(target, "handshake-failed", "garbage")
        chain = tuple(one.public_bytes(Encoding.DER) for one in found)
        return Dialled(target, None, "", chain, "TLSv1.3", "TLS_AES_256_GCM_SHA384", clear_login=False)

    def served(self, protocol: str, sni: str | None, *, rsa: bool = False) -> bytes | None:
        """The PEM shown to a client of this protocol that sends this name; ``rsa``: to one that knows no ECDSA."""
        if protocol == "smtp":
            read = (self._sni.look_up(sni) if sni else None) or self._postfix_default or b""
            return next((pem for pem in _each(read) if not rsa or _has_rsa_key(pem)), None)
        role = Role.WEB if protocol == "http" else Role.MAIL
        names = self._layout.tls_names(role)
        tried: list[Path] = []
        if sni:
            tried = [names / sni, names / f"_.{sni.partition('.')[2]}"]
        tried.append(self._layout.tls_default(role))
        found = next((path for path in tried if self._files.exists(path)), None)
        if found is None or not rsa:
            return self._files.read(found) if found else None
        companion = self._layout.tls_versions / Path(self._files.target(found) or "").name.replace(".pem", ".rsa.pem")
        pem = self._files.read(companion if self._files.exists(companion) else found)
        return pem if _has_rsa_key(pem) else None


_KEY = b"-----BEGIN PRIVATE KEY"


def _each(pem: bytes) -> list[bytes]:
    """Each key with its chain; what holds no key, as it is."""
    _, *parts = pem.split(_KEY)
    return [_KEY + part for part in parts] or [pem]


def _has_rsa_key(pem: bytes) -> bool:
    try:
        return isinstance(x509.load_pem_x509_certificate(pem).public_key(), RSAPublicKey)
    except ValueError:
        return False
