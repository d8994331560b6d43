"""The first minute of an instance, and putting right what was lost: done again, it changes nothing."""

import pytest

from fakes.made_host import LAYOUT, MadeHost
from mailward.model.doors import Role
from mailward.model.people import Actor
from mailward.model.tables import DirectoryChange, DirectoryDomain, DirectoryMailbox
from mailward.steward import birth

ANNA = Actor("anna")


def test_every_door_is_encrypted_from_the_first_minute(made) -> None:
    """A1, A2: panel and mail show certificates of their own for the server's name, and to clients that send none."""
    web, mail = (made.files.read(LAYOUT.tls_default(role)) for role in (Role.WEB, Role.MAIL))
    assert web != mail
    for sni in (made.settings.hostname, "unknown.invalid", None):
        assert made.doors.served("http", sni) == web
        assert made.doors.served("imap", sni) == mail
        assert made.doors.served("smtp", sni) == mail


def test_it_is_done_once(made) -> None:
    """A second birth makes no second certificate, rewrites nothing and keeps every secret."""
    from mailward.store.models import Lineage, Version

    birth.make_secrets(made.desired, LAYOUT, made.files, made.clock)
    birth.make_first_files(made.desired, LAYOUT, _with_schema(made).files)
    before = dict(made.files.tree()), dict(made.sni.entries)
    made.files.writes.clear()
    made.born()
    birth.make_secrets(made.desired, LAYOUT, made.files, made.clock)
    birth.make_first_files(made.desired, LAYOUT, made.files)
    birth.put_directory_right(made.host)
    assert (dict(made.files.tree()), dict(made.sni.entries)) == before
    assert made.files.writes == [LAYOUT.trust_file(made.settings.trust)]  # the test's own
    assert (Lineage.objects.count(), Version.objects.count()) == (2, 2)
    assert made.directory.changes == []


def _with_schema(made: MadeHost) -> MadeHost:
    from mailward.daemons import webmail

    schema = webmail.first_start(LAYOUT).schema
    made.files.make_directory(schema.parent)
    made.files.write(schema, b"CREATE TABLE users (id INTEGER PRIMARY KEY);")
    return made


def test_a_half_made_database_is_never_left(made) -> None:
    """Roundcube's tables are written whole: a schema that breaks leaves no file."""
    from mailward.daemons import webmail

    first = webmail.first_start(LAYOUT)
    made.files.make_directory(first.schema.parent)
    made.files.write(first.schema, b"CREATE TABLE good (id INTEGER); CREATE TABLE oops (")
    with pytest.raises(Exception, match="incomplete"):
        birth.make_first_files(made.desired, LAYOUT, made.files)
    assert not made.files.exists(first.path)
    _with_schema(made)
    birth.make_first_files(made.desired, LAYOUT, made.files)
    assert made.files.read(first.path).startswith(b"SQLite format 3")


def test_who_may_enter_what(made) -> None:
    """Secrets can be listed by nobody, the store belongs to the panel's group, keys lie where only nginx' workers reach."""
    birth.make_secrets(made.desired, LAYOUT, made.files, made.clock)
    modes = {path: made.files.mode(path) for path in (LAYOUT.secrets, LAYOUT.store.parent, LAYOUT.tls_versions)}
    assert modes == {
        LAYOUT.secrets: (0o711, "root", "root"),
        LAYOUT.store.parent: (0o2750, "root", "mailward-panel"),
        LAYOUT.tls_versions: (0o750, "root", "mailward-web"),
    }
    for path, what in made.files.tree():
        if path.parent == LAYOUT.secrets and isinstance(what, bytes) and path.suffix != ".pem":
            mode, _, _ = made.files.mode(path)
            assert mode & 0o007 == 0, path


def test_secret_files_are_long_and_different(made, another) -> None:
    """Two instances have no secret in common."""
    found = []
    for one in (made, another()):
        birth.make_secrets(one.desired, LAYOUT, one.files, one.clock)
        found.append({what for path, what in one.files.tree() if path.parent == LAYOUT.secrets})
    assert len(found[0]) >= 4
    assert not found[0] & found[1]
    assert min(len(what) for what in found[0]) >= 32


@pytest.mark.parametrize("lost", ["links", "versions", "table", "default", "everything"])
def test_lost_tables_are_put_right(made, lost: str) -> None:
    """Names, files, defaults and Postfix' table come back from the store; what was right is not touched."""
    made.holding("a.test").secured("a.test")
    before = dict(made.files.tree()), dict(made.sni.entries)
    if lost in ("links", "everything"):
        for role in Role:
            for name in made.files.names(LAYOUT.tls_names(role)):
                made.files.remove(LAYOUT.tls_names(role) / name)
    if lost in ("versions", "everything"):
        for name in made.files.names(LAYOUT.tls_versions):
            made.files.remove(LAYOUT.tls_versions / name)
    if lost in ("table", "everything"):
        made.sni.entries.clear()
    if lost in ("default", "everything"):
        made.files.remove(LAYOUT.tls_default(Role.MAIL))
    birth.put_tables_right(made.host)
    assert (dict(made.files.tree()), dict(made.sni.entries)) == before


def test_an_expired_certificate_keeps_nobody_else_from_starting(made) -> None:
    """After months in a drawer the host starts with what it served; that it expired is for verify to say."""
    made.holding("a.test", "b.test").secured("a.test", "b.test")
    before = dict(made.files.tree()), dict(made.sni.entries)
    made.clock.move(days=1000)
    for name in made.files.names(LAYOUT.tls_versions):
        made.files.remove(LAYOUT.tls_versions / name)
    birth.put_tables_right(made.host)
    assert (dict(made.files.tree()), dict(made.sni.entries)) == before


def test_a_lost_directory_is_published_again(made) -> None:
    """Exactly what is declared: missing rows are put, changed ones corrected, strangers removed, in one transaction."""
    from mailward.actions import mailboxes
    from mailward.store import declared

    made.holding("a.test")
    made.carry_out(mailboxes.add_mailbox(made.office, ANNA, "anna@a.test"))
    made.carry_out(mailboxes.add_alias(made.office, ANNA, "@a.test", ["anna@a.test"]))
    made.directory.apply(
        DirectoryChange(
            put=(
                DirectoryDomain("stranger.test"),
                DirectoryMailbox("x@stranger.test", "stranger.test", "{TEST}x"),
                DirectoryMailbox("anna@a.test", "a.test", "{TEST}an old password"),
            ),
            remove_aliases=("@a.test",),
        )
    )
    made.directory.changes.clear()
    birth.put_directory_right(made.host)
    assert set(made.directory.read_all().rows) == set(declared.whole_directory(made.host.unseal).put)
    assert len(made.directory.changes) == 1
    birth.put_directory_right(made.host)
    assert len(made.directory.changes) == 1
