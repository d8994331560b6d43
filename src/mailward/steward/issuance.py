"""Order runs: a certificate from an ACME CA, from the first word to what is served. A domain that fails waits for its
date, with its reason; it holds up nobody else."""

from contextlib import suppress

import structlog
from django.db import transaction

from mailward.certificates import make
from mailward.certificates.accounts import Accounts
from mailward.certificates.orders import clean_up_again, run_order
from mailward.certificates.outside import OrderOutside
from mailward.certificates.records import OrderRecord, OrderState, plan_order
from mailward.certificates.renewal import ari_id, backoff, due
from mailward.certificates.selection import belongs
from mailward.certificates.solvers.dns_01 import Dns01
from mailward.certificates.solvers.http_01 import Http01
from mailward.model.acme import AcmeProblem, RenewalWindow
from mailward.model.certificates import Challenge, KeyedChain, Source
from mailward.model.errors import MailwardError, NotPossible
from mailward.model.findings import SERVER
from mailward.model.runs import Outcome, RunState, Step, Waiting
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.settings import KeyType
from mailward.steward import demo_ca, next_keys, served, switches
from mailward.steward.host import Host
from mailward.store import orders
from mailward.store.lineages import add_companion, add_version, certificate_of, is_whole
from mailward.store.models import Lineage, Run, Version
from mailward.store.records import StoreRecorder
from mailward.store.sentences import to_json

log = structlog.get_logger()


def go_on(run: Run, host: Host, recorder: StoreRecorder) -> Outcome | Waiting:
    """The same as ``carry_out``, but an order that has to wait is given back until then: however many domains wait for
    DNS that never comes, they hold up nobody's order."""
    return _carry_out(run, host, recorder, waits=False)


def carry_out(run: Run, host: Host, recorder: StoreRecorder) -> Outcome | Waiting:
    """Get the certificate, then put it where it is chosen (or is to be chosen), and prove it there."""
    return _carry_out(run, host, recorder, waits=True)


def _carry_out(run: Run, host: Host, recorder: StoreRecorder, *, waits: bool) -> Outcome | Waiting:
    lineage = Lineage.objects.select_related("domain").get(pk=run.request["lineage"])
    if run.request.get("revoke"):
        return _revoke(lineage, host)
    if _is_homeless(run, lineage, host):
        return _not_wanted(lineage, host)
    if lineage.source == Source.SELF_SIGNED:
        if "versions" not in run.request:
            _self_signed(run, lineage, host)
    elif (not_there := _order(run, lineage, host, recorder, waits=waits)) is not None:
        return not_there
    return _put_before_doors(run, lineage, host, recorder)


def _put_before_doors(run: Run, lineage: Lineage, host: Host, recorder: StoreRecorder) -> Outcome | Waiting:
    """The version is there: it is switched to, and proven."""
    try:
        with host.lock("host"):
            lineage = Lineage.objects.select_related("domain").get(pk=lineage.pk)
            if _is_homeless(run, lineage, host):  # its domain was removed while the CA was at work
                return _not_wanted(lineage, host)
            outcome = switches.carry_out(run, host, recorder)
    except MailwardError as trouble:
        _put_off(lineage, trouble.what, host)
        raise
    if isinstance(outcome, Waiting):
        return outcome
    if outcome.state is not RunState.DONE:
        _put_off(lineage, outcome.what, host)
        return outcome
    Lineage.objects.filter(pk=lineage.pk).update(failures=0, failure=None, retry_at=None, revoked_at=None)
    lineage.refresh_from_db()
    _plan_renewal(lineage, host)
    return outcome


def _is_homeless(run: Run, lineage: Lineage, host: Host) -> bool:
    """Whether the domain that the certificate was for is not held any more. Its lineages stay, without a domain: they must
    not be taken for the server's own."""
    if lineage.source != Source.ACME:
        return False
    scope = lineage.domain.name if lineage.domain else SERVER
    if "scope" in run.request and run.request["scope"] != scope:
        return True
    return lineage.domain is None and not all(belongs(name, host.settings.hostname) for name in lineage.names)


def _not_wanted(lineage: Lineage, host: Host) -> Outcome:
    Lineage.objects.filter(pk=lineage.pk).update(renew_at=None, retry_at=None)
    said = Sentence("{id} is for a domain that is not held here any more", id=lineage.pk)
    return Outcome(RunState.REFUSED, said, Sentence("See: mailward domain list"), host.clock.now())


def _put_off(lineage: Lineage, why: Sentence, host: Host) -> None:
    """There is a certificate that no door would show. It waits like a failed order: asked for again at once, and again,
    it would use up what the CA allows in a week."""
    lineage.refresh_from_db()
    failures = lineage.failures + 1
    until = backoff(failures, "internal", host.clock.now()).until
    Lineage.objects.filter(pk=lineage.pk).update(failures=failures, failure=to_json(why), retry_at=until)


def _unserved(lineage: Lineage, host: Host) -> Version | None:
    """A later version than the one that is served, still fresh: it was issued, and could not be proven at the doors; or
    the second of its two certificates could not be had."""
    if lineage.revoked_at is not None:
        return None
    now = host.clock.now()
    later = lineage.versions.filter(number__gt=lineage.current or 0).order_by("-number").first()
    return later if later is not None and due(certificate_of(later), lineage.pk, now).at > now else None


def _order(run: Run, lineage: Lineage, host: Host, recorder: StoreRecorder, *, waits: bool) -> Outcome | Waiting | None:
    """None: the version is there, with all its certificates. Otherwise how it failed, or until when it waits."""
    half: Version | None = None
    if "order" not in run.request and "versions" not in run.request and (ready := _unserved(lineage, host)) is not None:
        if is_whole(ready):
            _remember(run, ready)
        else:
            half = ready
    if "versions" in run.request and "order" not in run.request:
        return None
    outside = _outside(run, host)
    while True:  # once for each kind of key
        begun = (None if half is not None else _begun(run)) or orders.unfinished_order(lineage.pk)
        cas = _authorities(lineage, host) if begun is None else ()
        with transaction.atomic():  # a row without its names would be an order for nothing, taken up after a kill
            record = begun or _planned(lineage, cas, host, half)
            outside.journal.save(record)
            run.request = {**run.request, "order": record.id}
            run.save(update_fields=["request"])
        with recorder.step(Step.ORDER):
            record = run_order(record, outside, waits=waits)
        if not record.state.is_end:
            return Waiting(record.journal.not_before or host.clock.now())
        if record.state is not OrderState.DONE:
            return _failed(lineage, record, host)
        with suppress(MailwardError):  # a demo's CA has a new root after each start: what it issued is to be trusted
            demo_ca.learn_roots(host)
        run.refresh_from_db(fields=["request"])
        lineage.refresh_from_db()
        latest = lineage.versions.latest("number")
        if is_whole(latest):
            if "versions" not in run.request:  # a killed run's order: what was delivered to it is meant here, too
                _remember(run, latest)
            return None
        half = latest


def _failed(lineage: Lineage, record: OrderRecord, host: Host) -> Outcome:
    failure = record.failure
    assert failure is not None, "an order that isn't done has failed"
    Lineage.objects.filter(pk=lineage.pk).update(
        failures=lineage.failures + 1, failure=to_json(failure.sentence), retry_at=failure.retry_at
    )
    said = failure.sentence
    if failure.retry_at is not None:
        said = Sentence("{why} It is tried again after {date}.", why=said, date=f"{failure.retry_at:%Y-%m-%d %H:%M} UTC")
    return Outcome(RunState.FAILED, said, failure.remedy, host.clock.now())


def _begun(run: Run) -> OrderRecord | None:
    """The order that this run made before it was killed: never a second one for the same wish."""
    return orders.order_record(run.request["order"]) if "order" in run.request else None


def _authorities(lineage: Lineage, host: Host) -> tuple[str, ...]:
    """The CAs to ask, the one that the lineage came from first."""
    cas = tuple(ca.name for ca in host.settings.cas)
    if not cas:
        said = Sentence("no ACME CA is set up")
        _put_off(lineage, said, host)
        raise NotPossible(said, Sentence("Add a [[ca]] part to mailward.toml, for example Let's Encrypt."), code="no-ca")
    return (lineage.ca, *(ca for ca in cas if ca != lineage.ca)) if lineage.ca in cas else cas


def _planned(lineage: Lineage, cas: tuple[str, ...], host: Host, half: Version | None) -> OrderRecord:
    """A new order: for the next version, or for the companion of one that is ``half`` there."""
    now = host.clock.now()
    current = Version.objects.filter(lineage=lineage, number=lineage.current or 0).first()
    followed = current.chain_pem if current else None
    kind = KeyType(lineage.key_type)
    if half is not None:
        kind, followed = KeyType.RSA2048, current.companion_chain_pem if current else None
    return plan_order(
        orders.new_order_row(lineage.pk, cas[0], now),
        lineage.pk,
        tuple(lineage.names),
        cas,
        now,
        challenge=Challenge(lineage.challenge),
        key_type=KeyType.P256 if kind is KeyType.BOTH else kind,
        companion_of=half.number if half is not None else None,
        replaces=ari_id(bytes(followed)) if followed else "",
        failures=lineage.failures,
        lifetime=current.not_after - current.not_before if current else None,
    )


def _outside(run: Run | None, host: Host) -> OrderOutside:
    return OrderOutside(
        journal=orders.StoreJournal(),
        accounts=accounts(host),
        solvers={
            Challenge.DNS_01: Dns01(host.dns, host.resolver, host.authoritative, host.clock),
            Challenge.HTTP_01: Http01(host.files, host.layout.acme_challenges, host.clock),
        },
        clock=host.clock,
        seal=host.seal,
        unseal=host.unseal,
        deliver=lambda record, chain: _deliver(run, record, chain, host),
        key_ahead=lambda record: next_keys.key_for(host, record.lineage, record.journal.key_type),
        mishap=lambda record, trouble: log.error("order broke", lineage=record.lineage, kind=type(trouble).__name__),
    )


def clean_leftovers(host: Host) -> None:
    """Take away what ended orders had to leave in DNS or on disk, because the name server was down at that moment."""
    for record in orders.with_leftovers():
        clean_up_again(record, _outside(None, host))


def accounts(host: Host) -> Accounts:
    return Accounts({ca.name: ca for ca in host.settings.cas}, host.connect, orders.StoreAccounts(), host.seal, host.unseal)


def _deliver(run: Run | None, record: OrderRecord, chain: KeyedChain, host: Host) -> None:
    """The certificate becomes a version (or the companion of one) and the run remembers it when it is whole. Delivered
    again after a crash, it is there already."""
    with transaction.atomic():
        lineage = Lineage.objects.select_for_update().get(pk=record.lineage)
        if record.journal.companion_of is not None:
            version = lineage.versions.get(number=record.journal.companion_of)
            add_companion(version, chain, host.seal)
        else:
            known = lineage.versions.filter(sha256=chain.certificate.sha256).first()
            version = known or add_version(lineage, chain, host.seal)
        if is_whole(version):
            Lineage.objects.filter(pk=lineage.pk).update(failures=0, failure=None, retry_at=None, ca=record.ca)
        next_keys.was_delivered(chain)
        if run is not None and is_whole(version):
            _remember(Run.objects.get(pk=run.pk), version)


def _self_signed(run: Run, lineage: Lineage, host: Host) -> None:
    kind = KeyType(lineage.key_type)
    ahead = next_keys.key_for(host, lineage.pk, kind)
    chain = make.self_signed(tuple(lineage.names), host.clock.now(), kind, key_ahead=ahead)
    with transaction.atomic():
        next_keys.was_delivered(chain)
        _remember(run, add_version(lineage, chain, host.seal))


def _remember(run: Run, version: Version) -> None:
    """From here on, a restart goes on with the switch."""
    scope = version.lineage.domain.name if version.lineage.domain else "server"
    lineage = version.lineage_id
    choices = [{"scope": scope, "role": role, "lineage": lineage} for role in run.request.get("choose", [])]
    run.request = {**run.request, "versions": {lineage: version.number}, "choices": choices}
    run.save(update_fields=["request"])


def _plan_renewal(lineage: Lineage, host: Host) -> None:
    """When the next version is due: by the CA's word (ARI) or by two thirds of the lifetime."""
    version = Version.objects.filter(lineage=lineage, number=lineage.current or 0).first()
    if version is None:
        return
    certificate, now = certificate_of(version), host.clock.now()
    windows: list[RenewalWindow | None] = [None]
    if lineage.source == Source.ACME:
        windows = [_advice(lineage, chain, host) for chain in _chains(version)]
    when = min(due(certificate, lineage.pk, now, window).at for window in windows)
    Lineage.objects.filter(pk=lineage.pk).update(renew_at=when)


def _chains(version: Version) -> list[bytes]:
    """The chains of a version's certificates, the companion's last."""
    return [bytes(chain) for chain in (version.chain_pem, version.companion_chain_pem) if chain is not None]


def _advice(lineage: Lineage, chain: bytes, host: Host) -> RenewalWindow | None:
    """ARI, where the CA has it. It isn't needed: two thirds of the lifetime hold."""
    try:
        return accounts(host).known(lineage.ca).renewal_info(ari_id(chain))
    except (AcmeProblem, MailwardError):
        return None


def _revoke(lineage: Lineage, host: Host) -> Outcome:
    version = Version.objects.get(lineage=lineage, number=lineage.current or 0)
    if served.places(lineage.pk):  # chosen since it was asked for
        said = Sentence("{id} is still shown to clients", id=lineage.pk)
        return Outcome(RunState.REFUSED, said, Sentence("Choose another certificate first, or renew it."), host.clock.now())
    for chain in _chains(version):
        try:
            accounts(host).registered(lineage.ca).revoke(chain)
        except AcmeProblem as trouble:
            if trouble.type != "alreadyRevoked":  # by a run that was killed just then
                said = Sentence("the CA did not revoke it: {why}", why=trouble.detail)
                return Outcome(RunState.FAILED, said, Sentence("Try again later."), host.clock.now())
    Lineage.objects.filter(pk=lineage.pk).update(revoked_at=host.clock.now(), current=None, ends_at=None, renew_at=None)
    return Outcome(RunState.DONE, Sentence("{id} is revoked", id=lineage.pk), NOTHING, host.clock.now())
