"""How an MTA-STS policy (RFC 8461) comes, grows strict, and goes: the stages, so that protection never stops mail. Pure.

Nothing is served before the certificates are there that senders will insist on; a policy is tried in testing mode before it
is enforced; and it goes by way of the mode ``none`` for as long as senders may remember it (section 8.3).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from mailward.model.dns import MtaStsMode
from mailward.model.settings import Settings
from mailward.standards.mta_sts import Mode, StsPolicy

TESTING_AT_LEAST = timedelta(days=1)
AGES = {Mode.TESTING: 86_400, Mode.ENFORCE: 1_209_600, Mode.NONE: 86_400}
"""Seconds for which senders remember a policy."""
FORGOTTEN_AFTER = timedelta(seconds=AGES[Mode.ENFORCE])


@dataclass(frozen=True)
class Seen:
    """What is so now. ``certificates``: senders will meet valid ones at the policy's host and at the mail host. ``green``:
    the latest check, made since the policy is served as it is, found nothing against it."""

    served: Mode | None
    since: datetime | None
    certificates: bool
    green: bool


@dataclass(frozen=True)
class Stage:
    """``mode``: what to serve now (None: nothing). ``wish``: what remains of the domain's wish."""

    mode: Mode | None
    wish: MtaStsMode


def testing_at_least(settings: Settings) -> timedelta:
    """A demo has no strangers whose servers could report."""
    return TESTING_AT_LEAST if settings.demo is None else timedelta(0)


def stage(wish: MtaStsMode, seen: Seen, now: datetime, testing: timedelta) -> Stage:
    """The stage that follows from the wish and from what is so."""
    if wish in (MtaStsMode.OFF, MtaStsMode.NONE):
        return _going(wish, seen, now)
    if not seen.certificates:  # a policy that is there already stays, as mildly as it can be
        return Stage(None if seen.served in (None, Mode.NONE) else Mode.TESTING, wish)
    if wish is MtaStsMode.TESTING or seen.served is None or seen.served is Mode.NONE:
        return Stage(Mode.TESTING, wish)
    if seen.served is Mode.ENFORCE:
        return Stage(Mode.ENFORCE, wish)
    was_tried = seen.since is not None and now - seen.since >= testing
    return Stage(Mode.ENFORCE if was_tried and seen.green else Mode.TESTING, wish)


def _going(wish: MtaStsMode, seen: Seen, now: datetime) -> Stage:
    if seen.served is None:
        return Stage(None, MtaStsMode.OFF)
    if seen.served is Mode.NONE and seen.since is not None and now - seen.since >= FORGOTTEN_AFTER:
        return Stage(None, MtaStsMode.OFF)
    return Stage(Mode.NONE, MtaStsMode.NONE)


def policy(mode: Mode, hosts: tuple[str, ...]) -> StsPolicy:
    """The policy that is served. ``hosts``: where the domain's mail goes."""
    return StsPolicy(mode, hosts, AGES[mode])


def new_id(content: bytes, now: datetime) -> str:
    """An id for a policy that begins now (section 3.1: letters and digits): senders fetch anew when it changes."""
    return f"{now:%Y%m%d%H%M%S}{_mark(content)}"


def is_of(policy_id: str, content: bytes) -> bool:
    """Whether the id was made for this very policy: it may have been written when its maker was killed."""
    return policy_id.endswith(_mark(content)) and bool(policy_id)


def _mark(content: bytes) -> str:
    return sha256(content).hexdigest()[:12]
