"""Looking for proofs of control: the TXT record, or the parent zone that names this host, at all authoritative servers.

A server that gives no answer proves nothing and disproves nothing: the domain stays unproven, and the reason says which
server it was. A delegation proves nothing for a domain that another customer held here before: the name servers are the
same for all customers, and who left may not have moved them away yet.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from mailward.model.names import CHALLENGE, ProofBy
from mailward.model.outside import DnsAnswer
from mailward.model.people import STEWARD
from mailward.model.runs import Outcome, RunState, Step
from mailward.model.sentence import NOTHING, Sentence
from mailward.standards.txt import joined_text
from mailward.store import records
from mailward.store.control import publish_again, record_value
from mailward.store.models import ControlProof, Event, Run
from mailward.store.records import StoreRecorder
from mailward.store.sentences import to_json

if TYPE_CHECKING:
    from mailward.steward.host import Host

ANSWERED = ("NOERROR", "NXDOMAIN")
MOST_SERVERS = 13
MOST_LABELS = 12
MOST_KEPT = 20  # records of one answer
SOON, LATER, SELDOM = timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=6)


@dataclass(frozen=True)
class Look:
    """What a look found. ``how`` None: no proof; ``what`` says why."""

    how: ProofBy | None
    answers: tuple[DnsAnswer, ...]
    what: Sentence


def carry_out(run: Run, host: "Host", recorder: StoreRecorder) -> Outcome:
    """Look once, and keep what was found; a proof has the domain published."""
    proof = _proof(run.request["domain"])
    now = host.clock.now
    if proof is None or proof.proven_at is not None:
        said = Sentence("control of {domain} is shown", domain=run.subject)
        return Outcome(RunState.UNCHANGED, said, NOTHING, now())
    with recorder.step(Step.OBSERVE):
        found = look(host, proof)
    with recorder.step(Step.RECORD):
        keep(proof.pk, found, now())
    if found.how is not None:
        return Outcome(RunState.DONE, found.what, NOTHING, now())
    remedy = Sentence("Publish the record at all name servers of the domain. Mailward looks again by itself.")
    return Outcome(RunState.DONE, found.what, remedy, now())


def look_onward(host: "Host", most: int) -> int:
    """Look for the proofs that are due, the longest waiting first; how many there were."""
    due = ControlProof.objects.filter(proven_at=None, look_at__lte=host.clock.now()).order_by("look_at")
    rows = list(due.select_related("domain__customer")[:most])
    for proof in rows:
        keep(proof.pk, look(host, proof), host.clock.now())
    return len(rows)


def look(host: "Host", proof: ControlProof) -> Look:
    """Ask DNS. Changes nothing."""
    domain, value = proof.domain.name, record_value(proof)
    by_txt = _by_txt(host, domain, value)
    if by_txt.how is not None or _was_anothers(proof):
        return by_txt
    by_parent = _by_parent(host, domain)
    if by_parent.how is not None:
        return by_parent
    return Look(None, (*by_txt.answers, *by_parent.answers), by_txt.what)


@transaction.atomic
def keep(proof_id: int, found: Look, now: datetime) -> None:
    """Write down what was seen. A proof is told of, and the domain is published with its mailboxes."""
    proof = ControlProof.objects.select_related("domain__customer").filter(pk=proof_id).first()
    if proof is None or proof.proven_at is not None:  # given up, or proven, meanwhile
        return
    proof.looked_at, proof.what = now, to_json(found.what)
    proof.seen = [
        {"server": f"{one.server} {one.rdtype}"[:120], "rcode": one.rcode, "records": _shown(one.records)}
        for one in found.answers
    ]
    proof.look_at = now + _pause(now - proof.asked_at)
    if found.how is not None:
        proof.proven_at, proof.how = now, found.how.value
    proof.save()
    if found.how is not None:
        name, customer = proof.domain.name, proof.domain.customer.name
        records.tell(STEWARD, "domain.proven", name, now, domain=name, customer=customer, how=proof.how)
        publish_again(proof.domain, STEWARD, now)


def _proof(domain: str) -> ControlProof | None:
    return ControlProof.objects.select_related("domain__customer").filter(domain__name=domain).first()


def _pause(waited: timedelta) -> timedelta:
    """Often in the first hour, then seldom: people are at it, or they aren't."""
    if waited < timedelta(hours=1):
        return SOON
    return LATER if waited < timedelta(days=3) else SELDOM


def _shown(found: Iterable[str]) -> list[str]:
    return [record[:300] for record in list(found)[:MOST_KEPT]]


def _by_txt(host: "Host", domain: str, value: str) -> Look:
    name = f"{CHALLENGE}.{domain}"
    zone, asked = _zone(host, name)
    if zone is None:
        return Look(None, asked, Sentence("DNS gives no answer about {name}.", name=domain))
    answers = tuple(server.query(name, "TXT") for server in list(host.authoritative(zone))[:MOST_SERVERS])
    if not answers:
        return Look(None, asked, Sentence("The name servers of {zone} can't be found.", zone=zone))
    silent = [one for one in answers if one.rcode not in ANSWERED]
    # An alias is no proof: a wildcard one leads into whatever zone its servers hold beside this one.
    without = [one for one in answers if one.alias or value not in {joined_text(record) for record in one.records}]
    if not without:
        return Look(ProofBy.TXT, answers, Sentence("All name servers of {zone} show the record.", zone=zone))
    if silent:
        said = Sentence("{server} gives no answer ({rcode}).", server=silent[0].server, rcode=silent[0].rcode)
    elif len(without) < len(answers):
        said = Sentence("{server} doesn't show the record yet; others do.", server=without[0].server)
    else:
        said = Sentence("No name server of {zone} shows the record yet.", zone=zone)
    return Look(None, answers, said)


def _by_parent(host: "Host", domain: str) -> Look:
    """Whether all servers of the zone above name this host as a name server of the domain."""
    zone, asked = _zone(host, domain.partition(".")[2])
    if zone is None:
        return Look(None, asked, NOTHING)
    answers = tuple(server.query(domain, "NS") for server in list(host.authoritative(zone))[:MOST_SERVERS])
    named = [host.settings.hostname in _hosts(one.records) for one in answers]
    if not answers or not all(named):
        return Look(None, answers, NOTHING)
    said = Sentence("{zone} names this server for {domain}.", zone=zone, domain=domain)
    return Look(ProofBy.DELEGATED, answers, said)


def _hosts(found: Sequence[str]) -> set[str]:
    return {record.rstrip(".").lower() for record in found}


def _zone(host: "Host", name: str) -> tuple[str | None, tuple[DnsAnswer, ...]]:
    """The closest zone at or above ``name``; None when DNS doesn't say, with what it did say."""
    labels = name.split(".")
    for start in range(len(labels))[:MOST_LABELS]:
        answer = host.resolver.query(".".join(labels[start:]), "SOA")
        if answer.records and answer.alias is None:
            return answer.name.rstrip("."), (answer,)
        if answer.rcode not in ANSWERED:
            return None, (answer,)
    return None, ()


def _was_anothers(proof: ControlProof) -> bool:
    """Whether another customer held this domain, or one above or below it, here before."""
    labels = proof.domain.name.split(".")
    names = [".".join(labels[i:]) for i in range(len(labels) - 1)]
    held = Event.objects.filter(what="domain.added", subject__in=names)
    return held.exclude(customer=proof.domain.customer.name).exists()
