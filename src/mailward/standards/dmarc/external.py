"""Whether a reports' address of another organization agreed to receive a domain's reports (RFC 9990 section 4):
``<domain>._report._dmarc.<target>`` must say ``v=DMARC1``. Without that word the address gets no reports.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from mailward.model.outside import Resolver
from mailward.standards.dmarc.discovery import domain_of, organizational_domain
from mailward.standards.dmarc.record import DmarcError, mailto_address, parse
from mailward.standards.hostname import LONGEST_NAME
from mailward.standards.txt import joined_text


class Permission(StrEnum):
    """``not_needed``: the address belongs to the organization itself; ``unknown``: a name server left it open."""

    NOT_NEEDED = "not_needed"
    GIVEN = "given"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class External:
    """What was found for one reports' URI. ``name`` is where the permission is looked for, ``rua`` where the reports go
    after the target's own wish; () when none may be sent."""

    permission: Permission
    target: str
    name: str
    rua: tuple[str, ...]


def destination(uri: str) -> str | None:
    """The host of a reports' URI; None when it names none."""
    address = mailto_address(uri)
    try:
        host = address.rpartition("@")[2] if address else urlsplit(uri).hostname
        return domain_of(host) if host else None
    except (DmarcError, ValueError):
        return None


def permission_name(domain: str, target: str) -> str:
    """Where ``target`` says that it takes the reports of ``domain``."""
    return f"{domain}._report._dmarc.{target}"


def external(domain: str, uri: str, resolver: Resolver) -> External:
    """May ``domain`` (where the policy stands) have its reports sent to ``uri``? DmarcError when it is no domain."""
    holder = domain_of(domain)
    target = destination(uri)
    if target is None:
        return External(Permission.MISSING, "", "", ())
    name = permission_name(holder, target)
    if target == holder:
        return External(Permission.NOT_NEEDED, target, name, (uri,))
    organizations = (organizational_domain(holder, resolver), organizational_domain(target, resolver))
    if None in organizations:
        return External(Permission.UNKNOWN, target, name, ())
    if organizations[0] == organizations[1]:
        return External(Permission.NOT_NEEDED, target, name, (uri,))
    return _asked(uri, target, name, resolver)


def _asked(uri: str, target: str, name: str, resolver: Resolver) -> External:
    if len(name) > LONGEST_NAME:
        return External(Permission.MISSING, target, name, ())
    answer = resolver.query(name, "TXT")
    if answer.rcode not in ("NOERROR", "NXDOMAIN"):
        return External(Permission.UNKNOWN, target, name, ())
    said = []
    for text in answer.records:
        try:
            said.append(parse(joined_text(text)))
        except DmarcError:
            continue
    if not said:
        return External(Permission.MISSING, target, name, ())
    wishes = [wish for record in said for wish in record.rua]
    if any(destination(wish) != target for wish in wishes):  # step 9: no report to either address
        return External(Permission.MISSING, target, name, ())
    return External(Permission.GIVEN, target, name, tuple(wishes[:1]) or (uri,))
