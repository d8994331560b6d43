"""The steps of an ACME order: for each state, the one thing that is done next (RFC 8555 section 7.4).

Each function takes the record as it was saved and gives the record to save. It may be killed at any moment: done again
from the saved record, it looks at what the CA has before it asks for more. Problems are raised; ``orders`` answers them.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from mailward.certificates import inspect, make, troubles
from mailward.certificates.outside import OrderOutside
from mailward.certificates.polling import until
from mailward.certificates.records import OrderRecord, OrderState, Proof
from mailward.certificates.solvers import Solver
from mailward.model.acme import NOT_FOUND, AcmeAuthorization, AcmeCa, AcmeError, AcmeOrder, AcmeProblem
from mailward.model.certificates import KeyedChain
from mailward.model.errors import BadInput, MailwardError, NotPossible
from mailward.model.sentence import Sentence

_ADOPTED_FROM = 50  # the newest orders of an account that are looked at after a crash


def make_key(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    made = make.request(record.names, record.journal.key_type, outside.key_ahead(record))
    return replace(record.to(OrderState.KEYED), sealed_key=outside.seal.seal(made.key_pem), csr_pem=made.csr_pem)


def open_account(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    outside.accounts.registered(record.ca)
    return record.to(OrderState.ORDERING, asked_by=outside.process)


def order(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    ca = outside.accounts.registered(record.ca)
    # A mark of another process: it died around newOrder, and the CA may have the order that nobody wrote down.
    found = _orphan(record, ca, outside) if record.journal.asked_by != outside.process else None
    if found is None:
        profile = record.journal.profile or outside.accounts.profile(record.ca)
        found = ca.new_order(record.names, replaces=record.journal.replaces, profile=profile)
    return record.to(
        OrderState.ORDERED, order_url=found.url, authorizations=found.authorizations, finalize_url=found.finalize
    )


def prepare(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    """Writes down what will be published, before anything is."""
    ca = outside.accounts.registered(record.ca)
    found = ca.order(record.journal.order_url)
    if found.status != "pending":
        return _by_status(record, found, ca, outside)
    pending = [one for one in map(ca.authorization, record.journal.authorizations) if one.status == "pending"]
    return record.to(OrderState.PRESENTING, proofs=tuple(_proof(one, record, ca, outside) for one in pending))


def present(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    for proof in record.journal.proofs:
        _solver(record, outside).present(proof)
    return record.to(OrderState.PRESENTED)


def wait_visible(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    try:
        for proof in record.journal.proofs:
            _solver(record, outside).wait(proof, outside.limits.slice)
    except NotPossible as trouble:
        if trouble.code != "not-visible" or _waited(record, outside) >= timedelta(seconds=outside.limits.visible):
            raise
        return _wait_on(record, outside)
    return record.to(OrderState.VISIBLE)


def answer(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    ca = outside.accounts.registered(record.ca)
    pending = {one.url: one for one in map(ca.authorization, record.journal.authorizations) if one.status == "pending"}
    for proof in record.journal.proofs:
        authorization = pending.get(proof.authorization)
        # One that is "processing" was answered before a crash: answering again would be refused.
        if authorization is not None and any(
            one.url == proof.challenge and one.status == "pending" for one in authorization.challenges
        ):
            ca.answer(proof.challenge)
    return record.to(OrderState.ANSWERED)


def wait_ready(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    ca = outside.accounts.registered(record.ca)
    found = _poll(ca, record, outside, lambda one: one.status != "pending")
    if found is not None:
        return _by_status(record, found, ca, outside)
    if _waited(record, outside) < timedelta(seconds=outside.limits.validation):
        return _wait_on(record, outside)
    raise NotPossible(
        Sentence("The certificate authority {ca} has not looked at every name in time.", ca=record.ca), code="ca-slow"
    )


def finalize(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    ca = outside.accounts.registered(record.ca)
    found = ca.order(record.journal.order_url)
    if found.status == "ready":
        ca.finalize(found, record.csr_pem or b"")
    elif found.status not in ("processing", "valid"):
        return _by_status(record, found, ca, outside)
    return record.to(OrderState.FINALIZING)


def fetch(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    ca = outside.accounts.registered(record.ca)
    found = _poll(
        ca,
        record,
        outside,
        lambda one: one.status in ("invalid", "pending") or bool(one.status == "valid" and one.certificate),
    )
    if found is None:
        if _waited(record, outside) < timedelta(seconds=outside.limits.issuance):
            return _wait_on(record, outside)
        raise NotPossible(
            Sentence("The certificate authority {ca} does not finish the order.", ca=record.ca), code="ca-slow"
        )
    if found.status != "valid" or not found.certificate:
        return _by_status(record, found, ca, outside)
    refusal: BadInput | None = None
    for chain in ca.chains(found.certificate):
        issued = record.to(OrderState.ISSUED, certificate_url=found.certificate, chain_pem=chain.decode("ascii", "replace"))
        try:
            _keyed(issued, outside)
        except BadInput as refused:
            refusal = refusal or refused
            continue
        return issued
    raise NotPossible(
        Sentence(
            "The certificate authority {ca} issued a certificate that can't be used: {why}",
            ca=record.ca,
            why=refusal.what if refusal else "–",
        ),
        code="certificate-bad",
    )


def hand_over(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    try:
        outside.deliver(record, _keyed(record, outside))
    except MailwardError as trouble:
        raise NotPossible(trouble.what, trouble.remedy, code="not-stored") from trouble
    return record.to(OrderState.STORED, cleanings=0)


def finish(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    record = take_away(record, outside)
    return _wait_on(record, outside) if _try_again(record, outside) else record.to(OrderState.DONE)


def give_up(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    """Takes away what was published; then the next CA is asked, with the same key, or it ends."""
    record = take_away(record, outside)
    if _try_again(record, outside):
        return _wait_on(record, outside)
    if record.failure is None or not troubles.may_go_elsewhere(record):
        return record.to(OrderState.FAILED)
    said = (*record.journal.refusals, str(record.failure.sentence))
    elsewhere = record.anew(cas=record.journal.cas[1:], refusals=said, restarts=0, replaces="", profile="")
    return replace(elsewhere, ca=record.journal.cas[0], failure=None)


def take_away(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    left = []
    for proof in dict.fromkeys(record.journal.leftovers + record.journal.proofs):
        try:
            _solver(record, outside).clean_up(proof)
        except MailwardError:
            left.append(proof)
    cleanings = record.journal.cleanings + 1
    return replace(record, journal=replace(record.journal, proofs=(), leftovers=tuple(left), cleanings=cleanings))


def _try_again(record: OrderRecord, outside: OrderOutside) -> bool:
    return bool(record.journal.leftovers) and record.journal.cleanings < outside.limits.cleanings


def _orphan(record: OrderRecord, ca: AcmeCa, outside: OrderOutside) -> AcmeOrder | None:
    """The account's newest open order for exactly these names that no record knows."""
    for url in (ca.orders() or ())[:_ADOPTED_FROM]:
        if outside.journal.knows(record.ca, url):
            continue
        try:
            found = ca.order(url)
        except AcmeProblem as problem:
            if problem.type != NOT_FOUND:
                raise
            continue
        if found.status in ("pending", "ready") and set(found.names) == set(record.names):
            return found
    return None


def _poll(ca: AcmeCa, record: OrderRecord, outside: OrderOutside, settled: Callable[[AcmeOrder], bool]) -> AcmeOrder | None:
    """The order once it is ``settled``; None when it isn't within a slice."""

    def look() -> AcmeOrder | timedelta | None:
        found = ca.order(record.journal.order_url)
        return found if settled(found) else found.retry_after

    return until(look, outside.clock, outside.limits.slice)


def _by_status(record: OrderRecord, found: AcmeOrder, ca: AcmeCa, outside: OrderOutside) -> OrderRecord:
    """Where the record belongs, judged by what the CA says of the order."""
    if found.status == "ready":
        return record.to(OrderState.READY)
    if found.status in ("processing", "valid"):
        return record.to(OrderState.FINALIZING)
    if found.status == "pending":
        return _wait_on(record, outside)
    now = outside.clock.now()
    if found.expires is not None and found.expires <= now and record.journal.restarts < outside.limits.restarts:
        return record.anew(restarts=record.journal.restarts + 1)
    return troubles.failing(record, troubles.failure_of(_why_invalid(ca, record, found), record, now))


def _why_invalid(ca: AcmeCa, record: OrderRecord, found: AcmeOrder) -> AcmeProblem:
    """The CA's own detail for each name that it refused."""
    said = [
        AcmeError(challenge.error.type, challenge.error.detail, _ordered_name(one))
        for one in map(ca.authorization, record.journal.authorizations)
        for challenge in one.challenges
        if challenge.error is not None
    ]
    if said:
        return AcmeProblem(said[0].type, said[0].detail, subproblems=tuple(said))
    if found.error is not None:
        return AcmeProblem(found.error.type, found.error.detail)
    return AcmeProblem("refused", f"the order became {found.status}")


def _proof(one: AcmeAuthorization, record: OrderRecord, ca: AcmeCa, outside: OrderOutside) -> Proof:
    name = _ordered_name(one)
    challenge = next((way for way in one.challenges if way.type == record.journal.challenge), None)
    if challenge is None:
        raise NotPossible(
            Sentence(
                "The certificate authority {ca} offers no {challenge} for {name}.",
                ca=record.ca,
                challenge=record.journal.challenge,
                name=name,
            ),
            Sentence("A wildcard needs DNS-01; use it, or ask for the names one by one."),
            code="no-challenge",
        )
    key_authorization = ca.key_authorization(challenge.token)
    return _solver(record, outside).prepare(name, one.url, challenge.url, challenge.token, key_authorization)


def _ordered_name(one: AcmeAuthorization) -> str:
    return f"*.{one.name}" if one.wildcard else one.name


def _solver(record: OrderRecord, outside: OrderOutside) -> Solver:
    solver = outside.solvers.get(record.journal.challenge)
    if solver is None:
        raise NotPossible(
            Sentence("This server has no way to answer {challenge} challenges.", challenge=record.journal.challenge),
            code="no-challenge",
        )
    return solver


def _keyed(record: OrderRecord, outside: OrderOutside) -> KeyedChain:
    """The issued certificate with its key, judged like any other; the CA's word is taken for the root."""
    # A CA's clock may be a little ahead of ours.
    expected = inspect.expect(outside.clock.now() + timedelta(minutes=5), None, record.names)
    key = outside.unseal.unseal(record.sealed_key or b"")
    return make.load_answer(record.journal.chain_pem.encode("ascii", "replace"), key_pem=key, expected=expected)


def _waited(record: OrderRecord, outside: OrderOutside) -> timedelta:
    since = record.journal.waiting_since
    return timedelta(0) if since is None else outside.clock.now() - since


def _wait_on(record: OrderRecord, outside: OrderOutside) -> OrderRecord:
    """The same state, to be looked at again after a pause that grows with the time already waited."""
    now = outside.clock.now()
    since = record.journal.waiting_since or now
    pause = timedelta(seconds=min(5.0, 0.2 + (now - since).total_seconds() / 4))
    return replace(record, journal=replace(record.journal, waiting_since=since, not_before=now + pause))
