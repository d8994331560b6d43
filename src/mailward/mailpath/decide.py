"""Whose signature a message gets: pure. A signature says that its domain sent the message, so it is given only where that
is known here.

- By submission and webmail, a log-in is behind the message: it is signed for the domain of its From when that is the
  domain of the log-in, or of the envelope's sender (Postfix has seen to it that the log-in may use that one).
- By the filters' port comes what a mailbox's filters made, and what they passed on. What was passed on has Received
  fields, which Postfix put there when it came: it keeps the signatures it has, and gets none. Otherwise everybody could
  have forged mail signed, by sending it to a mailbox that forwards. What filters made says in its envelope whose filter it
  was (base.conf.j2 sees to that), while its From is the filter's choice (RFC 5230 section 4.2): both must be one domain.
- From must name one domain, in a way that all readers read alike (standards/from_field.py).
"""

from dataclasses import dataclass

from mailward.daemons.mailpath import FILTERED, SUBMITTED
from mailward.model.errors import BadInput
from mailward.standards.dkim import Header
from mailward.standards.from_field import domains_of


@dataclass(frozen=True)
class Origin:
    """Where a message comes from: the port's name (milter macro daemon_name), who logged in, the envelope's sender."""

    port: str = ""
    login: str = ""
    sender: str = ""


@dataclass(frozen=True)
class Decision:
    """``domain`` to sign for, "" for none; ``reason`` why not, a stable word for the log."""

    domain: str = ""
    reason: str = ""


def decide(origin: Origin, header: Header) -> Decision:
    """Which domain this message may be signed for; whether that has keys is not asked."""
    try:
        domain = _sender(header)
        _require_right(origin, header, domain)
    except _Not as refused:
        return Decision(reason=refused.reason)
    return Decision(domain)


class _Not(Exception):
    """No domain of ours can say that it sent this."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _sender(header: Header) -> str:
    """The one domain that From names."""
    senders = header.named("from")
    if not senders:
        raise _Not("no-sender")
    try:
        domains = {domain for sender in senders for domain in domains_of(sender.value)}
    except BadInput:
        raise _Not("unreadable-sender") from None
    if len(senders) > 1 or len(domains) > 1:
        raise _Not("several-senders")
    return domains.pop()


def _require_right(origin: Origin, header: Header, domain: str) -> None:
    if origin.port == FILTERED:
        if header.count("received"):
            raise _Not("passed-on")
        if domain != _domain(origin.sender):
            raise _Not("another-domain")
    elif origin.port != SUBMITTED and not origin.login:
        raise _Not("not-ours")
    elif domain not in {_domain(origin.login), _domain(origin.sender)}:
        raise _Not("another-domain")


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
