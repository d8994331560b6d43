"""ACME accounts: one for each CA, its key sealed, found again after a crash, made anew when the CA forgot it.

The key is saved before it is registered, so that a crash in between finds the same account (RFC 8555 section 7.3.1)
instead of making a second one.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from mailward.certificates.make import key_pem, private_key
from mailward.model.acme import UNREACHABLE, AcmeCa, AcmeConnect, AcmeProblem
from mailward.model.outside import Seal, Unseal
from mailward.model.settings import CaSettings, KeyType


@dataclass(frozen=True)
class Account:
    """An account at a CA. ``uri`` "" means that its key is not known to be registered."""

    ca: str
    directory: str
    uri: str
    sealed_key: bytes = field(repr=False)


class AccountBook(Protocol):
    """Where accounts are kept, by the CA's name."""

    def load(self, ca: str) -> Account | None: ...
    def save(self, account: Account) -> None: ...


class Accounts:
    """Opens CAs under their accounts. Safe for several threads: they share one account and one registration per CA."""

    def __init__(
        self, cas: Mapping[str, CaSettings], connect: AcmeConnect, book: AccountBook, seal: Seal, unseal: Unseal
    ) -> None:
        self._cas = cas
        self._connect = connect
        self._book = book
        self._seal = seal
        self._unseal = unseal
        self._open: dict[str, AcmeCa] = {}
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()

    def profile(self, ca: str) -> str:
        return self._settings(ca).profile or ""

    def registered(self, ca: str) -> AcmeCa:
        """The CA under an account that is registered. Raises AcmeProblem."""
        with self._lock(ca):
            account = self._account(ca)
            session = self._session(account)
            if not account.uri:
                self._book.save(replace(account, uri=session.account()))
            return session

    def known(self, ca: str) -> AcmeCa:
        """The CA under the account as it is written down, without asking the CA anything first."""
        with self._lock(ca):
            return self._session(self._account(ca))

    def forgotten(self, ca: str) -> None:
        """The CA said accountDoesNotExist: the next use registers the same key again."""
        with self._lock(ca):
            account = self._book.load(ca)
            if account is not None:
                self._book.save(replace(account, uri=""))
            self._open.pop(ca, None)

    def _account(self, ca: str) -> Account:
        settings = self._settings(ca)
        account = self._book.load(ca)
        if account is None or account.directory != settings.directory:
            account = Account(ca, settings.directory, "", self._seal.seal(key_pem(private_key(KeyType.P256))))
            self._book.save(account)
            self._open.pop(ca, None)
        return account

    def _session(self, account: Account) -> AcmeCa:
        session = self._open.get(account.ca)
        if session is None:
            session = self._connect(self._settings(account.ca), self._unseal.unseal(account.sealed_key), account.uri)
            self._open[account.ca] = session
        return session

    def _settings(self, ca: str) -> CaSettings:
        settings = self._cas.get(ca)
        if settings is None:
            raise AcmeProblem(UNREACHABLE, f"no CA {ca} is configured")
        return settings

    def _lock(self, ca: str) -> threading.Lock:
        with self._guard:
            return self._locks[ca]
