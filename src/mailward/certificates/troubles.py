"""What went wrong with an order, whose fault it is, and what follows: another try, another CA, or an end with a date.

``CODES`` are the stable codes of a Failure. The CA's own words are passed on as it said them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailward.certificates.records import Failure, OrderRecord, OrderState
from mailward.certificates.renewal import backoff
from mailward.model.acme import NO_ACME, NOT_FOUND, TIMEOUT, UNREACHABLE, AcmeError, AcmeProblem
from mailward.model.errors import MailwardError
from mailward.model.sentence import NOTHING, Sentence


@dataclass(frozen=True)
class Kind:
    """``passing``: worth another try in a moment. ``elsewhere``: another CA may do better (not the domain's own fault)."""

    passing: bool = False
    elsewhere: bool = False


CODES: dict[str, Kind] = {
    "ca-unreachable": Kind(passing=True, elsewhere=True),
    "ca-trouble": Kind(passing=True, elsewhere=True),
    "rate-limited": Kind(elsewhere=True),
    "account-refused": Kind(elsewhere=True),
    "names-refused": Kind(elsewhere=True),  # by the CA's policy, or by a CAA record that allows another CA
    "no-challenge": Kind(elsewhere=True),
    "certificate-bad": Kind(elsewhere=True),
    "ca-slow": Kind(elsewhere=True),
    "domain-refused": Kind(),  # the CA looked, and did not find what it should
    "dns-broken": Kind(passing=True),
    "dns-update-failed": Kind(passing=True),
    "not-visible": Kind(),
    "took-too-long": Kind(),
    "not-stored": Kind(passing=True),
    "refused": Kind(elsewhere=True),
    "internal": Kind(),
}

_BY_TYPE = {
    UNREACHABLE: "ca-unreachable",
    TIMEOUT: "ca-unreachable",
    "badNonce": "ca-trouble",
    "serverInternal": "ca-trouble",
    "orderNotReady": "ca-trouble",
    "serviceBusy": "ca-trouble",
    NO_ACME: "ca-trouble",
    NOT_FOUND: "ca-trouble",
    "accountDoesNotExist": "ca-trouble",
    "rateLimited": "rate-limited",
    "externalAccountRequired": "account-refused",
    "userActionRequired": "account-refused",
    "invalidContact": "account-refused",
    "unsupportedContact": "account-refused",
    "badPublicKey": "account-refused",
    "badSignatureAlgorithm": "account-refused",
    "rejectedIdentifier": "names-refused",
    "unsupportedIdentifier": "names-refused",
    "caa": "names-refused",
    "connection": "domain-refused",
    "dns": "domain-refused",
    "dnssec": "domain-refused",
    "incorrectResponse": "domain-refused",
    "tls": "domain-refused",
    "unknownHost": "domain-refused",
    "unauthorized": "domain-refused",
}

_REMEDIES = {
    "ca-unreachable": Sentence(
        "Nothing needs to be done: it is tried again. If it lasts, check this server's way to the CA."
    ),
    "rate-limited": Sentence("Nothing needs to be done: it is tried again when the CA allows it."),
    "account-refused": Sentence("Check the contact address and the external account binding of this CA in mailward.toml."),
    "names-refused": Sentence("Check the domain's CAA records, or use another certificate authority."),
    "domain-refused": Sentence("Check that the domain's DNS leads to this server, then try again."),
    "no-challenge": Sentence("A wildcard needs DNS-01; use it, or ask for the names one by one."),
}

SHORT_RETRY = timedelta(seconds=15)  # what a busy CA asks for; longer ones are limits, and end the order


def code_of(problem: AcmeProblem) -> str:
    return _BY_TYPE.get(problem.type, "refused")


def failure_of(problem: AcmeProblem, record: OrderRecord, now: datetime) -> Failure:
    """A problem as the end of the order at this CA, with the CA's words for each name."""
    code = code_of(problem)
    details = [error for error in problem.subproblems if error.detail] or [AcmeError(problem.type, problem.detail)]
    said = "; ".join(f"{error.name}: {error.detail}" if error.name else error.detail for error in details[:10])
    if code == "ca-unreachable":
        what = Sentence("The certificate authority {ca} can't be reached: {detail}.", ca=record.ca, detail=said.rstrip("."))
    elif code == "ca-trouble":
        what = Sentence("The certificate authority {ca} is in trouble: {detail}", ca=record.ca, detail=said)
    elif code == "rate-limited":
        what = Sentence("The certificate authority {ca} has a limit: {detail}", ca=record.ca, detail=said)
    else:
        what = Sentence("The certificate authority {ca} refused: {detail}", ca=record.ca, detail=said)
    names = tuple(dict.fromkeys(error.name for error in details if error.name))
    return _dated(Failure(code, what, _REMEDIES.get(code, NOTHING), names=names), record, now, problem.retry_after)


def failure_from(trouble: MailwardError, record: OrderRecord, now: datetime) -> Failure:
    """What our own side said as the end of the order."""
    code = trouble.code if trouble.code in CODES else "internal"
    return _dated(Failure(code, trouble.what, trouble.remedy), record, now, None)


def failure(code: str, what: Sentence, record: OrderRecord, now: datetime) -> Failure:
    return _dated(Failure(code, what, _REMEDIES.get(code, NOTHING)), record, now, None)


def failing(record: OrderRecord, why: Failure) -> OrderRecord:
    """The record on its way to its end (or to the next CA), with what was published still to be taken away."""
    return replace(record.to(OrderState.FAILING, cleanings=0), failure=why)


def may_go_elsewhere(record: OrderRecord) -> bool:
    """Whether the failure is one after which the next CA is asked, and there is one."""
    return record.failure is not None and bool(record.journal.cas) and CODES[record.failure.code].elsewhere


def _dated(why: Failure, record: OrderRecord, now: datetime, retry_after: timedelta | None) -> Failure:
    wait = backoff(record.journal.failures + 1, why.code, now, retry_after=retry_after, lifetime=record.lifetime)
    return replace(why, retry_at=wait.until)
