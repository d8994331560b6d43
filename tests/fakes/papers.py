"""Certificate material as customers bring it: from the CA that the made host trusts, good or with one fault."""

from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs12

from fakes.chains import Issued
from fakes.scripted_ca import _AUTHORITY
from fakes.still_clock import StillClock

NOW = StillClock().now()
CHAIN = _AUTHORITY.intermediate.pem
STRANGER = _AUTHORITY.stranger


def leaf(*names: str, after: datetime = NOW - timedelta(days=1), until: datetime = NOW + timedelta(days=89), **faults: Any):
    """A leaf for ``names`` under the trusted intermediate, valid now but for what is asked."""
    return _AUTHORITY.leaf(*names, after=after, until=until, **faults)


def bundle(one: Issued, *, key: Issued | None = None, chain: bytes = CHAIN) -> bytes:
    """Certificate, chain and key in one PEM text."""
    return one.pem + chain + (key or one).key_pem


def locked_key(one: Issued, password: str) -> bytes:
    encryption = BestAvailableEncryption(password.encode())
    return one.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def p12(one: Issued, password: str) -> bytes:
    encryption = BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(
        b"it", one.key, one.certificate, [_AUTHORITY.intermediate.certificate], encryption
    )
