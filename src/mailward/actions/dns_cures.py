"""The button that cures: what a finding says is declared, and the sets that it is about may be replaced."""

from django.db import transaction

from mailward.actions import dns as dns_actions
from mailward.actions import dns_policy, permission
from mailward.actions.office import Asked, Office
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import HomeKind, MtaStsMode
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.publishing.wanted import lies_in
from mailward.store import checks, dns
from mailward.store.dns import Home, Zones
from mailward.store.models import Domain

Key = tuple[str, str]


@transaction.atomic
def cure_dns(office: Office, actor: Actor, scope: str, mechanism: str, subject: str = "") -> Asked:
    """Publish the records that cure what the last check found, where Mailward can. Without a subject: the one thing that it
    found of this mechanism. Records of the server's own zones (its
    address' name, its keys, a DS record in the zone above) are for those who may change the server."""
    domain = permission.scope_for(actor, Act.DNS_CHANGE, scope)
    zones = Zones(office.settings)
    own = zones.server if domain is None else zones.of(domain.name)
    found = _found(domain, mechanism, subject)
    home = _home(found, zones) or own
    if home.zone != own.zone:
        permission.scope_for(actor, Act.DNS_CHANGE, SERVER)
    if home.kind is HomeKind.BY_HAND:
        said = Sentence("the zone {zone} is changed by hand", zone=home.zone)
        raise BadInput("domain", said, Sentence("Publish the records that mailward dns show lists."), code="by-hand")
    within = home.zone if home.zone != own.zone else domain.name if domain is not None else office.settings.hostname
    sets = _take_up(office, domain, found, within)
    return dns_actions.ask_for_run(
        actor, office, domain, "dns.cure-asked", sets, into=home, mechanism=mechanism, about=found.subject
    )  # fmt: skip


def can_cure(finding: CheckFinding) -> bool:
    """Whether the button is of use."""
    return bool(finding.cure or finding.replaces) or finding.code == "mta-sts-missing"


def _found(domain: Domain | None, mechanism: str, subject: str) -> CheckFinding:
    """What the last check said there, of which there is a cure."""
    name = SERVER if domain is None else domain.name
    curable = [one for one in checks.known(name) if one.mechanism == mechanism and can_cure(one)]
    for one in curable:
        if one.subject == subject or (not subject and len(curable) == 1):
            return one
    if curable:
        said = Sentence("it is not clear what is to be cured")
        names = ", ".join(one.subject for one in curable)
        raise BadInput("subject", said, Sentence("Name one of: {names}.", names=names), code="nothing-named")
    said = Sentence("nothing was found there that Mailward can cure")
    raise BadInput("subject", said, Sentence("Look again: mailward check {domain}", domain=name), code="no-cure")


def _home(finding: CheckFinding, zones: Zones) -> Home | None:
    """The zone that the cure's records go into; a DS record goes into the one above."""
    for one in (*finding.cure, *finding.replaces):
        return zones.of(one.name.partition(".")[2] if one.rdtype == "DS" else one.name)
    return None


def _take_up(office: Office, domain: Domain | None, finding: CheckFinding, within: str) -> list[Key]:
    """Declare what the finding's cure needs. The sets to replace, whoever's they are: the person has seen them."""
    if domain is not None:
        _declare(office, domain, finding)
    records = [one for one in (*finding.cure, *finding.replaces) if one.rdtype != "DS"]
    return sorted({(one.name, one.rdtype) for one in records if lies_in(one.name, within)})


def _declare(office: Office, domain: Domain, finding: CheckFinding) -> None:
    """What isn't published because nobody wished for it is wished for now."""
    if finding.mechanism is Mechanism.MTA_STS and finding.code == "mta-sts-missing":
        dns_policy.keep(domain, mta_sts=MtaStsMode.TESTING.value)
    if finding.mechanism is Mechanism.TLS_RPT:
        dns_policy.keep(domain, tls_rpt=True)
    if finding.mechanism is Mechanism.CAA and not dns.wish(domain.name, Zones(office.settings)).caa:
        issuers = dns.here_of(office.settings).ca_issuers
        if not issuers:
            said = Sentence("nobody knows by what name the authority in use is let in")
            raise BadInput("caa", said, Sentence("Name it: mailward dns set DOMAIN --caa NAME"), code="no-issuer")
        dns_policy.keep(domain, caa=list(issuers))
