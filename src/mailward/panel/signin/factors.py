"""Second factors of an account: one-time codes of an app (RFC 6238), passkeys (WebAuthn), and recovery codes that stand in.

A one-time code counts once: the step of time that it belongs to is kept, and nothing up to it is taken again
(RFC 6238 section 5.2).
"""

import time
from dataclasses import dataclass
from datetime import datetime

from allauth.account.internal.flows.login import record_authentication
from allauth.core import ratelimit
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.panel.signin import told
from mailward.store.models import Account
from mailward.web.second_factor import FACTORS

PERIOD, DRIFT = 30, 1
TOTP_TYPE, PASSKEY, RECOVERY = Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN, Authenticator.Type.RECOVERY_CODES


@dataclass(frozen=True)
class Factor:
    """One of the things that somebody has set up. ``name``: what a person called a passkey; "": a code app."""

    number: int
    kind: str
    name: str
    created_at: datetime
    last_used_at: datetime | None

    @property
    def is_passkey(self) -> bool:
        return self.kind == str(PASSKEY)


def factors_of(account: Account) -> tuple[Factor, ...]:
    rows = Authenticator.objects.filter(user=account, type__in=FACTORS).order_by("pk")
    return tuple(Factor(row.pk, row.type, row.data.get("name", ""), row.created_at, row.last_used_at) for row in rows)


def has(account: Account, kind: str) -> bool:
    return bool(Authenticator.objects.filter(user=account, type=kind).exists())


def recovery_codes_left(account: Account) -> int:
    row = Authenticator.objects.filter(user=account, type=RECOVERY).first()
    return len(RecoveryCodes(row).get_unused_codes()) if row else 0


def check_code(request: HttpRequest, account: Account, code: str, *, again: bool = False) -> None:
    """A one-time code or a recovery code; it counts for this session then. ``again``: of somebody who is signed in.

    Raises BadInput for a wrong one, and for any when too many were tried.
    """
    key = _counted(request, account)
    clean = "".join(code.split()).replace("-", "")
    used = _used(account, clean[:32])
    if used is None:
        told.failed(request, account, "second-factor")
        raise BadInput("code", Sentence("this code is not right"), Sentence("A code counts once: wait for the next one."))
    ratelimit.clear(request, action="login_failed", key=key)
    post_authentication(request, used, reauthenticated=again)


def _counted(request: HttpRequest, account: Account) -> str:
    key = f"second-factor:{account.pk}"
    if not ratelimit.consume(request, action="login_failed", key=key):
        raise too_many("code")
    return key


def too_many(field: str) -> BadInput:
    said = Sentence("too many attempts")
    return BadInput(field, said, Sentence("Wait five minutes, then try again."), code="too-many")


def _used(account: Account, code: str) -> Authenticator | None:
    with transaction.atomic():
        rows = Authenticator.objects.filter(user=account, type__in=(TOTP_TYPE, RECOVERY)).order_by("-type")
        for row in rows.select_for_update():
            row.user = account
            if row.type == TOTP_TYPE:
                step = fitting_step(decrypt(row.data["secret"]), code, int(row.data.get("last_step", 0)))
                if step is not None:
                    row.data["last_step"] = step
                    row.save(update_fields=["data"])
                    return row
            elif RecoveryCodes(row).validate_code(code):
                return Authenticator.objects.get(pk=row.pk)
    return None


def fitting_step(secret: str, code: str, after: int = 0) -> int | None:
    """The step of time whose code this is, if it lies after ``after``."""
    now = int(time.time()) // PERIOD
    for step in range(now - DRIFT, now + DRIFT + 1):
        if constant_time_compare(format_hotp_value(hotp_value(secret, step)), code) and step > after:
            return step
    return None


@transaction.atomic
def add_code_app(request: HttpRequest, account: Account, secret: str, code: str) -> None:
    """Raises BadInput when the code doesn't fit: the app holds another secret, or its clock is wrong."""
    if has(account, TOTP_TYPE):
        raise BadInput("code", Sentence("a one-time code app is set up already"), Sentence("Remove that one first."))
    key = _counted(request, account)
    step = fitting_step(secret, "".join(code.split()))
    if step is None:
        remedy = Sentence("Scan the picture again, and see whether the clock of your phone is right.")
        raise BadInput("code", Sentence("this code is not right"), remedy)
    ratelimit.clear(request, action="login_failed", key=key)
    row = TOTP.activate(account, secret).instance
    row.data["last_step"] = step
    row.save(update_fields=["data"])
    added(request, account, row)


def added(request: HttpRequest, account: Account, row: Authenticator) -> None:
    """It was shown in the same breath, so it counts for this session."""
    record_authentication(request, account, "mfa", id=row.pk, type=row.type)
    told.tell(request, account, "second-factor.added", kind=str(row.type))


@transaction.atomic
def remove(request: HttpRequest, account: Account, number: int, *, demanded: bool) -> None:
    """Take one away. Raises BadInput for one that isn't this account's, and for the last one that is ``demanded``."""
    mine = Authenticator.objects.filter(user=account, type__in=FACTORS)
    row = mine.filter(pk=number).first()
    if row is None:
        raise BadInput("factor", Sentence("there is no such second factor"), code="unknown")
    if demanded and mine.count() == 1:
        raise BadInput("factor", Sentence("your role asks for a second factor"), Sentence("Add another one first."))
    kind = str(row.type)
    row.delete()
    if not mine.exists():
        Authenticator.objects.filter(user=account, type=RECOVERY).delete()
    told.tell(request, account, "second-factor.removed", kind=kind)


@transaction.atomic
def new_recovery_codes(request: HttpRequest, account: Account) -> tuple[str, ...]:
    """Ten new ones; the old ones count no more. Raises BadInput when there is nothing that they could stand in for."""
    if not Authenticator.objects.filter(user=account, type__in=FACTORS).exists():
        raise BadInput("recovery", Sentence("set up a code app or a passkey first"))
    Authenticator.objects.filter(user=account, type=RECOVERY).delete()
    made = RecoveryCodes.activate(account)
    told.tell(request, account, "second-factor.codes-made")
    return tuple(made.generate_codes())


def recovery_codes(account: Account) -> tuple[str, ...]:
    """Those not used yet."""
    row = Authenticator.objects.filter(user=account, type=RECOVERY).first()
    return tuple(RecoveryCodes(row).get_unused_codes()) if row else ()
