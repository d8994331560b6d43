"""Second factors as everybody who answers a request needs to know of them: who must have one, who has, and whether one was
shown lately. How one is set up and checked is the sign-in's business (``panel/signin``)."""

import time
from collections.abc import Iterable

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from mailward.model.rights import MUST_HAVE_SECOND_FACTOR, Grant
from mailward.model.settings import SecondFactor
from mailward.web.office import office

FRESH_SECONDS = 600
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes stand in for one, and are none


def is_demanded(grants: Iterable[Grant]) -> bool:
    """Whether whoever holds these grants must have a second factor."""
    match office().settings.second_factor:
        case SecondFactor.OPTIONAL:
            return False
        case SecondFactor.EVERYBODY:
            return True
        case _:
            return any(grant.role in MUST_HAVE_SECOND_FACTOR for grant in grants)


def has_one(account: int) -> bool:
    return bool(Authenticator.objects.filter(user_id=account, type__in=FACTORS).exists())


def was_shown(request: HttpRequest) -> bool:
    """In this session, by whoever is signed in, at any time."""
    return _latest(request, "mfa") > 0


def is_fresh(request: HttpRequest, grants: Iterable[Grant]) -> bool:
    """Whether a second factor was shown lately in this session, or the password where none is set up and none demanded."""
    since = time.time() - FRESH_SECONDS
    if _latest(request, "mfa") > since:
        return True
    if _latest(request, "password") <= since or request.user.pk is None:
        return False
    return not is_demanded(grants) and not has_one(request.user.pk)


def is_present(request: HttpRequest) -> bool:
    """Whether whoever sits there has lately shown to be the account's owner, as well as that account can."""
    since = time.time() - FRESH_SECONDS
    if _latest(request, "mfa") > since:
        return True
    return _latest(request, "password") > since and request.user.pk is not None and not has_one(request.user.pk)


def _latest(request: HttpRequest, method: str) -> float:
    """When that was last shown, in seconds since 1970; 0: never."""
    user = request.user
    if not isinstance(user, AbstractBaseUser):
        return 0
    records = get_authentication_records(request, user)
    return max((float(record.get("at", 0)) for record in records if record.get("method") == method), default=0)
