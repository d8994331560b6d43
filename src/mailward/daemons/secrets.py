"""The secret files that rendered configuration refers to but never holds. The steward makes each once, at its birth.

``layout.secrets`` itself must be 0711 root: nobody can list it, and each daemon can open exactly the one file that its
group may read.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mailward.daemons.users import CA, PANEL, WEBMAIL
from mailward.model.desired import DesiredState
from mailward.model.layout import Layout


class SecretKind(StrEnum):
    """What the file holds, so that whoever makes it knows how."""

    TEXT_KEY = "text-key"  # 32 characters of [A-Za-z0-9], no line break
    SIGNING_KEY = "signing-key"  # 64 characters of [A-Za-z0-9], no line break
    TSIG = "tsig"  # ``tsig_file(secret)``
    CERTIFICATE = "certificate"  # PEM; not a secret, but made with the key
    PRIVATE_KEY = "private-key"  # PEM, PKCS#8


@dataclass(frozen=True)
class SecretFile:
    path: Path
    kind: SecretKind
    group: str
    mode: int = 0o640
    owner: str = "root"


TSIG_NAME = "mailward"
TSIG_ALGORITHM = "hmac-sha256"


def roundcube_key(layout: Layout) -> Path:
    """Roundcube encrypts the mailbox password in the session with it (AES-256: 32 characters)."""
    return layout.secrets / "roundcube.key"


def panel_key(layout: Layout) -> Path:
    """The panel signs its sessions with it, and encrypts what second factors are checked against."""
    return layout.secrets / "panel.key"


def knot_tsig(layout: Layout) -> Path:
    """The key with which the steward signs dynamic updates (RFC 8945)."""
    return layout.secrets / "knot-tsig.conf"


def steward_tsig(layout: Layout) -> Path:
    """The same key's secret alone, in base64, for the one who signs: root's."""
    return layout.secrets / "tsig.key"


def pebble_certificate(layout: Layout) -> Path:
    """What Pebble's own HTTPS shows (names ``localhost``, addresses 127.0.0.1 and ::1). Self-signed: it is its own root."""
    return layout.secrets / "pebble-certificate.pem"


def pebble_key(layout: Layout) -> Path:
    return layout.secrets / "pebble-key.pem"


def tsig_file(secret_base64: str) -> str:
    """The content of ``knot-tsig.conf`` for a base64 secret (32 random bytes)."""
    return f'key:\n  - id: {TSIG_NAME}\n    algorithm: {TSIG_ALGORITHM}\n    secret: "{secret_base64}"\n'


def secret_files(desired: DesiredState, layout: Layout) -> tuple[SecretFile, ...]:
    """Every secret file that the daemons of this host read."""
    files = (
        SecretFile(roundcube_key(layout), SecretKind.TEXT_KEY, WEBMAIL),
        SecretFile(panel_key(layout), SecretKind.SIGNING_KEY, PANEL),
        SecretFile(knot_tsig(layout), SecretKind.TSIG, "knot"),
    )
    if desired.settings.demo is None:
        return files
    return (
        *files,
        SecretFile(pebble_certificate(layout), SecretKind.CERTIFICATE, CA, mode=0o644),
        SecretFile(pebble_key(layout), SecretKind.PRIVATE_KEY, CA),
    )
