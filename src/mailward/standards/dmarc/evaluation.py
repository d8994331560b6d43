"""Whether a message passes DMARC (RFC 9989 sections 4.4, 4.10.2 and 5.3): an authenticated name that aligns with the
author's domain. The results of SPF and DKIM are handed in; what is done with a message that fails is the caller's choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailward.model.outside import Resolver
from mailward.standards.dmarc.discovery import Discovered, TreeWalk, domain_of, policy_for, tree_walk
from mailward.standards.dmarc.record import DmarcError, DmarcRecord, Mode, Policy

MOST_SIGNATURES = 10  # more passing signatures aren't looked at: each may cost eight questions


class DmarcResult(StrEnum):
    """RFC 8601 section 2.7 and RFC 9989 section 9.2: ``none`` when no record applies."""

    PASS = "pass"  # noqa: S105 - the result, not a password
    FAIL = "fail"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True)
class DmarcCheck:
    """``disposition`` is what the owner asks to do with the message: NONE unless it failed.

    ``spf`` is the aligned SPF domain or None, ``dkim`` the aligned signing domains. ``trouble`` is the rcode, or
    ``domain`` for an author's domain that is none.
    """

    result: DmarcResult
    from_domain: str
    disposition: Policy = Policy.NONE
    policy_domain: str | None = None
    organizational_domain: str | None = None
    record: DmarcRecord | None = None
    spf: str | None = None
    dkim: tuple[str, ...] = ()
    trouble: str | None = None


def aligned(author: str, authenticated: str, mode: Mode, resolver: Resolver) -> bool | None:
    """Whether two domains align; None when a name server left it open."""
    return _Alignment(resolver).aligned(domain_of(author), domain_of(authenticated), mode)


def evaluate(
    from_domain: str,
    spf: tuple[str, str] | None,
    dkim: Sequence[tuple[str, str]],
    resolver: Resolver,
) -> DmarcCheck:
    """DMARC's word on a message from ``from_domain``; ``spf`` and ``dkim`` are (result, domain) as those checks said."""
    try:
        found = policy_for(from_domain, resolver)
    except DmarcError:
        return DmarcCheck(DmarcResult.PERMERROR, from_domain[:253], trouble="domain")
    if found.rcode is not None:
        result = DmarcResult.TEMPERROR if found.passing_trouble else DmarcResult.PERMERROR
        return _check(found, result, trouble=found.rcode)
    if found.record is None or not found.record.applies:
        return _check(found, DmarcResult.NONE)
    alignment = _Alignment(resolver, found.walk)
    spf_domain = _passed(spf)
    signers = list(dict.fromkeys(name for one in dkim if (name := _passed(one)) is not None))[:MOST_SIGNATURES]
    spf_aligned = None if spf_domain is None else alignment.aligned(found.domain, spf_domain, found.record.aspf)
    dkim_aligned = [(name, alignment.aligned(found.domain, name, found.record.adkim)) for name in signers]
    verdicts = [spf_aligned if spf_domain else False, *(verdict for _, verdict in dkim_aligned)]
    if True in verdicts:
        result = DmarcResult.PASS
    elif None in verdicts:
        return _check(found, DmarcResult.TEMPERROR, trouble=alignment.rcode)
    else:
        result = DmarcResult.FAIL
    names = tuple(name for name, verdict in dkim_aligned if verdict)
    return _check(found, result, spf=spf_domain if spf_aligned else None, dkim=names)


def _check(
    found: Discovered,
    result: DmarcResult,
    *,
    spf: str | None = None,
    dkim: tuple[str, ...] = (),
    trouble: str | None = None,
) -> DmarcCheck:
    disposition = found.policy if result is DmarcResult.FAIL else Policy.NONE
    return DmarcCheck(
        result,
        found.domain,
        disposition,
        found.policy_domain,
        found.organizational_domain,
        found.record,
        spf,
        dkim,
        trouble,
    )


def _passed(said: tuple[str, str] | None) -> str | None:
    """The domain of a check that passed, None for every other result and for what is no domain."""
    if said is None or str(said[0]).lower() != "pass":
        return None
    try:
        return domain_of(said[1])
    except DmarcError:
        return None


class _Alignment:
    """The walks of one evaluation, each made once."""

    def __init__(self, resolver: Resolver, walk: TreeWalk | None = None) -> None:
        self._resolver = resolver
        self._walks = {walk.domain: walk} if walk else {}
        self.rcode: str | None = None

    def aligned(self, author: str, authenticated: str, mode: Mode) -> bool | None:
        if author == authenticated:  # section 4.10.2: no walk is needed
            return True
        if mode is Mode.STRICT or author.rpartition(".")[2] != authenticated.rpartition(".")[2]:
            return False
        mine, theirs = self._organization(author), self._organization(authenticated)
        return None if mine is None or theirs is None else mine == theirs

    def _organization(self, domain: str) -> str | None:
        walk = self._walks.get(domain) or self._walks.setdefault(domain, tree_walk(domain, self._resolver))
        if walk.trouble is not None:
            self.rcode = walk.trouble.rcode
            return None
        return walk.organizational_domain
