"""Which connections to make: every door, by every name that a client may use, at every address.

Pure. ``webmail.<domain>`` on the web doors and ``mail.<domain>`` on the mail doors are what a choice of certificate
promises; the bare domain, ``autoconfig.`` and ``autodiscover.`` are names that clients try all the same, so they are
looked at, but not required. The server itself is asked for its own name, for a name it can't know, and for none.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from mailward.model.doors import Door, Role
from mailward.model.findings import SERVER, DoorQuestion
from mailward.model.settings import Settings

UNKNOWN_NAME = "unknown-name.invalid"  # RFC 6761 section 6.4: never exists

Wanted = Callable[[Role, str | None], str | None]
"""The fingerprint of the leaf that ought to be served to a client that sends this name (None: no name) at the doors of
this role; None when nothing is known."""


def no_companion(_role: Role, _name: str | None) -> str | None:
    """What is wanted of a client that knows no ECDSA, where no certificate has an RSA companion: it isn't asked."""
    return None


def required_name(role: Role, domain: str) -> str:
    """The one name that a domain's certificate must cover for this role."""
    return f"webmail.{domain}" if role is Role.WEB else f"mail.{domain}"


def names_of(role: Role, domain: str) -> tuple[str, ...]:
    """The names that clients of a domain may use at the doors of this role, the required one first."""
    others = (f"autoconfig.{domain}", f"autodiscover.{domain}") if role is Role.WEB else ()
    return (required_name(role, domain), *others, domain)


def door_questions(
    settings: Settings,
    domains: Sequence[str],
    wanted: Wanted,
    addresses: Sequence[str],
    *,
    server: bool = True,
    companion: Wanted = no_companion,
) -> tuple[DoorQuestion, ...]:
    """The questions about ``domains``, then about the server itself unless ``server`` is False. In a stable order.

    ``companion`` is like ``wanted`` for clients that know no ECDSA: where it knows a leaf, they ask too.
    """
    found = [
        question
        for domain in domains
        for question in domain_questions(settings, domain, wanted, addresses, companion=companion)
    ]
    if server:
        found.extend(server_questions(settings, wanted, addresses, companion=companion))
    return tuple(found)


def domain_questions(
    settings: Settings,
    domain: str,
    wanted: Wanted,
    addresses: Sequence[str],
    roles: Iterable[Role] = Role,
    *,
    companion: Wanted = no_companion,
) -> list[DoorQuestion]:
    """The questions about one domain, at the doors of ``roles``."""
    asked = [
        DoorQuestion(domain, name, door, settings.ports[door], address, name, wanted(role, name), name == required)
        for role in roles
        for required in (required_name(role, domain),)
        for name in names_of(role, domain)
        for door in doors_of(settings, role)
        for address in addresses
    ]
    return _by_profile(asked, settings, companion)


def server_questions(
    settings: Settings, wanted: Wanted, addresses: Sequence[str], *, companion: Wanted = no_companion
) -> list[DoorQuestion]:
    """The questions about the server's own certificates: its own name, a name it can't know, and no name."""
    asked = [
        DoorQuestion(
            SERVER,
            sni or "",
            door,
            settings.ports[door],
            address,
            sni,
            wanted(role, sni if sni == settings.hostname else None),
            expects_server=sni != settings.hostname,
        )
        for sni in (settings.hostname, UNKNOWN_NAME, None)
        for role in Role
        for door in doors_of(settings, role)
        for address in addresses
    ]
    return _by_profile(asked, settings, companion)


def _by_profile(asked: Sequence[DoorQuestion], settings: Settings, companion: Wanted) -> list[DoorQuestion]:
    """The questions as the TLS profile wants them. Whoever speaks TLS 1.3 knows ECDSA, so nobody else is asked as."""
    if settings.is_modern:
        by_rsa = _and_by_rsa([q for q in asked if q.door is Door.SMTP], companion)
        modern = [replace(q, modern=True) for q in asked if q.door is not Door.SMTP]
        return [*modern, *by_rsa]
    return _and_by_rsa(asked, companion)


def _and_by_rsa(asked: Sequence[DoorQuestion], companion: Wanted) -> list[DoorQuestion]:
    """Each question, and after it the same one by a client that knows no ECDSA, where something is wanted for it."""
    found = []
    for question in asked:
        found.append(question)
        name = None if question.expects_server else question.sni
        wanted = companion(question.door.kind.role, name)
        if wanted is not None:
            found.append(replace(question, wanted_sha256=wanted, rsa_only=True))
    return found


def doors_of(settings: Settings, role: Role) -> tuple[Door, ...]:
    """The open doors of a role, in the order in which they are listed everywhere."""
    return tuple(door for door in Door if settings.is_open(door) and door.kind.role is role)
