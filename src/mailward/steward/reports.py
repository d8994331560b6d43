"""Reports that other servers mailed to this host: read, proven, written down, and taken away; what can't be read is kept
aside for a person.

Anybody can mail a report. Whether the message is from whom it says is asked of DMARC itself (RFC 9990 section 3.5.2: such
mail must pass); an unproven report is shown, and no advice is built on it. A message about which DNS gave no answer waits,
for a day at most.
"""

import re
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address

import structlog
from django.db import connections

from mailward.model.errors import BadInput
from mailward.model.outside import Clock, DnsAnswer, ReportDrop, Resolver
from mailward.model.sentence import Sentence
from mailward.standards import dkim, dmarc, spf, tls_rpt
from mailward.standards.dmarc import DmarcResult
from mailward.standards.dmarc.reports import parse_report
from mailward.standards.from_field import domains_of
from mailward.standards.report_mail import ReportError, documents
from mailward.steward.host import Host
from mailward.store import received

log = structlog.get_logger()

EVERY = timedelta(seconds=5)
AT_ONCE = 50
AGAIN = timedelta(minutes=10)  # a message about which DNS gave no answer
PATIENCE = 86_400  # seconds for which such a message waits
FORGET_EVERY = timedelta(hours=6)
MOST_NAMED = 20  # domains of one TLS report
MOST_LATER = 100  # messages that wait for DNS at once; more are taken as they are
ANSWER_WITHIN = 20.0  # seconds for all that is asked about one message: its sender chooses the name servers
_CLIENT = re.compile(rb"\s*from \S+ \(\S+ \[(?:IPv6:)?([0-9A-Fa-f:.]{3,45})\]\)")  # the greeting is anybody's choice
_PATH = re.compile(rb"\s*<([^<>\s@]+@[^<>\s@]+)>\s*")


class ReportRound:
    """Called every moment; reads what waits in a thread of its own, since DNS may be slow."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="reports")
        self._running: Future[None] | None = None
        self._next = host.clock.monotonic()
        self._next_forgetting = self._next + FORGET_EVERY.total_seconds()
        self._later: dict[str, float] = {}

    def round(self) -> None:
        """Begin to read, when it is time and the last reading has ended."""
        if self._host.reports is None or (self._running is not None and not self._running.done()):
            return
        if self._running is not None and (trouble := self._running.exception()) is not None:
            log.warning("reports could not be read", kind=type(trouble).__name__, what=str(trouble))
        self._running = None
        now = self._host.clock.monotonic()
        if now >= self._next:
            self._next = now + EVERY.total_seconds()
            self._running = self._pool.submit(self._read, self._host.reports, now)

    def _read(self, drop: ReportDrop, now: float) -> None:
        try:
            self._later = {name: at for name, at in self._later.items() if at > now}
            names = [name for name in drop.waiting(AT_ONCE + len(self._later)) if name not in self._later]
            for name in names[:AT_ONCE]:
                if not take(self._host, drop, name, may_wait=len(self._later) < MOST_LATER):
                    self._later[name] = now + AGAIN.total_seconds()
            if now >= self._next_forgetting:
                self._next_forgetting = now + FORGET_EVERY.total_seconds()
                received.forget_old(self._host.clock.now())
        finally:
            connections.close_all()


def read_all(host: Host) -> int:
    """Everything that waits now; how many were taken."""
    drop = host.reports
    return 0 if drop is None else sum(take(host, drop, name) for name in drop.waiting(AT_ONCE))


def take(host: Host, drop: ReportDrop, name: str, *, may_wait: bool = True) -> bool:
    """Read one message and take it away; False: DNS gave no answer about its sender, so it waits."""
    content = drop.read(name)
    try:
        if content is None:
            raise ReportError(Sentence("This is no message."), code="report-message")
        sender, proven = prove(host, content)
        if proven is None and may_wait and not _is_old(host, name):
            return False
        kept = _keep(host, content, sender, bool(proven))
    except BadInput as trouble:
        log.info("report put aside", message=name, code=trouble.code)
        drop.put_aside(name)
        return True
    except Exception as trouble:  # a defect must not stop the other reports, nor try this one for ever
        log.exception("report broke", message=name, kind=type(trouble).__name__)
        drop.put_aside(name)
        return True
    log.info("report read", message=name, sender=sender, proven=bool(proven), reports=kept)
    drop.remove(name)
    return True


class Hurried:
    """A resolver that stops asking after a while: what comes then has no answer (model.outside.Resolver)."""

    def __init__(self, resolver: Resolver, clock: Clock, seconds: float) -> None:
        self._resolver, self._clock = resolver, clock
        self._until = clock.monotonic() + seconds

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        if self._clock.monotonic() >= self._until:
            return DnsAnswer(name, rdtype, "TIMEOUT", (), "not asked: this took too long already")
        return self._resolver.query(name, rdtype)


def prove(host: Host, message: bytes) -> tuple[str, bool | None]:
    """The domain that a message says it is from, and whether DMARC says so too; None: DNS gave no answer."""
    message = message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")  # as it was on the wire
    try:
        header = dkim.Header(dkim.split(message).fields)
        (said,) = header.named("from")
        (sender,) = dict.fromkeys(domains_of(said.value))
    except (BadInput, ValueError):
        return "", False
    resolver = Hurried(host.resolver, host.clock, ANSWER_WITHIN)
    signatures = dkim.verify(message, resolver, host.clock.now())
    found = [(one.outcome.value, one.domain) for one in signatures if not one.uncovered]
    by_address = _spf(header, resolver)
    check = dmarc.evaluate(sender, by_address, found, resolver)
    if check.result is DmarcResult.PASS:
        return sender, True
    results = [*found, *([by_address] if by_address else [])]
    if check.result is DmarcResult.TEMPERROR or any(result == "temperror" for result, _ in results):
        return sender, None
    # without a policy, whether the very same name passed is all that can be said
    return sender, check.result is DmarcResult.NONE and ("pass", sender) in results


def _spf(header: dkim.Header, resolver: Resolver) -> tuple[str, str] | None:
    """SPF of the client that handed it over: our own Postfix wrote who that was into the topmost Received field."""
    hops, paths = header.named("received"), header.named("return-path")
    client = _CLIENT.match(hops[0].value) if hops else None
    path = _PATH.fullmatch(paths[0].value) if paths else None
    if client is None or path is None:
        return None
    mail_from = path[1].decode("ascii", "replace")
    domain = mail_from.rpartition("@")[2]
    try:
        address = str(ip_address(client[1].decode("ascii")))
    except ValueError:
        return None
    return spf.check_host(address, domain, mail_from, resolver).result.value, domain


def _keep(host: Host, message: bytes, sender: str, proven: bool) -> int:
    """How many reports of this message are about domains here; BadInput when none is."""
    now, kept = host.clock.now(), 0
    for document in documents(message):
        if document.kind == "xml":
            report = parse_report(document.content)
            domain = received.holder_of(report.domain)
            if domain is not None and _has_room(domain, sender, proven, host):
                received.keep_aggregate(domain, report, sender, proven, now)
                kept += 1
        else:
            about = tls_rpt.parse_report(document.content)
            for name in dict.fromkeys(policy.domain for policy in about.policies[:MOST_NAMED]):
                if received.holder_of(name) == name and _has_room(name, sender, proven, host):
                    received.keep_tls(name, about, sender, proven, now)
                    kept += 1
    if not kept:
        raise ReportError(Sentence("This report is about no domain that is held here."), code="report-of-others")
    return kept


def _has_room(domain: str, sender: str, proven: bool, host: Host) -> bool:
    if received.has_room(domain, sender, proven, host.clock.now()):
        return True
    raise ReportError(Sentence("Too many reports about {domain} came today.", domain=domain), code="report-too-many")


def _is_old(host: Host, name: str) -> bool:
    """By its name, which begins with the second at which it came."""
    came = name.partition(".")[0]
    return not came.isdigit() or host.clock.now().timestamp() - int(came[:12]) > PATIENCE
