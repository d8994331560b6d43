"""The first minute of an instance: its directories, its secrets, its store, and the self-signed certificates with which
every door is encrypted from the start (A1, A2). Done again, it changes nothing; killed half-way, it goes on."""

import base64
import secrets
import sqlite3
import string
from contextlib import closing
from pathlib import Path

from django.core.management import call_command
from django.db import transaction

from mailward.certificates import make
from mailward.certificates.renewal import due
from mailward.daemons import ALL, knot, unbound, webmail
from mailward.daemons.secrets import SecretFile, SecretKind, secret_files, steward_tsig, tsig_file
from mailward.daemons.users import PANEL, WEB
from mailward.flow.switch import apply, check, link_name, stage
from mailward.model.certificates import Source
from mailward.model.desired import DesiredState
from mailward.model.doors import Role
from mailward.model.layout import Layout
from mailward.model.outside import Clock, Files, Seal
from mailward.model.settings import KeyType, Settings
from mailward.model.tables import (
    DirectoryAppPassword,
    DirectoryChange,
    DirectoryDomain,
    DirectoryRow,
    DirectoryTlsDestination,
    Served,
    Switch,
    SwitchStaged,
)
from mailward.steward import served
from mailward.steward.host import Host
from mailward.steward.served import read_as_issued
from mailward.store import declared
from mailward.store.lineages import add_version, make_current, new_lineage, with_companion
from mailward.store.models import Lineage, ServerChoice

SECRET_LETTERS = string.ascii_letters + string.digits
_LENGTHS = {SecretKind.TEXT_KEY: 32, SecretKind.SIGNING_KEY: 64}


def make_directories(layout: Layout, files: Files) -> None:
    """The directories that belong to no daemon, with their owners and modes."""
    files.make_directory(layout.root)
    files.make_directory(layout.store.parent, mode=0o2750, group=PANEL)
    files.make_directory(layout.secrets, mode=0o711)
    for path in (
        layout.generations,
        layout.log,
        layout.run,
        layout.web,
        layout.acme_challenges,
        layout.zones,
        layout.state,
    ):
        files.make_directory(path)
    for name in ("autoconfig", "autodiscover", "mobileconfig", "mta-sts"):
        files.make_directory(layout.web / name)
    files.make_directory(layout.tls)
    for path in (layout.tls_versions, *(layout.tls_names(role) for role in Role)):
        files.make_directory(path, mode=0o750, group=WEB)


def make_daemon_directories(desired: DesiredState, layout: Layout, files: Files) -> None:
    """What each daemon needs before it starts."""
    for daemon in ALL:
        if daemon.wanted(desired):
            for directory in daemon.directories(layout):
                files.make_directory(directory.path, mode=directory.mode, owner=directory.owner, group=directory.group)


def make_secrets(desired: DesiredState, layout: Layout, files: Files, clock: Clock) -> None:
    """Each secret file once. A certificate and its key are made together."""
    wanted = [secret for secret in secret_files(desired, layout) if not files.exists(secret.path)]
    pair = [s for s in wanted if s.kind in (SecretKind.CERTIFICATE, SecretKind.PRIVATE_KEY)]
    if pair:
        chain = make.self_signed(("localhost",), clock.now(), days=3650)
        for secret in secret_files(desired, layout):
            if secret.kind is SecretKind.CERTIFICATE:
                _write(secret, chain.chain_pem, files)
            elif secret.kind is SecretKind.PRIVATE_KEY:
                _write(secret, chain.key_pem, files)
    for secret in wanted:
        if secret.kind in _LENGTHS:
            made = "".join(secrets.choice(SECRET_LETTERS) for _ in range(_LENGTHS[secret.kind]))
            _write(secret, made.encode(), files)
        elif secret.kind is SecretKind.TSIG:
            shared = base64.b64encode(secrets.token_bytes(32))
            files.write(steward_tsig(layout), shared, mode=0o600)
            _write(secret, tsig_file(shared.decode()).encode(), files)


def _write(secret: SecretFile, content: bytes, files: Files) -> None:
    files.write(secret.path, content, mode=secret.mode, owner=secret.owner, group=secret.group)


def make_store() -> None:
    """Bring the tables to this version."""
    call_command("migrate", interactive=False, verbosity=0)


def open_store_to_panel(layout: Layout, files: Files) -> None:
    """The panel writes the store's three files. Their directory stays root's: whoever can rename in it could put another
    store there, and the steward, who is root, would do as that one says."""
    for path in layout.store_files:
        files.put_right(path, mode=0o660, group=PANEL)


def make_first_files(desired: DesiredState, layout: Layout, files: Files) -> None:
    """What daemons must find at their first start: Knot's empty catalog, Roundcube's tables, a demo's trusted keys."""
    anchors = unbound.demo_anchors(layout)
    if desired.settings.demo is not None and not files.exists(anchors):
        files.write(anchors, b"")
    catalog = knot.catalog_path(layout)
    if not files.exists(catalog):
        files.write(catalog, knot.catalog_file().encode(), mode=0o640, owner="knot", group="knot")
    first = webmail.first_start(layout)
    if not files.exists(first.path):
        made = make_database(files.read(first.schema).decode())
        files.write(first.path, made, mode=first.mode, owner=first.owner, group=first.group)


def make_database(schema: str) -> bytes:
    """An SQLite file with these tables, whole or not at all."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(schema)
        return database.serialize()


def put_directory_right(host: Host) -> None:
    """The published directory holds what is declared: for a first start, or after it was lost."""
    there = set(host.directory.read_all().rows)
    wanted = set(declared.whole_directory(host.unseal, there).put)
    if there == wanted:
        return
    gone = {_key(row) for row in there} - {_key(row) for row in wanted}
    owners = {row.address for row in there ^ wanted if isinstance(row, DirectoryAppPassword)}
    kept = {row for row in wanted & there if isinstance(row, DirectoryAppPassword) and row.address in owners}
    host.directory.apply(
        DirectoryChange(
            put=tuple(sorted((wanted - there) | kept, key=_key)),
            remove_domains=tuple(key for kind, key in sorted(gone) if kind == "DirectoryDomain"),
            remove_mailboxes=tuple(key for kind, key in sorted(gone) if kind == "DirectoryMailbox"),
            remove_aliases=tuple(key for kind, key in sorted(gone) if kind == "DirectoryAlias"),
            remove_tls_destinations=tuple(key for kind, key in sorted(gone) if kind == "DirectoryTlsDestination"),
            forget_app_passwords=tuple(sorted(owners)),
        )
    )


def _key(row: DirectoryRow) -> tuple[str, str]:
    if isinstance(row, DirectoryAppPassword):
        return type(row).__name__, f"{row.address} {row.selector}"
    return type(row).__name__, row.name if isinstance(row, DirectoryDomain | DirectoryTlsDestination) else row.address


@transaction.atomic
def make_own_certificates(settings: Settings, seal: Seal, clock: Clock) -> None:
    """The panel's and the server-wide self-signed certificate, as lineages like any other."""
    if ServerChoice.objects.exists():
        return
    chosen: dict[Role, Lineage] = {}
    for role in Role:
        names = (settings.hostname,)
        lineage = new_lineage(f"{role.value}-self-signed", None, Source.SELF_SIGNED, names, key_type=KeyType.P256)
        chain = make.self_signed(names, clock.now())
        make_current(add_version(lineage, chain, seal))
        lineage.renew_at = due(chain.certificate, lineage.pk, clock.now()).at
        lineage.save(update_fields=["renew_at"])
        chosen[role] = lineage
    ServerChoice.objects.create(panel_lineage=chosen[Role.WEB], mail_lineage=chosen[Role.MAIL])


def put_tables_right(host: Host) -> None:
    """Every name points at what is declared: for a first start, a restored backup, or after tables were lost.

    Only what differs is touched, so that on a host in order this costs one look at two directories. Postfix' table can't
    be looked through: it is taken for lost when it doesn't hold what the server's own name shows.
    """
    wanted = served.everything_served(host)
    own = next((one for one in wanted if one.default and one.role is Role.MAIL), None)
    table_lost = own is not None and set(host.ground.sni.held(own.names)) != set(own.names)
    pairs = set(with_companion())
    differing = []
    for one in wanted:
        target = host.layout.tls_version(one.lineage, one.version).name
        links = [host.layout.tls_names(one.role) / link_name(name) for name in one.names]
        right = all(host.files.target(link) == f"../versions/{target}" for link in links)
        if one.default:
            right = right and host.files.target(host.layout.tls_default(one.role)) == f"versions/{target}"
            right = right and (one.role is Role.WEB or host.files.target(host.layout.tls_default_all) is not None)
        right = right and not (table_lost and one.role is Role.MAIL)
        if not right or not all(map(host.files.exists, _files_of(one, host.layout, pairs))):
            differing.append(one)
    if not differing:
        return
    versions = dict.fromkeys((one.lineage, one.version) for one in differing)
    material = tuple(
        (lineage, number, served.stored_chain(host, lineage, number, as_issued=True)) for lineage, number in versions
    )
    switch = Switch(tuple(differing), material, ())
    stage(switch, host.ground)
    apply(check(SwitchStaged(switch), host.ground, read_as_issued), host.ground)


def _files_of(one: Served, layout: Layout, pairs: set[tuple[str, int]]) -> list[Path]:
    """What must lie in ``tls/versions`` for it. ``pairs``: the versions with a companion."""
    places = [layout.tls_version]
    if (one.lineage, one.version) in pairs:
        places += [layout.tls_companion, layout.tls_all]
    return [place(one.lineage, one.version) for place in places]
