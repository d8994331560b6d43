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
from mailward.store.dns import Zones
from mailward.store.models import Domain

Key = tuple[str, str]


@transaction.atomic
def cure_dns(office: Office, actor: Actor, scope: str, mechanism: str, subject: str) -> Asked:
    """Publish the records that cure what the last check found, where Mailward can."""
    domain = permission.scope_for(actor, Act.DNS_CHANGE, scope)
    zones = Zones(office.settings)
    home = zones.server if domain is None else zones.of(domain.name)
    if home.kind is HomeKind.BY_HAND:
        said = Sentence("the zone {zone} is changed by hand", zone=home.zone)
        raise BadInput("domain", said, Sentence("Publish the records that mailward dns show lists."), code="by-hand")
    sets = _take_up(office, domain, mechanism, subject)
    return dns_actions.ask_for_run(actor, office, domain, "dns.cure-asked", sets, mechanism=mechanism, about=subject)


def can_cure(finding: CheckFinding) -> bool:
    """Whether the button is of use."""
    return bool(finding.cure or finding.replaces) or finding.code == "mta-sts-missing"


def _take_up(office: Office, domain: Domain | None, mechanism: str, subject: str) -> list[Key]:
    """Declare what the finding's cure needs. The sets to replace, whoever's they are: the person has seen them."""
    name = SERVER if domain is None else domain.name
    found = [one for one in checks.known(name) if one.mechanism == mechanism and one.subject == subject and can_cure(one)]
    if not found:
        said = Sentence("nothing was found there that Mailward can cure")
        raise BadInput("subject", said, Sentence("Look again: mailward check {domain}", domain=name), code="no-cure")
    if domain is not None:
        _declare(office, domain, found[0])
    within = office.settings.hostname if domain is None else domain.name
    return sorted({(one.name, one.rdtype) for one in (*found[0].cure, *found[0].replaces) if lies_in(one.name, within)})


def _declare(office: Office, domain: Domain, finding: CheckFinding) -> None:
    """What isn't published because nobody wished for it is wished for now."""
    if finding.mechanism is Mechanism.MTA_STS and finding.code == "mta-sts-missing":
        dns_policy.keep(domain, mta_sts=MtaStsMode.TESTING.value)
    if finding.mechanism is Mechanism.TLS_RPT:
        dns_policy.keep(domain, tls_rpt=True)
    if finding.mechanism is Mechanism.CAA:
        issuers = dns.here_of(office.settings).ca_issuers
        if not issuers:
            said = Sentence("nobody knows by what name the authority in use is let in")
            raise BadInput("caa", said, Sentence("Name it: mailward dns set DOMAIN --caa NAME"), code="no-issuer")
        dns_policy.keep(domain, caa=list(issuers))
