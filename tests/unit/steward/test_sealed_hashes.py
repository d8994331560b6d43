"""Hashes lie sealed in the store: opened where the directory is published, and only when something differs."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from mailward.model.people import Actor
from mailward.model.tables import DirectoryAppPassword, DirectoryChange
from mailward.steward import birth, old_hashes

ANNA = Actor("anna")


class Counting:
    """Opens as the steward does, and counts."""

    def __init__(self, unseal) -> None:
        self._unseal = unseal
        self.opened = 0

    def unseal(self, sealed: bytes) -> bytes:
        self.opened += 1
        return self._unseal.unseal(sealed)


def people(made):
    from mailward.actions import app_passwords, mailboxes

    made.holding("a.test")
    for name in ("anna", "bert"):
        mailboxes.add_mailbox(made.office, ANNA, f"{name}@a.test")
        for label in ("Phone", "Tablet"):
            app_passwords.create_app_password(made.office, ANNA, f"{name}@a.test", label)
    made.carry_out()
    return made


def test_nothing_is_opened_when_nothing_differs(made) -> None:
    """A host with 50,000 mailboxes starts again without 50,000 openings; what differs alone is opened."""
    from mailward.actions import mailboxes

    people(made)
    counting = Counting(made.host.unseal)
    host = replace(made.host, unseal=counting)
    made.directory.changes.clear()
    birth.put_directory_right(host)
    assert (counting.opened, made.directory.changes) == (0, [])
    mailboxes.change_password(made.office, ANNA, "anna@a.test")
    birth.put_directory_right(host)
    assert (counting.opened, len(made.directory.changes)) == (1, 1)


def test_a_directory_with_too_many_or_too_few_app_passwords_is_put_right(made) -> None:
    """A stranger's way in goes, one that was lost comes back, and nobody else's row is touched."""
    people(made)
    before = dict(made.directory.app_passwords)
    first, *_ = before
    planted = DirectoryAppPassword("bert@a.test", "aaaa-aaa", "{PLAIN}x", ("imap",))
    made.directory.apply(DirectoryChange(put=(planted,)))
    del made.directory.app_passwords[first]
    birth.put_directory_right(made.host)
    assert made.directory.app_passwords == before


def test_what_lay_open_is_sealed_and_wiped_from_the_file(made, store: Path) -> None:
    """After ``up`` no byte of an old hash is left in the store's files, and people log in as before."""
    from django.db import connection

    from mailward.store import declared
    from mailward.store.models import Customer, Domain, Mailbox

    domain = Domain.objects.create(name="a.test", customer=Customer.objects.create(name="A"))
    old = [f"{{ARGON2ID}}$an-old-hash-{number:05}$" for number in range(1200)]
    Mailbox.objects.bulk_create(
        Mailbox(domain=domain, local_part=f"m{number}", password=one) for number, one in enumerate(old)
    )
    published = {row.address: row.password for row in declared.whole_directory(made.host.unseal).put[1:]}
    assert old_hashes.seal_old(made.office.seal) == 1200
    assert {row.address: row.password for row in declared.whole_directory(made.host.unseal).put[1:]} == published
    assert old_hashes.seal_old(made.office.seal) == 0
    connection.close()
    for file in store.parent.glob(f"{store.name}*"):
        assert b"an-old-hash" not in file.read_bytes()
    with sqlite3.connect(store) as database:
        assert database.execute("SELECT count(*) FROM store_mailbox WHERE password <> ''").fetchone() == (0,)
