"""Certificate runs: the chosen certificates are put before their names, proven at every door, or taken back."""

from django.db import transaction

from mailward.certificates import inspect, make
from mailward.flow.switch import CertificateFlow, Follow, Reader, SwitchUndone, remove_version
from mailward.model.certificates import KeyedChain
from mailward.model.doors import Role
from mailward.model.errors import MailwardError
from mailward.model.findings import SERVER
from mailward.model.runs import Outcome, RunKind, RunState, Waiting
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.tables import Served, Switch, SwitchVerified
from mailward.steward import configuration, discovery, served, tlsa
from mailward.steward.host import Host
from mailward.steward.looking import Looker, trusted_roots
from mailward.store import declared, records
from mailward.store.lineages import add_version, make_current
from mailward.store.models import Domain, Lineage, Run, ServerChoice, SigningRequest, Version
from mailward.store.records import StoreRecorder

KEPT_VERSIONS = 2  # files in tls/versions: the one that is served and the one before


def carry_out(run: Run, host: Host, recorder: StoreRecorder) -> Outcome | Waiting:
    """Serve what the run asks for, or what was served before. Waiting: DNS must know the new keys first."""
    if "answer" in run.request:
        _take_answer(run, host)
    switch, scopes = served.switch_for(host, run.request)
    if not switch.wanted and not switch.dropped:
        _commit(run, host)
        said = Sentence("{subject} is kept for when it is chosen", subject=run.subject)
        return Outcome(RunState.DONE, said, NOTHING, host.clock.now())
    if _is_overtaken(run):
        said = Sentence("another certificate was chosen for {subject} while this one waited", subject=run.subject)
        return Outcome(RunState.REFUSED, said, NOTHING, host.clock.now())
    held_back = tlsa.hold_back(host, _table(host, scopes, switch, switch.wanted), run)
    if held_back is not None:
        return held_back
    looker = Looker(host)
    flow = CertificateFlow(
        host.ground, reader(host), configuration.reload_commands(host), follow=_dovecot_follows(run, switch, host, recorder)
    )
    look = looker.for_switch(scopes, _table(host, scopes, switch, switch.wanted), _roles(switch))
    back = looker.for_switch(scopes, _table(host, scopes, switch, switch.previous), _roles(switch))
    result = flow.run(switch, look, back, recorder)
    now = host.clock.now()
    if isinstance(result, SwitchUndone):
        return _undone(result, host)
    try:
        records.keep_findings(result.findings)
        _commit(run, host)
    except Exception:
        flow.take_back(switch)
        raise
    said = Sentence("{subject}: served and proven at {count} doors", subject=run.subject, count=len(result.findings))
    return Outcome(RunState.DONE, said, _after(host, switch, scopes), now)


def _is_overtaken(run: Run) -> bool:
    """Whether the same was chosen otherwise since: a run that waited for DNS must not take a later wish back."""
    later = Run.objects.filter(kind=run.kind, subject=run.subject, pk__gt=run.pk, state=RunState.DONE)
    return run.kind == RunKind.CERTIFICATE and bool(run.request.get("choices")) and later.exists()


def _undone(result: SwitchUndone, host: Host) -> Outcome:
    records.keep_findings(result.back.findings)
    said = Sentence("It could not be proven ({why}), so what was served before is served again.", why=result.failed.what)
    if not isinstance(result.back, SwitchVerified):
        said = Sentence(
            "It could not be proven ({why}); what was served before is back in place, but that can't be proven either.",
            why=result.failed.what,
        )
    return Outcome(RunState.UNDONE, said, Sentence("See what the doors say: mailward verify"), host.clock.now())


def _take_answer(run: Run, host: Host) -> None:
    """A pasted answer becomes a version. Taken up again after a crash, the version is there already."""
    lineage = Lineage.objects.get(pk=run.request["answer"])
    pending = SigningRequest.objects.filter(lineage=lineage).first()
    if pending is None:
        return
    roots = trusted_roots(host.settings, host.layout, host)
    expected = inspect.expect(host.clock.now(), (roots,), tuple(lineage.names))
    key = host.unseal.unseal(bytes(pending.sealed_key))
    chain = make.load_answer(run.request["chain"].encode(), key_pem=key, expected=expected)
    with transaction.atomic():
        version = add_version(lineage, chain, host.seal)
        pending.delete()
        run.request = {**run.request, "versions": {lineage.pk: version.number}}
        run.save(update_fields=["request"])


@transaction.atomic
def _commit(run: Run, host: Host) -> None:
    """What is proven becomes what is declared."""
    for lineage, number in run.request.get("versions", {}).items():
        make_current(Version.objects.get(lineage_id=lineage, number=number))
    for choice in run.request.get("choices", []):
        role, lineage = Role(choice["role"]), choice["lineage"]
        if choice["scope"] == SERVER:
            field = "panel_lineage" if role is Role.WEB else "mail_lineage"
            ServerChoice.objects.update(**{field: lineage})
        else:
            field = "webmail_lineage" if role is Role.WEB else "mail_lineage"
            if not Domain.objects.filter(name=choice["scope"]).update(**{field: lineage}):
                raise served.not_held(choice["scope"])
    tlsa.switched(host)


def _dovecot_follows(run: Run, switch: Switch, host: Host, recorder: StoreRecorder) -> Follow:
    """Dovecot's own doors, where they are open, have a block for each certificate: a new generation, there and back."""
    if not any(host.settings.is_open(door) for door in declared.STARTTLS_DOORS):
        return lambda _served: None
    resumed = configuration.resumed_from(run)

    def follow(wanted: tuple[Served, ...]) -> Sentence | None:
        with transaction.atomic():  # the state as it will be declared, looked at and forgotten
            if wanted == switch.wanted:
                _commit(run, host)
            desired = declared.desired_state(host.settings)
            transaction.set_rollback(True)
        return configuration.bring_about(desired, host, recorder, resumed)

    return follow


def _after(host: Host, switch: Switch, scopes: tuple[str, ...]) -> Sentence:
    """What follows from a proven choice: clients are told the new host names; files nobody points at are removed. Trouble
    with it is said, and takes nothing back: the certificate is served."""
    said = NOTHING
    for domain in Domain.objects.filter(name__in=scopes):
        try:
            discovery.publish(host, domain.name, own_certificate=domain.mail_lineage_id is not None)
        except MailwardError as trouble:
            said = Sentence(
                "What mail clients look up to set themselves up could not be changed: {why} Choose the certificate again "
                "when that is mended.",
                why=trouble.what,
            )
    for lineage, number, _ in switch.material:
        remove_version(lineage, number - KEPT_VERSIONS, host.ground)
    return said


def _table(host: Host, scopes: tuple[str, ...], switch: Switch, there: tuple[Served, ...]) -> list[Served]:
    """What is to be found when ``there`` is served in place of what the switch is about."""
    touched = {(s.role, name) for s in (*switch.wanted, *switch.previous) for name in s.names}
    others = [s for s in served.now_served(host, scopes) if not {(s.role, n) for n in s.names} & touched]
    return [*others, *there]


def _roles(switch: Switch) -> frozenset[Role]:
    return frozenset(s.role for s in (*switch.wanted, *switch.previous))


def reader(host: Host) -> Reader:
    """How a served file is read back and judged."""
    expected = inspect.expect(host.clock.now())

    def read(pem: bytes) -> KeyedChain:
        return inspect.keyed_chain(pem, expected=expected)

    return read
