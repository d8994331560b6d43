"""A change of ``mailward.toml`` that was asked for in the panel: worked out, written, and put back when it isn't proven.

The wish comes out of the store, which the panel's process can write, so it is checked here as if nobody had before: it
names doors, profiles and CAs that are known, and nothing else of the file can be reached by it. A person's comments
stay where a line can be exchanged alone.
"""

import re
from dataclasses import replace

from mailward.model.doors import Door
from mailward.model.errors import BadInput
from mailward.model.layout import Layout
from mailward.model.outside import Files
from mailward.model.server_wish import ServerWish, refuse_unfit
from mailward.model.settings import KNOWN_CAS, CaSettings, Settings
from mailward.steward.settings_file import format_settings, parse_settings

_STANDARD_HTTPS = 443


def wished(settings: Settings, wish: ServerWish) -> Settings:
    """The settings as they would be. Raises BadInput that names the field."""
    refuse_unfit(settings, wish)
    new = settings
    if wish.open_doors is not None:
        new = replace(new, ports=_ports(settings, wish.open_doors))
    if wish.tls_profile is not None:
        new = replace(new, tls_profile=wish.tls_profile)
    if wish.key_type is not None:
        new = replace(new, key_type=wish.key_type)
    if wish.cas is not None or wish.contact is not None:
        new = replace(new, cas=_cas(settings, wish))
    return parse_settings(format_settings(new))  # whatever else the file's rules say


def _ports(settings: Settings, wanted: tuple[Door, ...]) -> dict[Door, int]:
    base = settings.ports[Door.HTTPS] - Door.HTTPS.kind.demo_offset
    is_standard = settings.ports[Door.HTTPS] == _STANDARD_HTTPS
    ports = {door: port for door, port in settings.ports.items() if door.kind.always_open or door in wanted}
    for door in Door:
        if door in wanted and door not in ports:
            ports[door] = door.kind.standard_port if is_standard else base + door.kind.demo_offset
    return {door: ports[door] for door in Door if door in ports}


def _cas(settings: Settings, wish: ServerWish) -> tuple[CaSettings, ...]:
    known = {name: CaSettings(name, directory, contact=settings.contact) for name, directory in KNOWN_CAS.items()}
    there = {ca.name: ca for ca in settings.cas}
    names = wish.cas if wish.cas is not None else tuple(there)
    chosen = tuple(there.get(name) or known[name] for name in names)
    return chosen if wish.contact is None else tuple(replace(ca, contact=wish.contact or None) for ca in chosen)


def edited(text: str, new: Settings) -> str:
    """``mailward.toml`` with ``new`` in it: lines are exchanged where that is enough; else it is written anew."""
    lines = text.splitlines()
    _exchange(lines, "", "tls_profile", f'"{new.tls_profile.value}"')
    _exchange(lines, "", "key_type", f'"{new.key_type.value}"')
    for door in Door:
        if not door.kind.always_open:
            _exchange(lines, "ports", door.value, str(new.ports[door]) if door in new.ports else None)
    made = "\n".join(lines) + "\n"
    try:
        if parse_settings(made) == new:
            return made
    except BadInput:
        pass
    return format_settings(new)


def _exchange(lines: list[str], table: str, key: str, value: str | None) -> None:
    """Give ``key`` of ``table`` ("": the top) this value, keeping the line's comment; None takes the line out."""
    here, last, found = "", None, None
    for number, line in enumerate(lines):
        header = re.fullmatch(r"\s*\[+\s*([^\[\]#]+?)\s*\]+\s*(#.*)?", line)
        if header:
            here = header.group(1)
        elif here == table and re.match(rf"\s*{re.escape(key)}\s*=", line):
            found = number
        if here == table and line.strip() and not line.lstrip().startswith("#"):
            last = number
    if value is None:
        if found is not None:
            del lines[found]
    elif found is not None:
        comment = re.search(r"\s+#[^\"']*$", lines[found])
        lines[found] = f"{key} = {value}{comment.group() if comment else ''}"
    elif last is not None:
        lines.insert(last + 1, f"{key} = {value}")


class Change:
    """``mailward.toml`` while a change of it is tried. What it was before lies beside it until the end is known, so that
    whoever takes the run up again after a kill can go on or go back."""

    def __init__(self, layout: Layout, files: Files, run: int) -> None:
        self._path = layout.settings
        self._before = layout.settings.with_name(f"mailward.toml.before-{run}")
        self._files = files

    def write(self, wish: ServerWish) -> Settings:
        """Write the wish into the file (again, after a kill), and say what the settings are then."""
        if not self._files.exists(self._before):
            self._files.write(self._before, self._files.read(self._path), mode=0o644)
        text = self._files.read(self._before).decode()
        new = wished(parse_settings(text), wish)
        self._files.write(self._path, edited(text, new).encode(), mode=0o644)
        return new

    def keep(self) -> None:
        """It was proven: the old text is needed no more."""
        self._files.remove(self._before)

    def put_back(self) -> None:
        """It was refused or undone: the file says again what the host serves."""
        if self._files.exists(self._before):
            self._files.write(self._path, self._files.read(self._before), mode=0o644)
            self._files.remove(self._before)
