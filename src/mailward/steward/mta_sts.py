"""MTA-STS policies of the hosted domains, served as files by nginx: written in one step, their id changed with them, made
strict by stages (``publishing/mta_sts_stages.py``). What DNS says of them follows by ``publishing/wanted.py``.
"""

from datetime import datetime, timedelta
from pathlib import Path

from mailward.certificates.selection import belongs
from mailward.daemons.quoting import name as checked_name
from mailward.model.certificates import Challenge, Source
from mailward.model.checks import CHECKS_STALE_AFTER, Mechanism
from mailward.model.dns import MtaStsMode
from mailward.model.errors import BadInput
from mailward.model.layout import Layout
from mailward.model.runs import RunKind, RunState
from mailward.model.verdict import Verdict
from mailward.publishing import mta_sts_stages
from mailward.publishing.mta_sts_stages import Seen
from mailward.standards.mta_sts import Mode, parse_policy
from mailward.steward.host import Host
from mailward.store import checks
from mailward.store.lineages import certificate_of
from mailward.store.models import Domain, DomainDns, Lineage, Run, ServerChoice, Version

FINE = ("mta-sts-pass", "mta-sts-testing", "mta-sts-old-id", "mta-sts-none")
ORDERED_AGAIN_AFTER = timedelta(days=1)


def advance(host: Host, domain: str, now: datetime) -> bool:
    """Serve the policy that the domain's wish has come to. Whether DNS has to say something else."""
    row = DomainDns.objects.select_related("domain").filter(domain__name=domain).first()
    path = policy_path(host.layout, domain)
    if row is None or (row.mta_sts == MtaStsMode.OFF and not row.mta_sts_id and not host.files.exists(path)):
        return False
    before = row.mta_sts, row.mta_sts_id
    served = _served(host, path)
    wish = MtaStsMode(row.mta_sts)
    wants_name = wish in (MtaStsMode.TESTING, MtaStsMode.ENFORCE)
    if wants_name:
        _join_certificate(host, row.domain, now)
    seen = Seen(served, row.mta_sts_since, _has_certificates(host, row.domain), _is_green(domain, row.mta_sts_since, now))
    came_to = mta_sts_stages.stage(wish, seen, now, mta_sts_stages.testing_at_least(host.settings))
    row.mta_sts = came_to.wish
    if came_to.mode is None:
        host.files.remove(path)
        row.mta_sts_id, row.mta_sts_since = "", None
    else:
        _serve(host, row, path, came_to.mode, now)
    _save(row, wish)
    return before != (row.mta_sts, row.mta_sts_id)


def take_away(host: Host, domain: str) -> None:
    """The domain is held no more."""
    host.files.remove(policy_path(host.layout, domain))


def policy_path(layout: Layout, domain: str) -> Path:
    """Where nginx looks for it. Raises BadInput for what is no name."""
    return layout.web / "mta-sts" / f"{checked_name(domain)}.txt"


def _serve(host: Host, row: DomainDns, path: Path, mode: Mode, now: datetime) -> None:
    """The file first, then its id: who is told of a new policy finds it. Killed in between, the id is made again."""
    content = str(mta_sts_stages.policy(mode, (host.settings.hostname,))).encode()
    if not host.files.exists(path) or host.files.read(path) != content:
        host.files.write(path, content)
    if not mta_sts_stages.is_of(row.mta_sts_id, content):
        row.mta_sts_id, row.mta_sts_since = mta_sts_stages.new_id(content, now), now


def _save(row: DomainDns, wish: MtaStsMode) -> None:
    """What people wished meanwhile stays: only the wish that was acted on is changed."""
    DomainDns.objects.filter(pk=row.pk).update(mta_sts_id=row.mta_sts_id, mta_sts_since=row.mta_sts_since)
    DomainDns.objects.filter(pk=row.pk, mta_sts=wish).update(mta_sts=row.mta_sts)


def _served(host: Host, path: Path) -> Mode | None:
    if not host.files.exists(path):
        return None
    try:
        return parse_policy(host.files.read(path)).mode
    except BadInput:
        return None


def _has_certificates(host: Host, domain: Domain) -> bool:
    """Whether senders meet valid certificates: at ``mta-sts.<domain>``, and at the mail host by its name."""
    web = domain.webmail_lineage
    choice = ServerChoice.objects.select_related("mail_lineage").first()
    mail = choice.mail_lineage if choice else None
    return _covers(web, f"mta-sts.{domain.name}", domain.name) and _covers(mail, host.settings.hostname, "")


def _covers(lineage: Lineage | None, name: str, domain: str) -> bool:
    version = Version.objects.filter(lineage=lineage, number=lineage.current or 0).first() if lineage else None
    if version is None:
        return False
    certificate = certificate_of(version)
    return certificate.covers(name) and not certificate.self_signed and (not domain or belongs(name, domain))


def _is_green(domain: str, since: datetime | None, now: datetime) -> bool:
    """What the latest check says, when it was made since the policy is served as it is."""
    found = checks.known(domain)
    fresh = [
        one for one in found if since is not None and since < one.checked_at and now - one.checked_at < CHECKS_STALE_AFTER
    ]
    policy = [one for one in fresh if one.mechanism is Mechanism.MTA_STS]
    against = [
        one
        for one in fresh
        if one.verdict in (Verdict.FAIL, Verdict.UNKNOWN)
        and one.mechanism in (Mechanism.MX, Mechanism.MTA_STS, Mechanism.CONTRADICTION)
    ]
    return bool(policy) and all(one.code in FINE for one in policy) and not against


def _join_certificate(host: Host, domain: Domain, now: datetime) -> None:
    """``mta-sts.<domain>`` joins the names of a certificate that lists its names one by one (HTTP-01), once the name leads
    here; a wildcard has it already. An order that fails for it goes on without it: what is served is worth more."""
    name = f"mta-sts.{domain.name}"
    lineage = domain.webmail_lineage
    if lineage is None or lineage.source != Source.ACME or lineage.challenge != Challenge.HTTP_01:
        return
    version = Version.objects.filter(lineage=lineage, number=lineage.current or 0).first()
    if version is None or lineage.domain_id != domain.pk or name in version.names:
        return
    if name in lineage.names:
        if lineage.failures:
            Lineage.objects.filter(pk=lineage.pk).update(names=[one for one in lineage.names if one != name])
        return
    lately = Run.objects.filter(kind=RunKind.ORDER, subject=lineage.pk, created_at__gt=now - ORDERED_AGAIN_AFTER)
    if lineage.failures or lately.exclude(state=RunState.DONE).exists() or not _leads_here(host, name):
        return
    Lineage.objects.filter(pk=lineage.pk).update(names=[*lineage.names, name], renew_at=now)


def _leads_here(host: Host, name: str) -> bool:
    """The CA fetches a file from every address of the name."""
    found = {a for rdtype in ("A", "AAAA") for a in host.resolver.query(name, rdtype).records}
    return bool(found) and found <= set(host.settings.world_addresses)
