"""Passkeys (W3C Web Authentication, Level 2): what the browser is asked, and what of its answer is kept.

The relying party's id is the name of the host, without a port. Only the public key is kept.
"""

import json
from typing import Any

from allauth.core import ratelimit
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.webauthn.internal import auth
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import HttpRequest

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.panel.signin import told
from mailward.panel.signin.factors import added, too_many
from mailward.store.models import Account

LONGEST = 64 * 1024  # bytes of a browser's answer
LONGEST_NAME = 60


def asked_to_make(account: Account) -> str:
    """JSON for ``navigator.credentials.create``. The challenge is kept in the session."""
    return json.dumps(auth.begin_registration(account, False), cls=DjangoJSONEncoder)


def asked_to_show(account: Account) -> str:
    """JSON for ``navigator.credentials.get``."""
    return json.dumps(auth.begin_authentication(account), cls=DjangoJSONEncoder)


@transaction.atomic
def add(request: HttpRequest, account: Account, name: str, answer: str) -> None:
    """Raises BadInput for an answer that isn't to the question."""
    credential = _parsed(answer)
    try:
        auth.parse_registration_response(credential)
        auth.complete_registration(credential)
    except (ValidationError, ValueError, TypeError, KeyError):
        raise _wrong() from None
    row = auth.WebAuthn.add(account, " ".join(name.split())[:LONGEST_NAME], credential).instance
    added(request, account, row)


def check(request: HttpRequest, account: Account, answer: str, *, again: bool = False) -> None:
    """One of this account's passkeys; it counts for this session then. Raises BadInput."""
    key = f"second-factor:{account.pk}"
    if not ratelimit.consume(request, action="login_failed", key=key):
        raise too_many("credential")
    credential = _parsed(answer)
    try:
        auth.parse_authentication_response(credential)
        shown = auth.complete_authentication(account, credential)
    except (ValidationError, ValueError, TypeError, KeyError):
        told.failed(request, account, "second-factor")
        raise _wrong() from None
    ratelimit.clear(request, action="login_failed", key=key)
    post_authentication(request, shown, reauthenticated=again)


def _parsed(answer: str) -> Any:
    try:
        parsed = json.loads(answer) if len(answer) <= LONGEST else None
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise _wrong()
    return parsed


def _wrong() -> BadInput:
    said = Sentence("this passkey was not accepted")
    return BadInput("credential", said, Sentence("Try again, or use another way."))
