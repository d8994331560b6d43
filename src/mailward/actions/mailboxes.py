"""Mailboxes and aliases: each change is one transaction in the directory, and reloads nothing."""

from collections.abc import Sequence

from django.db import transaction

from mailward.actions.domains import get_domain
from mailward.actions.office import Asked, Office
from mailward.actions.rows import AliasRow, MailboxRow
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_domain
from mailward.standards.mail_address import MailAddress, parse_address
from mailward.store import records
from mailward.store.models import Alias, Domain, Mailbox

SHORTEST_PASSWORD = 16


def list_mailboxes(office: Office, domain: str | None = None) -> tuple[MailboxRow, ...]:
    rows = Mailbox.objects.select_related("domain").order_by("domain__name", "local_part")
    if domain is not None:
        rows = rows.filter(domain=get_domain(domain))
    return tuple(MailboxRow(row.address, row.active, row.quota_bytes) for row in rows)


@transaction.atomic
def add_mailbox(office: Office, actor: Actor, address: str, password: str | None = None, quota_bytes: int = 0) -> Asked:
    """A new mailbox. Without a password one is made, answered once and never stored in clear."""
    parsed, domain = _address(address)
    if quota_bytes < 0:
        raise BadInput("quota", Sentence("a quota is 0 (no limit) or a number of bytes"))
    if Mailbox.objects.filter(domain=domain, local_part=parsed.local_part).exists():
        said = Sentence("there is a mailbox {address} already", address=parsed)
        remedy = Sentence("To change its password: mailward mailbox password {address}", address=parsed)
        raise BadInput("address", said, remedy, code="already-held")
    if Alias.objects.filter(domain=domain, local_part=parsed.local_part).exists():
        said = Sentence("there is an alias {address} already", address=parsed)
        raise BadInput("address", said, Sentence("Remove the alias first."), code="already-held")
    secret = _password(office, password)
    Mailbox.objects.create(
        domain=domain, local_part=parsed.local_part, sealed_password=_sealed(office, secret), quota_bytes=quota_bytes
    )
    return _asked(office, actor, "mailbox.added", str(parsed), None if password else secret)


@transaction.atomic
def change_password(office: Office, actor: Actor, address: str, password: str | None = None) -> Asked:
    """A new password, given or made. The old one ends with the directory's transaction."""
    box = get_mailbox(address)
    secret = _password(office, password)
    box.sealed_password = _sealed(office, secret)
    box.save(update_fields=["sealed_password"])
    return _asked(office, actor, "mailbox.password-changed", box.address, None if password else secret)


@transaction.atomic
def remove_mailbox(office: Office, actor: Actor, address: str) -> Asked:
    """Nothing is accepted for it any more; its mail stays on disk."""
    box = get_mailbox(address)
    shown = box.address
    box.delete()
    return _asked(office, actor, "mailbox.removed", shown, None)


def list_aliases(office: Office, domain: str | None = None) -> tuple[AliasRow, ...]:
    rows = Alias.objects.select_related("domain").order_by("domain__name", "local_part")
    if domain is not None:
        rows = rows.filter(domain=get_domain(domain))
    return tuple(AliasRow(row.address, tuple(row.targets)) for row in rows)


@transaction.atomic
def add_alias(office: Office, actor: Actor, address: str, targets: Sequence[str]) -> Asked:
    """Mail for ``address`` goes to ``targets``; ``@domain`` collects what no mailbox takes."""
    if address.startswith("@"):
        local, domain = "", get_domain(address[1:])
    else:
        parsed, domain = _address(address)
        local = parsed.local_part
    if not targets:
        raise BadInput("targets", Sentence("an alias needs at least one address to send to"))
    clean = [str(parse_address(target, "targets")) for target in targets]
    if Alias.objects.filter(domain=domain, local_part=local).exists():
        raise BadInput("address", Sentence("there is an alias {address} already", address=address), code="already-held")
    if Mailbox.objects.filter(domain=domain, local_part=local).exists():
        raise BadInput("address", Sentence("there is a mailbox {address} already", address=address), code="already-held")
    alias = Alias.objects.create(domain=domain, local_part=local, targets=clean)
    return _asked(office, actor, "alias.added", alias.address, None)


@transaction.atomic
def remove_alias(office: Office, actor: Actor, address: str) -> Asked:
    local, _, name = address.rpartition("@")
    alias = Alias.objects.filter(local_part=local.lower(), domain__name=parse_domain(name, "address")).first()
    if alias is None:
        raise BadInput("address", Sentence("there is no alias {address}", address=address), code="unknown")
    shown = alias.address
    alias.delete()
    return _asked(office, actor, "alias.removed", shown, None)


def get_mailbox(address: str) -> Mailbox:
    """The mailbox row that a person means. Raises BadInput when there is none."""
    parsed = parse_address(address)
    box = Mailbox.objects.filter(local_part=parsed.local_part, domain__name=parsed.domain).select_related("domain").first()
    if box is None:
        said = Sentence("there is no mailbox {address}", address=parsed)
        raise BadInput("address", said, Sentence("See: mailward mailbox list"), code="unknown")
    return box


def _address(text: str) -> tuple[MailAddress, Domain]:
    parsed = parse_address(text)
    return parsed, get_domain(parsed.domain)


def _password(office: Office, given: str | None) -> str:
    if given is None:
        return office.make_password()
    if len(given) < SHORTEST_PASSWORD or len(given) > 256:
        said = Sentence("a password has {shortest} to 256 characters", shortest=SHORTEST_PASSWORD)
        raise BadInput("password", said, Sentence("Give a longer one, or none: one is made and shown once."))
    return given


def _sealed(office: Office, secret: str) -> bytes:
    return office.seal.seal(office.hash_password(secret).encode())


def _asked(office: Office, actor: Actor, what: str, address: str, secret: str | None) -> Asked:
    now = office.clock.now()
    records.tell(actor, what, address, now)
    run = records.ask(RunKind.DIRECTORY, address, {"domains": [], "addresses": [address]}, actor, now)
    return Asked(run.pk, secret=secret)
