"""The systemd unit of an instance in production."""

from pathlib import Path

from mailward.host import systemd
from mailward.model.layout import Layout


def service_unit(root: Path, clone: Path) -> str:
    return systemd.unit_text(Layout(root.resolve()), clone)


def install_service(root: Path, clone: Path) -> Path:
    return systemd.install(service_unit(root, clone))


def uninstall_service(root: Path) -> Path:
    return systemd.uninstall()
