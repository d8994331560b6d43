"""What an ACME CA says (RFC 8555), as frozen values, and the Protocol of talking to one.

``host/acme_ca.py`` speaks the protocol; ``certificates/orders.py`` knows what to say next. Names in values are
A-labels; a wildcard is written ``*.name`` in orders, while an authorization has the bare name and ``wildcard`` True.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mailward.model.settings import CaSettings

# Types of an AcmeProblem beside those of RFC 8555 section 6.7: what never reached the CA, or no protocol at all.
UNREACHABLE = "unreachable"
TIMEOUT = "timeout"
NO_ACME = "noAcme"
NOT_FOUND = "notFound"


@dataclass(frozen=True)
class AcmeError:
    """A problem document's type (without its URN prefix), the CA's own detail, and the name it is about ("": all)."""

    type: str
    detail: str
    name: str = ""


class AcmeProblem(Exception):
    """The CA refused, could not be reached, or did not speak ACME. ``type`` is RFC 8555's word or one of ours above."""

    def __init__(
        self,
        type: str,  # noqa: A002 - the field's own word (RFC 7807)
        detail: str,
        *,
        retry_after: timedelta | None = None,
        subproblems: tuple[AcmeError, ...] = (),
    ) -> None:
        super().__init__(f"{type}: {detail}")
        self.type = type
        self.detail = detail
        self.retry_after = retry_after
        self.subproblems = subproblems


@dataclass(frozen=True)
class AcmeChallenge:
    """One way to show control of a name (RFC 8555 section 8)."""

    type: str
    url: str
    token: str
    status: str
    error: AcmeError | None = None


@dataclass(frozen=True)
class AcmeAuthorization:
    """RFC 8555 section 7.1.4. ``status``: pending, valid, invalid, deactivated, expired, revoked."""

    url: str
    name: str
    wildcard: bool
    status: str
    challenges: tuple[AcmeChallenge, ...]


@dataclass(frozen=True)
class AcmeOrder:
    """RFC 8555 section 7.1.3. ``status``: pending, ready, processing, valid, invalid."""

    url: str
    status: str
    names: tuple[str, ...]
    authorizations: tuple[str, ...]
    finalize: str
    certificate: str | None = None
    error: AcmeError | None = None
    expires: datetime | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class RenewalWindow:
    """When the CA would like to see the renewal (RFC 9773 section 4.2), and when to ask again."""

    start: datetime
    end: datetime
    ask_again: timedelta
    explanation: str = ""


class AcmeCa(Protocol):
    """One CA under one account key; safe to use from several threads. Every method raises AcmeProblem."""

    def account(self) -> str:
        """Register the key, or find its account: its URL. Asking twice makes no second account (section 7.3.1)."""
        ...

    def new_order(self, names: tuple[str, ...], *, replaces: str = "", profile: str = "") -> AcmeOrder:
        """``replaces`` is the ARI identifier of the certificate this one follows; left out where the CA has no ARI."""
        ...

    def orders(self) -> tuple[str, ...] | None:
        """The URLs of the account's orders, newest first; None when the CA doesn't list them (section 7.1.2.1)."""
        ...

    def order(self, url: str) -> AcmeOrder: ...
    def authorization(self, url: str) -> AcmeAuthorization: ...
    def key_authorization(self, token: str) -> str:
        """Section 8.1: the token and the account key's thumbprint. Not secret."""
        ...

    def answer(self, challenge_url: str) -> None:
        """Tell the CA that the challenge may be looked at."""
        ...

    def finalize(self, order: AcmeOrder, csr_pem: bytes) -> AcmeOrder: ...
    def chains(self, certificate_url: str) -> tuple[bytes, ...]:
        """The chain the CA prefers, then its alternates (section 7.4.2), each as PEM, leaf first."""
        ...

    def renewal_info(self, ari_id: str) -> RenewalWindow | None:
        """None when the CA offers no ARI."""
        ...

    def revoke(self, certificate_pem: bytes, reason: int = 0) -> None:
        """Reasons of RFC 5280 section 5.3.1: 0 unspecified, 1 key compromise, 4 superseded, 5 cessation."""
        ...


# Opens a CA with an account key (unencrypted PKCS#8 PEM) and that account's URL ("" when it isn't registered yet).
AcmeConnect = Callable[[CaSettings, bytes, str], AcmeCa]
