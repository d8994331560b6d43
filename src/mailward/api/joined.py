"""The one API of this process: every subject's routes, in the order of the document."""

from ninja import Router

from mailward.api.face import Face, make
from mailward.api.routes import certificates, choices, domains, doors, runs

SUBJECTS: tuple[tuple[str, Router], ...] = (
    ("Customers", domains.customers_router),
    ("Domains", domains.domains_router),
    ("Choices", choices.router),
    ("Certificates", certificates.router),
    ("Doors", doors.router),
    ("Mail programs", doors.clients_router),
    ("Runs", runs.router),
    ("Configuration", runs.configuration_router),
)
FACE: Face = make(SUBJECTS)
