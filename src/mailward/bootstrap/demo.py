"""What a demo is furnished with: two customers, so that the difference can be seen and cured by one command."""

import json
from pathlib import Path

from mailward.actions import choices, domains, mailboxes
from mailward.bootstrap.mailward import Mailward, has_failed
from mailward.host.passwords import password_matches
from mailward.model.errors import NotPossible
from mailward.model.people import Actor
from mailward.model.progress import Progress
from mailward.model.sentence import Sentence
from mailward.steward import demo_ca, demo_zones, dns_day, zones
from mailward.store.dns import Zones
from mailward.store.models import Domain, Mailbox

SECURED, UNSECURED = "alpha.localhost", "beta.localhost"
CUSTOMERS = {SECURED: "Alpha", UNSECURED: "Beta"}
PEOPLE = ("anna", "ben")
DEMO = Actor("demo")


def furnish(mailward: Mailward, progress: Progress) -> bool:
    """The demo's customers, domains and mailboxes, and alpha's certificate. False when all of it was there."""
    host = mailward.host
    demo_ca.learn_roots(host)
    demo_zones.declare(host.settings)
    changed = False
    for domain, customer in CUSTOMERS.items():
        if not Domain.objects.filter(name=domain).exists():
            _done(mailward, domains.add_domain(mailward.office, DEMO, domain, customer).run_id, progress)
            changed = True
        for person in PEOPLE:
            if not Mailbox.objects.filter(domain__name=domain, local_part=person).exists():
                _mailbox(mailward, f"{person}@{domain}", progress)
                changed = True
    changed = _publish(mailward, progress) or changed
    if Domain.objects.get(name=SECURED).mail_lineage_id is None:
        _done(mailward, choices.secure(mailward.office, DEMO, SECURED).run_id, progress)
        changed = True
        _publish(mailward, progress)  # mail programs are sent to another host name now
    return changed


def _publish(mailward: Mailward, progress: Progress) -> bool:
    """Every zone says what it must, those below first: the ones above name their keys. Whether anything was to do."""
    known = Zones(mailward.host.settings)
    names = sorted(known.all(), key=lambda name: -name.count("."))
    zones.serve(mailward.host, names, known)
    due = [zone for zone in names if dns_day.is_due(mailward.host, zone, known)]
    for zone in due:
        _done(mailward, dns_day.ask(mailward.host, zone).pk, progress)
    return bool(due)


def first_passwords(mailward: Mailward) -> tuple[tuple[str, str], ...]:
    """The passwords made for the demo's mailboxes, while nobody has changed them: (address, password)."""
    known = made(mailward)
    boxes = {box.address: bytes(box.sealed_password) for box in Mailbox.objects.select_related("domain")}
    open_ = mailward.host.unseal.unseal
    return tuple((a, p) for a, p in sorted(known.items()) if a in boxes and password_matches(p, open_(boxes[a]).decode()))


def _mailbox(mailward: Mailward, address: str, progress: Progress) -> None:
    """The password is written down, sealed, before the mailbox exists: a killed ``up`` must still be able to show it."""
    secret = written_down(mailward, address)
    _done(mailward, mailboxes.add_mailbox(mailward.office, DEMO, address, secret).run_id, progress)


def written_down(mailward: Mailward, address: str) -> str:
    """The password that was made for it before, or one that is made now and kept, sealed."""
    known = made(mailward)
    secret = known.get(address) or mailward.office.make_password()
    sealed = mailward.host.seal.seal(json.dumps({**known, address: secret}).encode())
    mailward.host.files.write(_file(mailward), sealed, mode=0o600)
    return secret


def made(mailward: Mailward) -> dict[str, str]:
    """Every password that was made for this demo, by what it is for."""
    path = _file(mailward)
    if not mailward.host.files.exists(path):
        return {}
    known: dict[str, str] = json.loads(mailward.host.unseal.unseal(mailward.host.files.read(path)))
    return known


def _file(mailward: Mailward) -> Path:
    return mailward.layout.secrets / "first-passwords"


def _done(mailward: Mailward, run_id: int, progress: Progress) -> None:
    row = mailward.carry_out(run_id, progress)
    if has_failed(row):
        raise NotPossible(row.what, row.remedy or Sentence("See: mailward runs"), code="demo")
