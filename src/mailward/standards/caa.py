"""CAA: which certificate authorities may issue for a name (RFC 8659; accounts and ways of proof RFC 8657).

Records in presentation format (``0 issue "ca.example"``) are read and written, the closest set above a name is found with
a Resolver that is handed in, and judged as a CA has to. Nothing is asked but DNS, and that not by this module.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailward.model.errors import BadInput
from mailward.model.outside import DnsAnswer, Resolver
from mailward.model.sentence import Sentence
from mailward.standards.txt import joined_text

CRITICAL = 128
MOST_RECORDS = 100
LONGEST_RECORD = 2_000  # characters of one record
MOST_LABELS = 127
KNOWN_TAGS = ("issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc")
_CAA = re.compile(r'\s*([0-9]{1,3})\s+([A-Za-z0-9]{1,255})\s+("?.*)', re.DOTALL)
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_PARAMETER = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)")


@dataclass(frozen=True, order=True)
class Caa:
    """One CAA record. ``tag`` is in lower case."""

    flags: int
    tag: str
    value: str

    @property
    def is_critical(self) -> bool:
        return bool(self.flags & CRITICAL)

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.flags} {self.tag} "{escaped}"'


@dataclass(frozen=True)
class Issuer:
    """What an issue or issuewild value says. ``name`` "": nobody. ``methods`` and ``account`` narrow it (RFC 8657)."""

    name: str
    account: str = ""
    methods: tuple[str, ...] = ()


class Permission(StrEnum):
    """What the records say to one CA."""

    ALLOWED = "allowed"  # it is named
    OPEN = "open"  # no record restricts anybody
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"  # DNS gave no answer: a CA wouldn't issue either


@dataclass(frozen=True)
class Judged:
    """``at`` is the name whose records count, "" when there are none; ``answers`` are what was asked on the way."""

    permission: Permission
    at: str
    records: tuple[Caa, ...]
    answers: tuple[DnsAnswer, ...]


def parse(text: str) -> Caa:
    """A record in presentation format. Raises BadInput (``caa-unreadable``).

    >>> parse('0 issue "ca.example; validationmethods=dns-01"').tag
    'issue'
    """
    found = _CAA.fullmatch(text) if len(text) <= LONGEST_RECORD else None
    if found is None or int(found[1]) > 255:
        raise BadInput(
            "caa",
            Sentence("This is not a CAA record."),
            Sentence('It reads like: 0 issue "ca.example"'),
            code="caa-unreadable",
        )
    return Caa(int(found[1]), found[2].lower(), joined_text(found[3]))


def issuer(value: str) -> Issuer:
    """What a value of issue or issuewild says. What breaks the grammar names nobody (RFC 8659 section 4.2)."""
    name, *parameters = value.split(";")
    name = name.strip(" \t").lower()
    if name and not _DOMAIN.fullmatch(name):
        return Issuer("")
    read: dict[str, str] = {}
    for parameter in parameters:
        if not parameter.strip(" \t"):
            continue
        found = _PARAMETER.fullmatch(parameter.strip(" \t"))
        if found is None:
            return Issuer("")
        read[found[1].lower()] = found[2]
    methods = tuple(method.lower() for method in read.get("validationmethods", "").split(",") if method)
    if "validationmethods" in read and not methods:
        return Issuer("")
    return Issuer(name, read.get("accounturi", ""), methods)


def issue(ca: str, *, account: str = "", methods: Sequence[str] = (), wildcard: bool = False) -> Caa:
    """The record that lets this CA issue."""
    said = [
        ca,
        *([f"accounturi={account}"] if account else ()),
        *([f"validationmethods={','.join(methods)}"] if methods else ()),
    ]
    return Caa(0, "issuewild" if wildcard else "issue", "; ".join(said))


def relevant(domain: str, resolver: Resolver) -> tuple[str, tuple[str, ...], tuple[DnsAnswer, ...]]:
    """The closest name at or above ``domain`` that has CAA records (RFC 8659 section 3), the records, and every answer.

    It ends at the first question that DNS doesn't answer: then the last answer's rcode is neither NOERROR nor NXDOMAIN.
    """
    labels = domain.removeprefix("*.").rstrip(".").lower().split(".")[-MOST_LABELS:]
    answers: list[DnsAnswer] = []
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        answer = resolver.query(name, "CAA")
        answers.append(answer)
        if answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return "", (), tuple(answers)
        if answer.records:
            return name, answer.records, tuple(answers)
    return "", (), tuple(answers)


def may_issue(
    ca: str, domain: str, wildcard: bool, resolver: Resolver, *, account: str | None = None, method: str | None = None
) -> Judged:
    """Whether this CA (by its CAA name) may issue for ``domain``, or for ``*.domain`` when ``wildcard``.

    ``account`` and ``method`` None: not looked at."""
    at, texts, answers = relevant(domain, resolver)
    if answers and answers[-1].rcode not in ("NOERROR", "NXDOMAIN"):
        return Judged(Permission.UNKNOWN, at, (), answers)
    records, broken = _read(texts)
    return Judged(judge(records, ca, wildcard, broken=broken, account=account, method=method), at, records, answers)


def judge(
    records: Sequence[Caa],
    ca: str,
    wildcard: bool,
    *,
    broken: bool = False,
    account: str | None = None,
    method: str | None = None,
) -> Permission:
    """What a relevant set says to one CA (RFC 8659 sections 4.1 to 4.3). ``broken``: a record of it can't be read."""
    if broken or any(record.is_critical and record.tag not in KNOWN_TAGS for record in records):
        return Permission.FORBIDDEN
    by_tag = {tag: [record for record in records if record.tag == tag] for tag in ("issue", "issuewild")}
    counting = by_tag["issuewild"] if wildcard and by_tag["issuewild"] else by_tag["issue"]
    if not counting:
        return Permission.OPEN
    for said in (issuer(record.value) for record in counting):
        if not said.name or said.name != ca.rstrip(".").lower():
            continue
        if account is not None and said.account and said.account != account:
            continue
        if method is not None and said.methods and method.lower() not in said.methods:
            continue
        return Permission.ALLOWED
    return Permission.FORBIDDEN


def _read(texts: Sequence[str]) -> tuple[tuple[Caa, ...], bool]:
    read: list[Caa] = []
    broken = len(texts) > MOST_RECORDS
    for text in texts[:MOST_RECORDS]:
        try:
            read.append(parse(text))
        except BadInput:
            broken = True
    return tuple(read), broken
