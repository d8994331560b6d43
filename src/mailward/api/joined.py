"""The one API of this process: every subject's routes, in the order of the document."""

from ninja import Router

from mailward.api.face import Face, make
from mailward.api.routes import (
    app_passwords,
    certificates,
    checks,
    choices,
    dkim,
    dns,
    domains,
    doors,
    events,
    groups,
    mailboxes,
    names,
    people,
    reports,
    runs,
    server,
    state,
    tls,
    tokens,
)

SUBJECTS: tuple[tuple[str, Router], ...] = (
    ("Status", state.router),
    ("Me", state.me_router),
    ("Customers", domains.customers_router),
    ("Domains", domains.domains_router),
    ("Control of domains", names.control_router),
    ("Names", names.router),
    ("Choices", choices.router),
    ("Certificates", certificates.router),
    ("Doors", doors.router),
    ("DNS checks", checks.router),
    ("DNS", dns.router),
    ("DKIM keys", dkim.router),
    ("Reports", reports.router),
    ("TLS with other servers", tls.router),
    ("Mail programs", doors.clients_router),
    ("Mailboxes", mailboxes.router),
    ("App passwords", app_passwords.router),
    ("Forwarding addresses", mailboxes.aliases_router),
    ("Passwords", mailboxes.passwords_router),
    ("Server", server.router),
    ("Runs", runs.router),
    ("Configuration", runs.configuration_router),
    ("People", people.router),
    ("Groups", groups.router),
    ("Roles", people.roles_router),
    ("Invitations", people.invitations_router),
    ("Tokens", tokens.router),
    ("Events", events.router),
)
FACE: Face = make(SUBJECTS)
