"""HTTPS to an ACME CA: signed requests (RFC 8555 section 6) within bounds of time and size.

On top of the ``acme`` library's own network: problems keep their Retry-After and subproblems, a refused nonce is tried
again with a new one, an answer has a total time and a largest size, and a CA that is down says so in one word.
"""

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from acme import errors, messages
from acme.client import ClientNetwork
from josepy.errors import Error as JoseError
from josepy.interfaces import JSONDeSerializable
from josepy.jwa import ES256
from josepy.jwk import JWK

from mailward.model.acme import NO_ACME, NOT_FOUND, TIMEOUT, UNREACHABLE, AcmeError, AcmeProblem

USER_AGENT = "mailward/0.1"
NONCE_TRIES = 10  # a CA under load refuses some; one that refuses ten in a row refuses all
LARGEST_ANSWER = 2 * 1024 * 1024
_PREFIX = "urn:ietf:params:acme:error:"
_LONGEST_RETRY_AFTER = timedelta(days=30)


class Payload(JSONDeSerializable):
    """Plain JSON as the ``acme`` library wants to be given what it signs."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    def to_partial_json(self) -> dict[str, Any]:
        return self.value

    @classmethod
    def from_json(cls, jobj: Any) -> "Payload":
        return cls(jobj)


class BoundedNetwork(ClientNetwork):
    """One HTTPS session with one CA under one account key. Not for several threads at once."""

    def __init__(self, key: JWK, trust: str, *, timeout: float) -> None:
        super().__init__(key, alg=ES256, user_agent=USER_AGENT)
        self.seconds = timeout
        self.trust = trust
        self.total = timeout * 2

    def use_account(self, uri: str) -> None:
        """Sign as this account from now on; "" signs with the bare key, as newAccount wants it."""
        self.account = messages.RegistrationResource(body=messages.Registration(), uri=uri) if uri else None

    def post(self, url: str, obj: JSONDeSerializable | None, **kwargs: Any) -> requests.Response:
        for _ in range(NONCE_TRIES):
            try:
                response: requests.Response = self._post_once(url, obj, **kwargs)
                return response
            except AcmeProblem as problem:
                if problem.type != "badNonce":
                    raise
                self._nonces.clear()
            except (errors.Error, JoseError) as trouble:
                raise AcmeProblem(NO_ACME, "the CA's answer is not ACME") from trouble
        raise AcmeProblem("badNonce", f"the CA refused {NONCE_TRIES} nonces in a row")

    def _add_nonce(self, response: requests.Response) -> None:
        # RFC 8555 section 6.5 promises one with every answer; one that forgets it costs a request, not the order.
        if self.REPLAY_NONCE_HEADER in response.headers:
            super()._add_nonce(response)

    def _get_nonce(self, url: str, new_nonce_url: str) -> str:
        if not self._nonces:
            self._add_nonce(self._check_response(self.head(new_nonce_url or url), content_type=None))
        if not self._nonces:
            raise AcmeProblem(NO_ACME, "the CA gives no nonces")
        return self._nonces.pop()

    def _send_request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs |= {"verify": self.trust, "stream": True}
        kwargs.setdefault("headers", {}).setdefault("User-Agent", self.user_agent)
        kwargs.setdefault("timeout", (min(10, self.seconds), self.seconds))
        kwargs.setdefault("allow_redirects", method == "GET")
        try:
            response = self.session.request(method, url, *args, **kwargs)
            response._content = self._body(response)
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as trouble:
            raise AcmeProblem(TIMEOUT, f"no answer within {self.seconds:g} seconds") from trouble
        except requests.exceptions.SSLError as trouble:
            raise AcmeProblem(UNREACHABLE, "the certificate of the CA's own HTTPS is not trusted") from trouble
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as trouble:
            raise AcmeProblem(UNREACHABLE, "no connection to the CA") from trouble
        response.encoding = "utf-8"
        return response

    def _body(self, response: requests.Response) -> bytes:
        """The whole answer, unless it trickles in too slowly or never ends."""
        until, found = time.monotonic() + self.total, b""
        while piece := response.raw.read1(64 * 1024, decode_content=True):  # what is there: a trickle is to be noticed
            found += piece
            if len(found) > LARGEST_ANSWER:
                raise AcmeProblem(NO_ACME, "the CA's answer is too long")
            if time.monotonic() > until:
                raise AcmeProblem(TIMEOUT, f"the answer was not complete after {self.total:g} seconds")
        return found

    @classmethod
    def _check_response(cls, response: requests.Response, content_type: str | None = None) -> requests.Response:
        if response.ok:
            return response
        try:
            document = response.json()
        except ValueError:
            document = None
        raise problem_of(document if isinstance(document, dict) else {}, response)


def problem_of(document: dict[str, Any], response: requests.Response) -> AcmeProblem:
    """The AcmeProblem that an answer is (RFC 7807, RFC 8555 section 6.7)."""
    kind = str(document.get("type") or "").removeprefix(_PREFIX)
    if response.status_code == 404 and kind in ("", "malformed", "about:blank"):
        kind = NOT_FOUND
    if not kind or kind == "about:blank":
        kind = "serverInternal" if response.status_code >= 500 else NO_ACME
    subproblems = document.get("subproblems")
    return AcmeProblem(
        kind,
        plain(document.get("detail") or f"HTTP status {response.status_code}"),
        retry_after=retry_after(response),
        subproblems=tuple(acme_error(one) for one in subproblems if isinstance(one, dict))
        if isinstance(subproblems, list)
        else (),
    )


def acme_error(document: dict[str, Any]) -> AcmeError:
    """A problem document that stands inside an order, a challenge or another problem."""
    identifier = document.get("identifier")
    name = identifier.get("value", "") if isinstance(identifier, dict) else ""
    return AcmeError(
        str(document.get("type") or "").removeprefix(_PREFIX), plain(document.get("detail") or ""), plain(name)
    )


def retry_after(response: requests.Response) -> timedelta | None:
    """Seconds or a date (RFC 9110 section 10.2.3); None when it says nothing of use."""
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        wait = timedelta(seconds=int(text)) if text.isdigit() else parsedate_to_datetime(text).astimezone(UTC) - _now()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), _LONGEST_RETRY_AFTER)


def plain(text: object) -> str:
    """What the CA says, as it may be shown and stored: printable, and not endless."""
    return "".join(character if character.isprintable() else " " for character in str(text))[:500]


def _now() -> datetime:
    return datetime.now(UTC)
