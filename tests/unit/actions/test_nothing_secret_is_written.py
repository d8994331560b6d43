"""Everything that people can do leaves an event, and no password or private key in any table, answer, log or error."""

import json
from base64 import b64decode

import pytest
from django.apps import apps

from fakes import papers
from mailward.model.errors import BadInput, MailwardError
from mailward.model.people import Actor

ANNA = Actor("anna")
PASSWORD = "Correct-Horse-Battery-9"
OTHER = "Another-Horse-Staple-77"
OPENING = "opens the p12 file"
NAMES = ("a.test", "*.a.test")


def everything_stored() -> list[str]:
    """Each row of each table, as text in which bytes are searchable, too."""
    found = []
    for model in apps.get_app_config("store").get_models():
        for row in model.objects.values():
            plain = {
                key: bytes(value).hex() if isinstance(value, bytes | memoryview) else value for key, value in row.items()
            }
            found.append(f"{model.__name__} {json.dumps(plain, default=str, ensure_ascii=False)}")
    return found


def traces_of(key_pem: bytes) -> set[str]:
    """Forms in which a private key would be recognised: its lines, and its bytes."""
    lines = [line for line in key_pem.decode().splitlines() if not line.startswith("-----")]
    return {*lines, b64decode("".join(lines)).hex(), lines[0].encode().hex()}


def test_no_key_and_no_password_is_in_any_row(made, capsys: pytest.CaptureFixture[str]) -> None:
    """After all of it was done, and carried out, the store and the log hold only hashes and sealed keys."""
    from mailward.actions import certificates, choices, mailboxes, orders

    office = made.holding("a.test").office
    secrets = [PASSWORD, OTHER, OPENING]
    made.carry_out(mailboxes.add_mailbox(office, ANNA, "anna@a.test", password=PASSWORD))
    shown = mailboxes.add_mailbox(office, ANNA, "bert@a.test")
    made.carry_out(mailboxes.change_password(office, ANNA, "anna@a.test", password=OTHER))
    again = mailboxes.change_password(office, ANNA, "bert@a.test")
    secrets += [shown.secret, again.secret]
    one, two, three = papers.leaf(*NAMES), papers.leaf(*NAMES), papers.leaf(*NAMES)
    row, _ = certificates.upload(office, ANNA, "a.test", papers.bundle(one))
    certificates.upload(office, ANNA, "a.test", papers.p12(two, OPENING), password=OPENING)
    made.carry_out(choices.choose(office, ANNA, "a.test", webmail=row.id, mail=row.id))
    pending, _ = certificates.signing_request(office, ANNA, "a.test")
    certificates.answer(office, ANNA, pending.id, papers.bundle(three))
    made.carry_out(orders.issue(office, ANNA, "a.test"))
    made.secured("server")
    made.carry_out(orders.renew(office, ANNA, "web-self-signed"))

    keys = [one.key_pem, two.key_pem, three.key_pem]
    keys += [what for _, what in made.files.tree() if isinstance(what, bytes) and b"PRIVATE KEY" in what]
    assert len(keys) > 5
    forbidden = set().union(*(traces_of(key.split(b"-----BEGIN CERTIFICATE")[0]) for key in keys), secrets)
    logged = capsys.readouterr()
    places = [
        *everything_stored(),
        logged.out,
        logged.err,
        repr(shown),
        repr(again),
        repr(office),
        repr(made.host.settings),
    ]
    assert len(places) > 40
    for place in places:
        found = [secret for secret in forbidden if secret in place]
        assert not found, place[:200]
        assert "PRIVATE KEY" not in place, place[:200]


def test_the_search_would_find_a_key(made) -> None:
    """A key that was stored without a seal, in text or in bytes, is seen by the search above."""
    from mailward.store.models import Event, Version

    key = papers.leaf(*NAMES).key_pem
    der = b64decode("".join(line for line in key.decode().splitlines() if "-----" not in line))
    Event.objects.create(at=made.clock.now(), who="x", what="x", subject="x", detail={"pasted": key.decode()})
    Version.objects.update(sealed_key=der)
    stored = everything_stored()
    assert any(trace in row for row in stored if row.startswith("Event") for trace in traces_of(key))
    assert any(trace in row for row in stored if row.startswith("Version") for trace in traces_of(key))


@pytest.mark.parametrize("options", [{"password": OPENING}, {"key": papers.leaf("x.test").key_pem}])
def test_no_refusal_repeats_what_was_secret(made, options) -> None:
    """A refused upload says what is wrong with it without saying any of it."""
    from mailward.actions import certificates

    office = made.holding("a.test").office
    one = papers.leaf(*NAMES)
    material = one.pem + papers.CHAIN + papers.locked_key(one, PASSWORD)
    with pytest.raises(BadInput) as caught:
        certificates.upload(office, ANNA, "a.test", material, **options)
    error: BaseException | None = caught.value
    while error is not None:
        said = repr(error) + str(error)
        if isinstance(error, MailwardError):
            said += repr(error.what) + repr(error.remedy)
        assert PASSWORD not in said
        assert OPENING not in said
        assert not [line for line in material.decode().splitlines() if len(line) > 40 and line in said]
        error = error.__cause__ or error.__context__


def test_everything_that_is_done_is_told(made) -> None:
    """Each action that changes or asks something writes exactly one event: who, what, about which."""
    from mailward.actions import certificates, choices, configuration, domains, mailboxes, orders
    from mailward.store.models import Event

    office, did = made.office, []

    def event(*expected: tuple[str, str]) -> None:
        new = [(e.what, e.subject) for e in Event.objects.order_by("id")][len(did) :]
        assert new == list(expected)
        did.extend(new)

    domains.add_customer(office, ANNA, "A")
    event(("customer.added", "A"))
    domains.add_domain(office, ANNA, "a.test", customer="A")
    event(("domain.added", "a.test"))
    mailboxes.add_mailbox(office, ANNA, "anna@a.test")
    event(("mailbox.added", "anna@a.test"))
    mailboxes.change_password(office, ANNA, "anna@a.test")
    event(("mailbox.password-changed", "anna@a.test"))
    mailboxes.add_alias(office, ANNA, "info@a.test", ["anna@a.test"])
    event(("alias.added", "info@a.test"))
    mailboxes.remove_alias(office, ANNA, "info@a.test")
    event(("alias.removed", "info@a.test"))
    mailboxes.remove_mailbox(office, ANNA, "anna@a.test")
    event(("mailbox.removed", "anna@a.test"))
    row, _ = certificates.upload(office, ANNA, "a.test", papers.bundle(papers.leaf(*NAMES)))
    event(("certificate.uploaded", "a.test-upload"))
    choices.choose(office, ANNA, "a.test", mail=row.id)
    event(("certificate.chosen", "a.test"))
    pending, _ = certificates.signing_request(office, ANNA, "a.test")
    event(("certificate.requested", "a.test-csr"))
    certificates.answer(office, ANNA, pending.id, papers.bundle(papers.leaf(*NAMES)))
    event(("certificate.answered", "a.test-csr"))
    orders.issue(office, ANNA, "a.test")
    event(("certificate.ordered", "a.test-wildcard"))
    choices.secure(office, ANNA, "a.test")
    event(("certificate.ordered", "a.test-wildcard"))
    orders.renew(office, ANNA, "mail-self-signed")
    event(("certificate.ordered", "mail-self-signed"))
    made.carry_out(choices.choose(office, ANNA, "a.test", webmail="self-signed", mail="self-signed"))
    event(("certificate.chosen", "a.test"))
    orders.revoke(office, ANNA, "a.test-wildcard")
    event(("certificate.revoked", "a.test-wildcard"))
    domains.remove_domain(office, ANNA, "a.test")
    event(("domain.removed", "a.test"))
    configuration.apply(office, ANNA)
    event(("configuration.asked", "host"))
    configuration.rollback(office, ANNA, to=2)
    event(("rollback.asked", "host"))
    assert {e.who for e in Event.objects.all()} == {"anna"}
