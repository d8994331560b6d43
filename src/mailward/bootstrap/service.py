"""The systemd unit of an instance in production."""

from pathlib import Path

from mailward.bootstrap import joining
from mailward.daemons.unit import unit_name, unit_text
from mailward.host.processes import RealProcesses
from mailward.host.systemd import UNITS, Systemd
from mailward.model.desired import DesiredState
from mailward.model.layout import Layout


def service_unit(root: Path) -> str:
    """The unit's text, whether or not systemd runs here."""
    return unit_text(*_instance(root))


def install_service(root: Path) -> Path:
    """Write the unit and enable it. Running daemons go on; from the next boot on systemd starts them."""
    desired, layout = _instance(root)
    Systemd(RealProcesses()).install(unit_name(desired), unit_text(desired, layout))
    return UNITS / unit_name(desired)


def uninstall_service(root: Path) -> Path:
    desired, _ = _instance(root)
    Systemd(RealProcesses()).remove(unit_name(desired))
    return UNITS / unit_name(desired)


def _instance(root: Path) -> tuple[DesiredState, Layout]:
    layout = Layout(root.resolve())
    return DesiredState(joining.read_settings(layout)), layout
