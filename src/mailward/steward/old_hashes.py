"""Hashes of passwords that an older Mailward kept in clear are sealed, and wiped from the store's file: the panel's process
can read all of that file, also what lies in pages that no table uses any more. Never touches a sealed one."""

from django.db import connection, transaction

from mailward.model.outside import Seal
from mailward.store.models import Mailbox

AT_ONCE = 500


def seal_old(seal: Seal) -> int:
    """Seal what lies in clear; how many there were. Killed half-way, the next call goes on."""
    sealed = 0
    while boxes := list(Mailbox.objects.exclude(password="").order_by("pk")[:AT_ONCE]):
        for box in boxes:
            box.sealed_password, box.password = seal.seal(box.password.encode()), ""
        with transaction.atomic():
            Mailbox.objects.bulk_update(boxes, ["sealed_password", "password"])
        sealed += len(boxes)
    if sealed and connection.vendor == "sqlite":
        _wipe()
    return sealed


def _wipe() -> None:
    """SQLite leaves what was overwritten in free pages and in its write-ahead log."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
