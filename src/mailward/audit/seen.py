"""What one check of DNS sees: answers asked for once and remembered, policies fetched, doors of other servers met.

Probes of the board. All I/O is done by what is handed in; nothing is judged here (``audit/rules``).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from mailward.model.checks import CheckFinding, Evidence, Mechanism
from mailward.model.dns import DnsWish, Record
from mailward.model.doors import Tls
from mailward.model.outside import Clock, Dialled, DialTarget, DnsAnswer, HttpAnswer, HttpClient, Resolver, TlsDialer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards.dnssec import ROOT_ANCHORS

MOST_RECORDS, LONGEST_RECORD = 20, 1000
MOST_REMEMBERED = 50_000  # answers; the host's own are asked for again and again, so that they are never the oldest
_GIVEN_UP = "not asked: the time for this domain was over"

K = TypeVar("K")
V = TypeVar("V")


class Once(Generic[K, V]):
    """Remembers what was asked. Who asks while another thread asks the same waits for that answer. What wasn't asked for
    in a long time is forgotten first: many thousands of domains are gone through with one memory."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._known: OrderedDict[K, Future[V]] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, key: K) -> V | None:
        """What is remembered; None while it isn't, or isn't yet."""
        with self._lock:
            future = self._known.get(key)
        return future.result() if future is not None and future.done() and future.exception() is None else None

    def get(self, key: K, ask: Callable[[], V]) -> V:
        with self._lock:
            future = self._known.get(key)
            is_mine = future is None
            if future is None:
                future = self._known[key] = Future()
                if len(self._known) > self._most:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(key)
        if is_mine:
            try:
                future.set_result(ask())
            except BaseException as trouble:
                with self._lock:
                    self._known.pop(key, None)  # the next one tries again
                future.set_exception(trouble)
                raise
        return future.result()


@dataclass(frozen=True)
class Here:
    """What is true of this host, with which DNS must agree."""

    hostname: str
    addresses: tuple[str, ...]  # what the world reaches it by, and what it sends from
    smtp_port: int = 25
    https_port: int = 443
    dnsbls: tuple[str, ...] = ()  # lists to ask about addresses
    ca_issuers: tuple[str, ...] = ()  # the CAA names of the CAs in use: "letsencrypt.org"
    tlsa: tuple[str, ...] = ()  # SHA-256 (hex) of the public keys served at port 25 under the host's name
    tlsa_set: tuple[str, ...] = ()  # these and those that come next, or were served before: the whole set as it is meant


@dataclass(frozen=True)
class Expected:
    """What a domain ought to look like. ``wanted`` are all records that Mailward publishes, or would."""

    wish: DnsWish
    wanted: tuple[Record, ...]
    here: Here

    def values(self, name: str, rdtype: str) -> tuple[Record, ...]:
        """The wanted records of one name and type."""
        return tuple(one for one in self.wanted if one.name == name and one.rdtype == rdtype)


class Remembering:
    """A Resolver that asks each question once."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._answers: Once[tuple[str, str], DnsAnswer] = Once()

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        return self._answers.get((name.lower(), rdtype), lambda: self._resolver.query(name, rdtype))


@dataclass
class Seen:
    """A Resolver that remembers. One for a whole check of many domains: their mail hosts are mostly the same."""

    resolver: Resolver
    http: HttpClient
    dialer: TlsDialer
    clock: Clock
    source: str = "resolver"
    unchecked: Resolver | None = None  # one that checks no signatures, to tell where they break (Remembering)
    anchors: Mapping[str, Sequence[str]] = field(default_factory=lambda: ROOT_ANCHORS)
    until: float = float("inf")  # by the clock's monotonic seconds: what wasn't asked by then isn't, and is unknown
    _answers: Once[tuple[str, str], DnsAnswer] = field(default_factory=Once)
    _fetched: Once[tuple[str, str, int], HttpAnswer] = field(default_factory=lambda: Once(1000))
    _dialled: Once[DialTarget, Dialled] = field(default_factory=lambda: Once(1000))

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        """As model.outside.Resolver; the same question is asked once."""
        key = (name.rstrip(".").lower(), rdtype.upper())
        if self._is_over():
            return self._answers.known(key) or DnsAnswer(*key, "TIMEOUT", (), _GIVEN_UP)
        return self._answers.get(key, lambda: self.resolver.query(*key))

    def fetch(self, url: str, address: str, port: int) -> HttpAnswer:
        """An HTTPS document at an address, the certificate judged by what the client trusts."""
        if self._is_over():
            return HttpAnswer(url, 0, "", b"", "timeout")
        return self._fetched.get((url, address, port), lambda: self.http.fetch(url, address=address, port=port))

    def smtp(self, name: str, address: str, port: int) -> Dialled:
        """What another mail server meets at a mail host: STARTTLS, asking for the host by its name."""
        target = DialTarget("smtp", Tls.STARTTLS, address, port, name)
        if self._is_over():
            return Dialled(target, "timeout", _GIVEN_UP)
        return self._dialled.get(target, lambda: self.dialer.dial([target])[0])

    def addresses(self, name: str) -> tuple[tuple[str, ...], tuple[DnsAnswer, ...]]:
        """The IPv4 and IPv6 addresses of a name, with the answers they come from."""
        answers = tuple(self.query(name, rdtype) for rdtype in ("A", "AAAA"))
        return tuple(record for answer in answers for record in answer.records), answers

    def _is_over(self) -> bool:
        return self.clock.monotonic() >= self.until

    def now(self) -> datetime:
        return self.clock.now()

    def finding(
        self,
        domain: str,
        mechanism: Mechanism,
        subject: str,
        verdict: Verdict,
        code: str,
        reason: Sentence,
        remedy: Sentence = NOTHING,
        *,
        answers: tuple[DnsAnswer, ...] = (),
        evidence: tuple[Evidence, ...] = (),
        cure: tuple[Record, ...] = (),
        replaces: tuple[Record, ...] = (),
    ) -> CheckFinding:
        """A line of the board, seen now. ``answers`` become evidence."""
        shown = (*map(as_evidence, answers), *evidence)
        return CheckFinding(
            domain, mechanism, subject, verdict, code, reason, shown, remedy, self.source, self.now(), cure, replaces
        )


def is_unknown(answer: DnsAnswer) -> bool:
    """Whether nobody can say what DNS holds: a time-out, SERVFAIL, a refusal. Never green, never red."""
    return answer.rcode not in ("NOERROR", "NXDOMAIN")


def as_evidence(answer: DnsAnswer) -> Evidence:
    """An answer as a finding shows it, cut to a size that people can read."""
    records = tuple(record[:LONGEST_RECORD] for record in answer.records[:MOST_RECORDS])
    return Evidence(answer.name, answer.rdtype, answer.rcode, records, answer.server, answer.authentic, answer.ttl)
