"""Passwords for programs: one for each phone or mail program, opening the named protocols alone, ended one by one.

The text is made here and answered once. Its first eight characters are its name (the selector), by which Dovecot finds it;
the other 21 letters are 105 random bits, kept as a salted hash that only the steward can open.
"""

import secrets
from collections.abc import Sequence

from django.db import transaction

from mailward.actions import permission
from mailward.actions.office import Asked, Office
from mailward.actions.rows import AppPasswordRow
from mailward.model.errors import BadInput, NotPossible
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.store import records
from mailward.store.models import AppPassword, Mailbox

PROTOCOLS = ("imap", "pop3", "submission", "sieve")
"""What one can open: reading by IMAP or POP3, sending, and filters by ManageSieve. Never webmail, never the panel."""

MOST = 50  # of one mailbox
LONGEST_LABEL = 60
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # 32: five bits each; without 0 and o, 1 and l
GROUPS, GROUP = 7, 4
SELECTOR = 8  # characters: four letters, a dash, three letters


def list_app_passwords(office: Office, actor: Actor, address: str) -> tuple[AppPasswordRow, ...]:
    """Those of one mailbox, the newest first."""
    box = permission.mailbox_for(actor, Act.MAILBOXES_READ, address)
    return tuple(_row(one) for one in box.app_passwords.order_by("-created_at", "-pk"))


@transaction.atomic
def create_app_password(
    office: Office, actor: Actor, address: str, label: str, protocols: Sequence[str] = PROTOCOLS
) -> Asked:
    """A new one; ``secret`` is its text, answered this once. The mailbox's own password goes on working."""
    box = permission.mailbox_for(actor, Act.PASSWORDS_CHANGE, address)
    clean, wanted = _label(label), _protocols(protocols)
    if box.app_passwords.filter(label=clean).exists():
        said = Sentence("{address} has an app password {label} already", address=box.address, label=clean)
        raise BadInput("label", said, Sentence("Choose another name, or revoke that one first."), code="already-held")
    if box.app_passwords.count() >= MOST:
        said = Sentence("{address} has {most} app passwords already; it can't have more", address=box.address, most=MOST)
        raise NotPossible(said, Sentence("Revoke those that are no longer used."), code="too-many")
    secret = _made()
    made = AppPassword.objects.create(
        mailbox=box,
        label=clean,
        selector=secret[:SELECTOR],
        sealed_hash=office.seal.seal(office.hash_app_password(secret).encode()),
        protocols=list(wanted),
        created_at=office.clock.now(),
    )
    return _asked(office, actor, "app-password.created", box, made, secret)


@transaction.atomic
def revoke_app_password(office: Office, actor: Actor, address: str, selector: str) -> Asked:
    """It opens nothing any more, and whoever is logged in to the mailbox has to log in again."""
    box = permission.mailbox_for(actor, Act.PASSWORDS_CHANGE, address)
    held = box.app_passwords.filter(selector=selector.strip().lower()[:SELECTOR]).first()
    if held is None:
        said = Sentence("{address} has no app password {selector}", address=box.address, selector=selector[:SELECTOR])
        remedy = Sentence("See: mailward app-password list {address}", address=box.address)
        raise BadInput("selector", said, remedy, code="unknown")
    asked = _asked(office, actor, "app-password.revoked", box, held)
    held.delete()
    return asked


def _row(one: AppPassword) -> AppPasswordRow:
    return AppPasswordRow(
        one.selector, one.label, tuple(one.protocols), one.created_at, one.last_used_at, one.last_used_from
    )


def _made() -> str:
    """A text whose selector nobody has."""
    while True:
        groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))
        text = "-".join(groups)
        if not AppPassword.objects.filter(selector=text[:SELECTOR]).exists():
            return text


def _label(label: str) -> str:
    clean = " ".join(label.split())
    if not clean or len(clean) > LONGEST_LABEL or not clean.isprintable():
        said = Sentence("the name of an app password has 1 to {most} printable characters", most=LONGEST_LABEL)
        raise BadInput("label", said, Sentence("Name the device or program that will use it."))
    return clean


def _protocols(named: Sequence[str]) -> tuple[str, ...]:
    for one in named:
        if one not in PROTOCOLS:
            said = Sentence("there is no protocol {name} for app passwords", name=one)
            raise BadInput("protocols", said, Sentence("Known are: {names}.", names=", ".join(PROTOCOLS)))
    wanted = tuple(one for one in PROTOCOLS if one in named)
    if not wanted:
        said = Sentence("an app password needs something that it opens")
        raise BadInput("protocols", said, Sentence("Known are: {names}.", names=", ".join(PROTOCOLS)))
    return wanted


def _asked(office: Office, actor: Actor, what: str, box: Mailbox, one: AppPassword, secret: str | None = None) -> Asked:
    now = office.clock.now()
    domain = box.domain
    detail = {"label": one.label, "selector": one.selector, "protocols": list(one.protocols)}
    records.tell(actor, what, box.address, now, domain=domain.name, customer=domain.customer.name, **detail)
    request: dict[str, object] = {"domains": [], "addresses": [box.address]}
    if secret is not None:  # nobody has to log in again because of a new one
        request["stay"] = True
    run = records.ask(RunKind.DIRECTORY, box.address, request, actor, now, domain=domain.name)
    return Asked(run.pk, secret=secret)
