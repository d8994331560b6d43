"""Directory runs: the declared rows of a few domains and addresses are published, in one transaction, and looked up
through the running daemons. Zones and the settings that mail clients ask for are published beside them."""

from collections.abc import Sequence

from mailward.daemons.dovecot import NAME, STARTTLS_NAME
from mailward.daemons.quoting import name as checked_name
from mailward.model.dns import HomeKind
from mailward.model.errors import BadInput
from mailward.model.runs import Outcome, RunState, Step
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.settings import OWN_TOP_LEVEL
from mailward.steward import discovery, dkim, dns_day, mta_sts, zones
from mailward.steward.host import Host
from mailward.store import checks, declared, received, records
from mailward.store.dns import Zones
from mailward.store.models import Domain, Run
from mailward.store.records import StoreRecorder


def carry_out(run: Run, host: Host, recorder: StoreRecorder) -> Outcome:
    """Publish, then ask Dovecot for every address: it must know those that are declared, and no other."""
    domains: list[str] = [checked_name(domain) for domain in run.request["domains"]]  # root makes files of these names
    if any(domain.rpartition(".")[2] == OWN_TOP_LEVEL for domain in domains):  # the catalog of zones lies there
        raise BadInput("domains", Sentence("{value} is not a name", value=ascii(domains)), code="bad-name")
    addresses: list[str] = run.request["addresses"]
    destinations = [checked_name(one) for one in run.request.get("destinations", [])]
    if any(not isinstance(address, str) or address.startswith("-") for address in addresses):  # doveadm's options
        raise BadInput("addresses", Sentence("{value} is not a name", value=ascii(addresses)), code="bad-name")
    with recorder.step(Step.OBSERVE):
        change = declared.directory_change(host.unseal, domains, addresses, destinations)
        held = set(Domain.objects.filter(name__in=domains).values_list("name", flat=True))
        gone = [domain for domain in domains if domain not in held]
        own = set(Domain.objects.filter(name__in=domains).exclude(mail_lineage=None).values_list("name", flat=True))
    with recorder.step(Step.APPLY):
        host.directory.apply(change)
        _forget(host, addresses)
        if not run.request.get("stay"):
            _end_sessions(host, change.remove_domains, addresses)
        for domain in domains:
            if domain in gone:
                zones.take_away(host, domain)
                discovery.take_away(host, domain)
                mta_sts.take_away(host, domain)
                dkim.take_away(host, domain)
            else:
                zones.publish(host, domain)
                discovery.publish(host, domain, own_certificate=domain in own)
        records.forget_domains(gone)
        checks.forget(gone)
        if gone:
            received.forget_old(host.clock.now())  # who holds the name next reads nothing of who reported what
        _ask_for_dns(host, domains, gone)
    with recorder.step(Step.VERIFY):
        wrong = _wrong(host, addresses, set(change.remove_mailboxes))
    if wrong:
        said = Sentence("Dovecot doesn't answer as declared for {addresses}", addresses=", ".join(wrong))
        return Outcome(RunState.FAILED, said, Sentence("See: mailward logs dovecot"), host.clock.now())
    said = Sentence("{subject} is published", subject=run.subject)
    if held.intersection(change.remove_domains):
        said = Sentence("{subject} is prepared; its mail is taken when control of it is shown", subject=run.subject)
    elif not change.put:
        said = Sentence("{subject} is taken away", subject=run.subject)
    return Outcome(RunState.DONE, said, NOTHING, host.clock.now())


def _ask_for_dns(host: Host, domains: Sequence[str], gone: Sequence[str]) -> None:
    """What these domains must say in DNS is published by runs of their own. Records of a domain that is held no more are
    taken out of a zone that others have."""
    known = Zones(host.settings)
    for domain in domains:
        home = known.of(domain)
        if domain not in gone or home.zone != domain or home.kind is not HomeKind.HERE:
            dns_day.ask(host, home.zone, domain="" if domain in gone else domain)


def _runs(host: Host) -> bool:
    return host.ground.supervisor.states().get("dovecot") == "RUNNING"


def _doveadm(host: Host, server: str = NAME) -> tuple[str, ...]:
    return ("doveadm", "-c", str(host.layout.current / server / "dovecot.conf"))


def _forget(host: Host, addresses: Sequence[str]) -> None:
    """A changed password must count at once: Dovecot keeps successful logins in memory for a while."""
    if addresses and _runs(host):
        host.processes.run((*_doveadm(host), "auth", "cache", "flush", *addresses), timeout=20)


def _end_sessions(host: Host, gone: Sequence[str], addresses: Sequence[str]) -> None:
    """Whoever is logged in must log in again. A changed password or a removed mailbox is often the answer to a theft, and
    a mail reader's session lasts for days."""
    whole = [f"*@{domain}" for domain in gone]
    single = [one for one in addresses if not one.startswith("@") and f"*@{one.rpartition('@')[2]}" not in whole]
    for server in STARTTLS_NAME, NAME:
        if host.ground.supervisor.states().get(server) == "RUNNING":
            for mask in (*whole, *single):  # exit code 68: nobody was logged in
                host.processes.run((*_doveadm(host, server), "kick", mask), timeout=20)


def _wrong(host: Host, addresses: Sequence[str], gone: set[str]) -> list[str]:
    if not addresses or not _runs(host):
        return []
    boxes = {address: address not in gone for address in addresses if not address.startswith("@")}
    wrong = []
    for address, expected in boxes.items():
        code = host.processes.run((*_doveadm(host), "user", "-f", "uid", address), timeout=20).code
        if (code == 0) is not expected:
            wrong.append(address)
    return wrong
