"""The certificate budget: how much of the CA's limits is used, and when they would be exceeded. Pure.

From what was issued and what is planned, per limit: what is used now, the most that any coming week will use, and the
first moment at which a planned order would be refused. The limits are data (Let's Encrypt's, as published).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailward.certificates.suffixes import SHORT_LIST, Suffixes


class Per(StrEnum):
    """What a limit counts by."""

    REGISTERED_DOMAIN = "registered domain"
    ACCOUNT = "account"
    SAME_NAMES = "same names"
    HOST = "host"


@dataclass(frozen=True)
class Limit:
    """So many ``what`` per ``per`` within ``window``.

    ``renewals_count``: False where a certificate for names that had one before is exempt; ``ari_counts``: False where
    one that says which certificate it replaces is.
    """

    code: str
    per: Per
    what: str  # certificates, orders, failed authorizations
    most: int
    window: timedelta
    renewals_count: bool
    ari_counts: bool


# https://letsencrypt.org/docs/rate-limits/: a renewal announced by ARI is exempt from all that count
# successes; another certificate for exactly the same names is exempt from the first two.
LETS_ENCRYPT = (
    Limit("certificates-per-registered-domain", Per.REGISTERED_DOMAIN, "certificates", 50, timedelta(days=7), False, False),
    Limit("orders-per-account", Per.ACCOUNT, "orders", 300, timedelta(hours=3), False, False),
    Limit("same-names", Per.SAME_NAMES, "certificates", 5, timedelta(days=7), True, False),
    Limit("failed-authorizations-per-host", Per.HOST, "failed authorizations", 5, timedelta(hours=1), True, True),
)


@dataclass(frozen=True)
class Issuance:
    """An order that was made or is planned. ``ari``: it replaces a certificate and says so to the CA (RFC 9773)."""

    at: datetime
    names: tuple[str, ...]
    ari: bool = False
    failed: bool = False  # the CA could not validate a name: counts as a failed authorization, not as a certificate


@dataclass(frozen=True)
class Week:
    """The fullest ``window`` that ends in these seven days: ``used`` of ``most``."""

    begins: datetime
    used: int
    most: int


@dataclass(frozen=True)
class Forecast:
    """One limit for one subject (a registered domain, a set of names, a host, or "" for the account)."""

    limit: Limit
    subject: str
    used: int  # in the window that ends now
    weeks: tuple[Week, ...]
    exceeded_at: datetime | None  # the first planned order that would be refused; None: none in the coming weeks

    @property
    def left(self) -> int:
        return max(0, self.limit.most - self.used)


def forecast(
    history: Iterable[Issuance],
    planned: Iterable[Issuance],
    now: datetime,
    *,
    weeks: int = 8,
    limits: tuple[Limit, ...] = LETS_ENCRYPT,
    suffixes: Suffixes = SHORT_LIST,
) -> tuple[Forecast, ...]:
    """Per limit and subject, the fullest first. Planned orders that are overdue count as made now."""
    end = now + timedelta(weeks=weeks)
    made = [(one.at, one) for one in history if one.at <= now]
    coming = [(max(one.at, now), one) for one in planned if one.at <= end]
    timeline = sorted(made + coming, key=lambda pair: pair[0])
    found = []
    for limit in limits:
        moments: dict[str, list[datetime]] = defaultdict(list)
        seen: set[frozenset[str]] = set()
        for at, one in timeline:
            known = frozenset(one.names) in seen
            if not one.failed:
                seen.add(frozenset(one.names))
            if (limit.ari_counts or not one.ari) and (limit.renewals_count or not known):
                for subject in _subjects(one, limit, suffixes):
                    moments[subject].append(at)
        found += [_one(limit, subject, at, now, weeks) for subject, at in moments.items()]
    return tuple(sorted(found, key=lambda one: (-_peak(one) / one.limit.most, one.limit.code, one.subject)))


def _subjects(one: Issuance, limit: Limit, suffixes: Suffixes) -> set[str]:
    """The subjects for which ``one`` counts against ``limit``."""
    if limit.per is Per.HOST:
        return {name.removeprefix("*.") for name in one.names} if one.failed else set()
    if limit.per is Per.ACCOUNT:
        return {""}
    if one.failed:
        return set()
    if limit.per is Per.SAME_NAMES:
        return {" ".join(sorted(set(one.names)))}
    return {suffixes.registered(name) for name in one.names}


def _one(limit: Limit, subject: str, moments: list[datetime], now: datetime, weeks: int) -> Forecast:
    used_at = _running(moments, limit.window)
    begins = [now + timedelta(weeks=week) for week in range(weeks)]
    used_now = sum(1 for at in moments if now - limit.window < at <= now)
    tables = tuple(_week(begin, moments, used_at, limit) for begin in begins)
    exceeded = next((at for at, used in zip(moments, used_at, strict=True) if at >= now and used > limit.most), None)
    return Forecast(limit, subject, used_now, tables, exceeded)


def _running(moments: list[datetime], window: timedelta) -> list[int]:
    """How many of the sorted ``moments`` lie in the window that ends at each of them (two fingers, linear)."""
    counts, first = [], 0
    for last, at in enumerate(moments):
        while moments[first] <= at - window:
            first += 1
        counts.append(last - first + 1)
    return counts


def _week(begin: datetime, moments: list[datetime], used_at: list[int], limit: Limit) -> Week:
    end = begin + timedelta(weeks=1)
    at_begin = sum(1 for at in moments if begin - limit.window < at <= begin)
    fullest = max((used for at, used in zip(moments, used_at, strict=True) if begin <= at < end), default=0)
    return Week(begin, max(at_begin, fullest), limit.most)


def _peak(one: Forecast) -> int:
    return max((one.used, *(week.used for week in one.weeks)))
