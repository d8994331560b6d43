"""Speaking ACME (RFC 8555) and its renewal information (RFC 9773) with a real CA: the Protocol ``AcmeCa``.

What to say next is decided in ``certificates/orders.py``; here each method is one question and its answer as a value.
Account keys are ECDSA P-256 (ES256). The CA's own HTTPS is trusted by the PEM file that the settings name, or by the
system's store. Never keeps a key on disk, never logs one.
"""

import threading
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from acme import messages
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from josepy.errors import Error as JoseError
from josepy.jwk import JWKEC
from requests.utils import parse_header_links

from mailward.host.acme_network import BoundedNetwork, Payload, acme_error, plain, retry_after
from mailward.model.acme import (
    NO_ACME,
    UNREACHABLE,
    AcmeAuthorization,
    AcmeChallenge,
    AcmeOrder,
    AcmeProblem,
    RenewalWindow,
)
from mailward.model.layout import SYSTEM_ROOTS
from mailward.model.settings import CaSettings

_LISTED_ORDERS = 500  # the newest; a crash leaves one, not hundreds
_ASK_ARI_AGAIN = timedelta(hours=6)  # RFC 9773 section 4.3.3


def connect(ca: CaSettings, key_pem: bytes, account_uri: str, *, timeout: float = 20.0) -> "RealAcmeCa":
    """An ``AcmeConnect``: nothing is asked yet. ``timeout``: seconds without a byte before the CA counts as down."""
    return RealAcmeCa(ca, key_pem, account_uri, timeout)


class RealAcmeCa:
    """One CA under one account key. Each thread has a session of its own, so that slow answers stay apart."""

    def __init__(self, ca: CaSettings, key_pem: bytes, account_uri: str, timeout: float) -> None:
        key = load_pem_private_key(key_pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise TypeError("an ACME account key is ECDSA P-256 here")
        self._ca = ca
        self._key = JWKEC(key=key)
        self._uri = account_uri
        self._timeout = timeout
        self._threads = threading.local()

    def __repr__(self) -> str:
        return f"RealAcmeCa({self._ca.name})"

    def account(self) -> str:
        request: dict[str, Any] = {"termsOfServiceAgreed": True}
        if self._ca.contact:
            request["contact"] = [f"mailto:{self._ca.contact}"]
        if self._ca.eab_kid:
            request["externalAccountBinding"] = self._binding()
        response = self._post(self._resource("newAccount"), request, as_account="")
        self._uri = self._location(response)
        return self._uri

    def new_order(self, names: tuple[str, ...], *, replaces: str = "", profile: str = "") -> AcmeOrder:
        request: dict[str, Any] = {"identifiers": [{"type": "dns", "value": name} for name in names]}
        if replaces and "renewalInfo" in self._directory():
            request["replaces"] = replaces
        if profile:
            request["profile"] = profile
        response = self._post(self._resource("newOrder"), request)
        return _order(self._location(response), response)

    def orders(self) -> tuple[str, ...] | None:
        if not self._uri:
            return None
        page = self._account_document().get("orders")
        found: list[str] = []
        seen: set[str] = set()
        while isinstance(page, str) and page and page not in seen and len(found) < _LISTED_ORDERS * 10:
            seen.add(page)
            response = self._post(page, None)
            found += [url for url in self._json(response).get("orders", ()) if isinstance(url, str)]
            page = next(iter(_links(response, "next")), None)
        return tuple(reversed(found))[:_LISTED_ORDERS] if seen else None

    def _account_document(self) -> dict[str, Any]:
        """Pebble wants POST-as-GET here; RFC 8555 section 7.3.2 knows only the update, and an empty one changes nothing."""
        try:
            return self._json(self._post(self._uri, None))
        except AcmeProblem as problem:
            if problem.type != "malformed":
                raise
            return self._json(self._post(self._uri, {}))

    def order(self, url: str) -> AcmeOrder:
        return _order(url, self._post(url, None))

    def authorization(self, url: str) -> AcmeAuthorization:
        return _authorization(url, self._json(self._post(url, None)))

    def key_authorization(self, token: str) -> str:
        return f"{token}.{_base64url(self._key.thumbprint())}"

    def answer(self, challenge_url: str) -> None:
        self._post(challenge_url, {})

    def finalize(self, order: AcmeOrder, csr_pem: bytes) -> AcmeOrder:
        csr = x509.load_pem_x509_csr(csr_pem).public_bytes(Encoding.DER)
        return _order(order.url, self._post(order.finalize, {"csr": _base64url(csr)}))

    def chains(self, certificate_url: str) -> tuple[bytes, ...]:
        preferred = self._post(certificate_url, None)
        others = [self._post(url, None).content for url in _links(preferred, "alternate")[:5]]
        return (preferred.content, *others)

    def renewal_info(self, ari_id: str) -> RenewalWindow | None:
        base = self._directory().get("renewalInfo")
        if not base or not ari_id:
            return None
        response = self._network().get(f"{str(base).rstrip('/')}/{ari_id}")
        document = self._json(response)
        try:
            window = document["suggestedWindow"]
            start, end = (datetime.fromisoformat(window[key]).astimezone(UTC) for key in ("start", "end"))
        except (KeyError, TypeError, ValueError) as trouble:
            raise AcmeProblem(NO_ACME, "the CA's renewal information has no window") from trouble
        return RenewalWindow(
            start, end, retry_after(response) or _ASK_ARI_AGAIN, plain(document.get("explanationURL") or "")
        )

    def revoke(self, certificate_pem: bytes, reason: int = 0) -> None:
        der = x509.load_pem_x509_certificate(certificate_pem).public_bytes(Encoding.DER)
        self._post(self._resource("revokeCert"), {"certificate": _base64url(der), "reason": reason})

    def _binding(self) -> dict[str, Any]:
        """RFC 8555 section 7.3.4: the account key, signed with the secret that the CA gave out beforehand."""
        try:
            secret = Path(self._ca.eab_hmac_file or "").read_text("ascii").strip()
            return dict(
                messages.ExternalAccountBinding.from_data(
                    self._key.public_key(), self._ca.eab_kid or "", secret, messages.Directory(self._directory())
                )
            )
        except (OSError, ValueError, JoseError):
            raise AcmeProblem(
                "externalAccountRequired", "the file with the key for external account binding can't be read"
            ) from None

    def _network(self) -> BoundedNetwork:
        network = getattr(self._threads, "network", None)
        if network is None:
            network = BoundedNetwork(self._key, self._trust(), timeout=self._timeout)
            self._threads.network = network
        return network

    def _trust(self) -> str:
        trust = Path(self._ca.trust) if self._ca.trust else SYSTEM_ROOTS
        if not trust.is_file():
            raise AcmeProblem(UNREACHABLE, f"the file of trusted roots {trust} is missing")
        return str(trust)

    def _directory(self) -> dict[str, Any]:
        """Fetched once for each thread's session; never for good: CAs add resources, and get restarted."""
        known: dict[str, Any] | None = getattr(self._threads, "directory", None)
        if known is None:
            known = self._json(self._network().get(self._ca.directory))
            self._threads.directory = known
        return known

    def _resource(self, name: str) -> str:
        url = self._directory().get(name)
        if not isinstance(url, str):
            raise AcmeProblem(NO_ACME, f"the CA's directory has no {name}")
        return url

    def _post(self, url: str, request: dict[str, Any] | None, *, as_account: str | None = None) -> requests.Response:
        """A signed request; None is POST-as-GET (RFC 8555 section 6.3)."""
        network = self._network()
        network.use_account(self._uri if as_account is None else as_account)
        return network.post(url, None if request is None else Payload(request), new_nonce_url=self._resource("newNonce"))

    @staticmethod
    def _location(response: requests.Response) -> str:
        location = response.headers.get("Location", "")
        if not location:
            raise AcmeProblem(NO_ACME, "the CA gave no Location")
        return str(location)

    @staticmethod
    def _json(response: requests.Response) -> dict[str, Any]:
        try:
            document = response.json()
        except ValueError as trouble:
            raise AcmeProblem(NO_ACME, "the CA's answer is not JSON") from trouble
        if not isinstance(document, dict):
            raise AcmeProblem(NO_ACME, "the CA's answer is not a JSON object")
        return document


def _order(url: str, response: requests.Response) -> AcmeOrder:
    document = RealAcmeCa._json(response)
    try:
        error = document.get("error")
        return AcmeOrder(
            url=url,
            status=str(document["status"]),
            names=tuple(str(one["value"]) for one in document["identifiers"]),
            authorizations=tuple(str(one) for one in document["authorizations"]),
            finalize=str(document["finalize"]),
            certificate=str(document["certificate"]) if document.get("certificate") else None,
            error=acme_error(error) if isinstance(error, dict) else None,
            expires=datetime.fromisoformat(document["expires"]) if document.get("expires") else None,
            retry_after=retry_after(response),
        )
    except (KeyError, TypeError, ValueError) as trouble:
        raise AcmeProblem(NO_ACME, "the CA's order lacks what RFC 8555 section 7.1.3 asks for") from trouble


def _authorization(url: str, document: dict[str, Any]) -> AcmeAuthorization:
    try:
        return AcmeAuthorization(
            url=url,
            name=str(document["identifier"]["value"]).lower(),
            wildcard=document.get("wildcard") is True,
            status=str(document["status"]),
            challenges=tuple(_challenge(one) for one in document["challenges"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as trouble:
        raise AcmeProblem(NO_ACME, "the CA's authorization lacks what RFC 8555 section 7.1.4 asks for") from trouble


def _challenge(document: dict[str, Any]) -> AcmeChallenge:
    error = document.get("error")
    return AcmeChallenge(
        type=str(document["type"]),
        url=str(document["url"]),
        token=str(document.get("token") or ""),
        status=str(document.get("status") or "pending"),
        error=acme_error(error) if isinstance(error, dict) else None,
    )


def _links(response: requests.Response, relation: str) -> list[str]:
    """All links of a relation: ``requests`` keeps only one of each."""
    return [
        str(link["url"])
        for link in parse_header_links(response.headers.get("Link", ""))
        if link.get("rel") == relation and link.get("url")
    ]


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")
