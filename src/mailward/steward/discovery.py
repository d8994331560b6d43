"""What mail clients ask for to set themselves up, published as static files and SRV records: it is there with the panel
dead."""

from pathlib import Path

from mailward.daemons.quoting import name as checked_name
from mailward.model.layout import Layout
from mailward.standards import autoconfig, autodiscover, mobileconfig
from mailward.standards.mail_settings import settings_of
from mailward.steward import zones
from mailward.steward.host import Host
from mailward.store.models import Domain


def publish(host: Host, domain: str, *, own_certificate: bool) -> None:
    """Tell clients of ``domain`` which host to use: ``mail.<domain>`` once it has a certificate of its own, and until
    then the server's own name (the manual's second way to end the warning)."""
    mail_host = f"mail.{domain}" if own_certificate else host.settings.hostname
    zones.point_clients(host, domain, mail_host)
    write(host, domain, mail_host)


def write(host: Host, domain: str, mail_host: str) -> None:
    """The three files, where they differ from what is there."""
    settings = settings_of(host.settings, domain, mail_host)
    for path, make in zip(paths(host.layout, domain), (autoconfig.make, autodiscover.make, mobileconfig.make), strict=True):
        content = make(settings)
        if not host.files.exists(path) or host.files.read(path) != content:
            host.files.write(path, content)


def put_right(host: Host) -> None:
    """Make again what was lost, as for a restored backup. What is there is left alone: runs keep it up to date."""
    for domain in Domain.objects.only("name", "mail_lineage"):
        if not all(host.files.exists(path) for path in paths(host.layout, domain.name)):
            write(host, domain.name, f"mail.{domain.name}" if domain.mail_lineage_id else host.settings.hostname)


def take_away(host: Host, domain: str) -> None:
    for path in paths(host.layout, domain):
        host.files.remove(path)


def paths(layout: Layout, domain: str) -> tuple[Path, Path, Path]:
    """The three files of a domain, where nginx looks for them. Raises BadInput for what is no name."""
    domain = checked_name(domain)
    return (
        layout.web / "autoconfig" / f"{domain}.xml",
        layout.web / "autodiscover" / f"{domain}.xml",
        layout.web / "mobileconfig" / f"{domain}.mobileconfig",
    )
