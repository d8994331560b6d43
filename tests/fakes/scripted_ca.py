"""An ACME CA in memory (model.acme.AcmeCa): it issues real certificates, and says what it is told to say.

Like Let's Encrypt it gives the same pending order again for the same names (``reuses``), or like Pebble it lists the
account's orders (``lists``). What a challenge needs is looked up in ``answers``: TXT values or file contents by place.
"""

import itertools
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from fakes.chains import Authority, authority, issue
from mailward.model.acme import AcmeAuthorization, AcmeChallenge, AcmeError, AcmeOrder, AcmeProblem, RenewalWindow
from mailward.model.settings import CaSettings

_AUTHORITY: Authority = authority(until=datetime(2100, 1, 1, tzinfo=UTC), after=datetime(2020, 1, 1, tzinfo=UTC))


@dataclass
class Authorized:
    name: str
    wildcard: bool
    token: str
    status: str = "pending"
    error: AcmeError | None = None


class ScriptedCa:
    """``says[method]`` are problems (or None: go on) for the next calls of that method, one each. ``hears`` runs before
    every call, to break something at a given moment. ``refuses``: names that fail validation."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        lists: bool = True,
        reuses: bool = False,
        lifetime: timedelta = timedelta(days=90),
        sees: Callable[[str, str], bool] = lambda _name, _value: True,
    ) -> None:
        self.now = now
        self.lists = lists
        self.reuses = reuses
        self.lifetime = lifetime
        self.sees = sees
        self.says: dict[str, list[Exception | None]] = defaultdict(list)
        self.calls: list[str] = []
        self.refuses: dict[str, AcmeError] = {}
        self.accounts = 0
        self.orders_made: dict[str, AcmeOrder] = {}
        self.authorizations_made: dict[str, Authorized] = {}
        self.certificates: dict[str, bytes] = {}
        self.revoked: list[bytes] = []
        self.replaced: list[str] = []
        self.window: RenewalWindow | None = None
        self.lost_answers: set[str] = set()  # methods that are done, but whose answer never arrives
        self._numbers = itertools.count(1)
        self._registered = False

    def connect(self, _ca: CaSettings, _key: bytes, uri: str) -> "ScriptedCa":
        """An AcmeConnect: the same CA for everybody."""
        self._registered = self._registered or bool(uri)
        return self

    def account(self) -> str:
        self._hear("account")
        self.accounts += 0 if self._registered else 1
        self._registered = True
        return "https://ca.test/account/1"

    def new_order(self, names: tuple[str, ...], *, replaces: str = "", profile: str = "") -> AcmeOrder:
        self._hear("new_order")
        if replaces:
            self.replaced.append(replaces)
        for order in self.orders_made.values():
            if self.reuses and order.status == "pending" and set(order.names) == set(names):
                return order
        number = next(self._numbers)
        urls = []
        for place, name in enumerate(names):
            urls.append(f"https://ca.test/authorization/{number}.{place}")
            token = sha256(f"{number}.{place}".encode()).hexdigest()[:43]
            self.authorizations_made[urls[-1]] = Authorized(name.removeprefix("*."), name.startswith("*."), token)
        url = f"https://ca.test/order/{number}"
        self.orders_made[url] = AcmeOrder(
            url, "pending", names, tuple(urls), f"{url}/finalize", expires=self.now() + timedelta(days=7)
        )
        if "new_order" in self.lost_answers:
            self.lost_answers.remove("new_order")
            raise AcmeProblem("timeout", "no answer")
        return self.orders_made[url]

    def orders(self) -> tuple[str, ...] | None:
        self._hear("orders")
        return tuple(reversed(self.orders_made)) if self.lists else None

    def order(self, url: str) -> AcmeOrder:
        self._hear("order")
        if url not in self.orders_made:
            raise AcmeProblem("notFound", "no such order")
        order = self.orders_made[url]
        statuses = {self.authorizations_made[one].status for one in order.authorizations}
        if order.status == "pending" and "invalid" in statuses:
            self.orders_made[url] = replace(order, status="invalid")
        elif order.status == "pending" and statuses == {"valid"}:
            self.orders_made[url] = replace(order, status="ready")
        elif order.status == "processing":
            self.orders_made[url] = replace(order, status="valid", certificate=f"{url}/certificate")
        return self.orders_made[url]

    def authorization(self, url: str) -> AcmeAuthorization:
        self._hear("authorization")
        one = self.authorizations_made[url]
        kinds = ("dns-01",) if one.wildcard else ("http-01", "dns-01")
        ways = tuple(AcmeChallenge(kind, f"{url}/{kind}", one.token, one.status, one.error) for kind in kinds)
        return AcmeAuthorization(url, one.name, one.wildcard, one.status, ways)

    def key_authorization(self, token: str) -> str:
        return f"{token}.thumbprint"

    def answer(self, challenge_url: str) -> None:
        self._hear("answer")
        url, kind = challenge_url.rsplit("/", 1)
        one = self.authorizations_made[url]
        if one.status != "pending":
            raise AcmeProblem("malformed", "this challenge was answered already")
        value = self.key_authorization(one.token)
        if kind == "dns-01":
            value = urlsafe_b64encode(sha256(value.encode()).digest()).decode().rstrip("=")
        error = self.refuses.get(one.name)
        if error is None and not self.sees(one.name, value):
            error = AcmeError("unauthorized", "the value was not found")
        one.status, one.error = ("invalid", error) if error else ("valid", None)

    def finalize(self, order: AcmeOrder, csr_pem: bytes) -> AcmeOrder:
        self._hear("finalize")
        if self.order(order.url).status != "ready":
            raise AcmeProblem("orderNotReady", "the order is not ready")
        csr = x509.load_pem_x509_csr(csr_pem)
        self.certificates[f"{order.url}/certificate"] = self._issue(csr, order.names)
        self.orders_made[order.url] = replace(order, status="processing")
        return self.orders_made[order.url]

    def chains(self, certificate_url: str) -> tuple[bytes, ...]:
        self._hear("chains")
        return (self.certificates[certificate_url],)

    def renewal_info(self, ari_id: str) -> RenewalWindow | None:
        self._hear("renewal_info")
        return self.window

    def revoke(self, certificate_pem: bytes, reason: int = 0) -> None:
        self._hear("revoke")
        if certificate_pem in self.revoked:
            raise AcmeProblem("alreadyRevoked", "it is revoked")
        self.revoked.append(certificate_pem)

    def _hear(self, method: str) -> None:
        self.calls.append(method)
        if self.says[method]:
            problem = self.says[method].pop(0)
            if problem is not None:
                raise problem

    def _issue(self, csr: x509.CertificateSigningRequest, names: tuple[str, ...]) -> bytes:
        class Key:
            """Only the public half is known to a CA."""

            def public_key(self):
                return csr.public_key()

        now = self.now()
        leaf = issue(
            names[0][:60],
            _AUTHORITY.intermediate,
            names,
            key=Key(),
            after=now - timedelta(hours=1),
            until=now + self.lifetime,
        )
        return leaf.certificate.public_bytes(Encoding.PEM) + _AUTHORITY.intermediate.pem
