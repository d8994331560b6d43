"""When an app password was last used, and from which address: out of the lines that Dovecot's log-in writes.

``log_debug`` in its configuration asks for exactly one line per log-in, in which the second SQL passdb tells the selector
and the client's address (``app``, ``app_from``); the same line comes for Postfix' log-ins. What a client sends can't begin
a line, nor hold a tab: Dovecot escapes both. A line that isn't exactly of this form is passed over.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from django.db import transaction

from mailward.steward.host import Host
from mailward.store.models import AppPassword

BEFORE = b" auth: Debug: client passdb out: OK\t"
_SELECTOR = re.compile(r"[a-z2-9]{4}-[a-z2-9]{3}")
EXACT = timedelta(minutes=1)  # a program that logs in every second isn't written down every second


@dataclass(frozen=True)
class Use:
    address: str
    selector: str
    came_from: str
    at: datetime


def learn(host: Host) -> int:
    """Write down who has used one since the last call; how many lines told it."""
    lines = host.logins()
    uses = read_uses(lines) if lines else ()
    if uses:
        write(uses, host.clock.now())
    return len(uses)


def read_uses(lines: Iterable[bytes]) -> tuple[Use, ...]:
    """The uses that these lines tell."""
    return tuple(use for line in lines if (use := _read(line)) is not None)


@transaction.atomic
def write(uses: Iterable[Use], now: datetime) -> None:
    """The last of each counts. One that is gone, or of another mailbox, is nobody's."""
    last = {(use.address, use.selector): use for use in uses}
    for use in last.values():
        local, _, domain = use.address.rpartition("@")
        at = min(use.at, now)
        rows = AppPassword.objects.filter(
            selector=use.selector, mailbox__local_part=local, mailbox__domain__name=domain
        ).exclude(last_used_at__gt=at - EXACT, last_used_from=use.came_from)
        rows.update(last_used_at=at, last_used_from=use.came_from)


def _read(line: bytes) -> Use | None:
    time, found, rest = line.partition(BEFORE)
    if not found:
        return None
    try:
        told = dict(one.split("=", 1) for one in rest.decode("ascii").split("\t")[1:] if "=" in one)
        at = datetime.fromisoformat(time.decode("ascii")).astimezone()
        selector, came_from = told["app"], str(ip_address(told["app_from"]))
    except (ValueError, KeyError, OverflowError, OSError):
        return None
    return Use(told.get("user", ""), selector, came_from, at) if _SELECTOR.fullmatch(selector) else None
