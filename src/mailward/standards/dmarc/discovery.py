"""Where the DMARC record of a domain stands (RFC 9989 section 4.10): the DNS tree walk, at most eight questions.

There is no public suffix list any more: the records themselves say where an organization begins (``psd``). A name server
that doesn't answer leaves the question open (``trouble``): nothing is concluded from the records that were found by then.
"""

from dataclasses import dataclass

import idna

from mailward.model.outside import Resolver
from mailward.model.sentence import Sentence
from mailward.standards.dmarc.record import DmarcError, DmarcRecord, Policy, Psd, is_dmarc, parse
from mailward.standards.hostname import LONGEST_INPUT, LONGEST_LABEL, LONGEST_NAME, show
from mailward.standards.txt import joined_text

MOST_QUERIES = 8
_ANSWERED = ("NOERROR", "NXDOMAIN")
_FOR_NOW = ("TIMEOUT", "SERVFAIL", "REFUSED")


@dataclass(frozen=True)
class Step:
    """One question of the walk: ``record`` None when there is none, or (``several``) more than one: that counts as none."""

    domain: str
    rcode: str
    record: DmarcRecord | None
    server: str
    several: bool = False

    @property
    def answered(self) -> bool:
        return self.rcode in _ANSWERED


@dataclass(frozen=True)
class TreeWalk:
    """The questions in their order, the longest name first."""

    domain: str
    steps: tuple[Step, ...]

    @property
    def trouble(self) -> Step | None:
        """The step that got no answer; the walk ends there."""
        return next((step for step in self.steps if not step.answered), None)

    @property
    def organizational_domain(self) -> str:
        """Section 4.10.2; of a walk in trouble it is only the best guess."""
        found = [(step.domain, step.record) for step in self.steps if step.record is not None]
        for domain, record in found:
            if record.psd is Psd.NO:
                return domain
            if record.psd is Psd.YES and domain != self.domain:
                return ".".join(self.domain.split(".")[-(domain.count(".") + 2) :])
        return found[-1][0] if found else self.domain


@dataclass(frozen=True)
class Discovered:
    """The policy that applies to mail from ``domain``. ``record`` None: none is published, or (``trouble``) nobody knows.

    ``policy`` is what the owner asks for, ``t`` applied; ``rcode`` tells the trouble ("TIMEOUT", "SERVFAIL" …).
    """

    domain: str
    walk: TreeWalk
    organizational_domain: str
    policy_domain: str | None = None
    record: DmarcRecord | None = None
    policy: Policy = Policy.NONE
    rcode: str | None = None

    @property
    def passing_trouble(self) -> bool:
        """Whether asking later may help."""
        return self.rcode in _FOR_NOW


def domain_of(text: str) -> str:
    """A domain in the form it is asked for: lower case, A-labels, no dot at the end. DmarcError for what is none."""
    name = text.strip().rstrip(".").lower()
    try:
        if len(text) > LONGEST_INPUT:
            raise ValueError
        if not name.isascii():
            name = idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError, ValueError):
        raise _no_domain(text) from None
    labels = name.split(".")
    plain = all(label and len(label) <= LONGEST_LABEL and all("!" <= c <= "~" for c in label) for label in labels)
    if not plain or len(name) > LONGEST_NAME or any(c in name for c in '"\\();@$'):
        raise _no_domain(text)
    return name


def tree_walk(domain: str, resolver: Resolver) -> TreeWalk:
    """Ask ``_dmarc`` of the domain and of what is above it; a record with ``psd=y`` or ``psd=n`` ends the walk."""
    name = domain_of(domain)
    labels = name.split(".")
    targets = [name] + [".".join(labels[-count:]) for count in range(min(len(labels), MOST_QUERIES) - 1, 0, -1)]
    steps: list[Step] = []
    for target in targets:
        step = look(target, resolver)
        steps.append(step)
        if not step.answered or (step.record is not None and step.record.psd is not Psd.UNSAID):
            break
    return TreeWalk(name, tuple(steps))


def organizational_domain(domain: str, resolver: Resolver) -> str | None:
    """The organization that a domain belongs to; None when a name server left it open."""
    walk = tree_walk(domain, resolver)
    return None if walk.trouble else walk.organizational_domain


def policy_for(domain: str, resolver: Resolver) -> Discovered:
    """The record that applies to mail from this domain: its own, its organization's, or the public suffix's above it."""
    walk = tree_walk(domain, resolver)
    found = {step.domain: step.record for step in walk.steps if step.record is not None}
    organization = walk.organizational_domain
    own = found.get(walk.domain)
    if own is not None:  # a walk that got into trouble higher up doesn't change whose policy it is
        return Discovered(walk.domain, walk, organization, walk.domain, own, own.asked())
    if walk.trouble is not None:
        return Discovered(walk.domain, walk, organization, rcode=walk.trouble.rcode)
    holder = organization if organization in found else next((name for name in reversed(found)), None)
    if holder is None:
        return Discovered(walk.domain, walk, organization)
    record = found[holder]
    there = True
    if record.policy(below=True, exists=False) is not record.policy(below=True):
        answer = resolver.query(walk.domain, "A")
        if answer.rcode not in _ANSWERED:
            return Discovered(walk.domain, walk, organization, holder, record, rcode=answer.rcode)
        there = answer.rcode != "NXDOMAIN"
    return Discovered(walk.domain, walk, organization, holder, record, record.asked(below=True, exists=there))


def look(domain: str, resolver: Resolver) -> Step:
    """What stands at ``_dmarc`` of this one domain."""
    name = f"_dmarc.{domain}"
    if len(name) > LONGEST_NAME:
        return Step(domain, "NXDOMAIN", None, "not asked: the name would be too long")
    answer = resolver.query(name, "TXT")
    if answer.rcode not in _ANSWERED:
        return Step(domain, answer.rcode, None, answer.server)
    texts = [text for text in (joined_text(record) for record in answer.records) if is_dmarc(text)]
    try:
        record = parse(texts[0]) if len(texts) == 1 else None
    except DmarcError:  # far too long
        record = None
    return Step(domain, answer.rcode, record, answer.server, several=len(texts) > 1)


def _no_domain(text: str) -> DmarcError:
    return DmarcError(Sentence("{name} is not a domain.", name=show(text)), code="dmarc-domain")
