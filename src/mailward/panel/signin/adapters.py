"""What allauth asks us: whose address is it, how are secrets of second factors kept, who may sign up (nobody).

A one-time code's secret and the seed of recovery codes are encrypted before they reach the store (Fernet, with a key that
HKDF makes of the panel's own): whoever has only the store can't make codes.
"""

import base64
from functools import lru_cache
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence
from mailward.panel.signin import told
from mailward.store.models import Account
from mailward.web.asking import came_from
from mailward.web.language import remember
from mailward.web.office import office

_PURPOSE = b"mailward second factors 1"


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up, nothing is mailed, and allauth's own messages are not shown: the pages say what happened."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return came_from(request) or "127.0.0.1"

    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage"]

    def add_message(self, *_args: Any, **_options: Any) -> None:
        return None

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Of the account alone. allauth's own also holds the host's name, which whoever asks can vary by its port."""
        return f"account:{credentials.get('email', '')}".lower()

    def login(self, request: HttpRequest, user: Account) -> None:
        """All that was asked for was shown: the session gets a new name (django.contrib.auth.login) and a language."""
        super().login(request, user)
        remember(request, user.language)
        Session.objects.filter(expire_date__lt=office().clock.now()).delete()
        told.signed_in(request, user)


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return _box(settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _box(settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            said = Sentence("this second factor was set up under another key of the panel")
            remedy = Sentence("Restore secrets/panel.key from the backup that belongs to this store.")
            raise NotPossible(said, remedy, code="panel-key") from None

    def get_totp_issuer(self) -> str:
        return f"Mailward {office().settings.hostname}"

    def _get_site_name(self) -> str:
        return office().settings.hostname


@lru_cache(maxsize=2)
def _box(key: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
