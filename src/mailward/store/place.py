"""Which SQLite file the tables are in."""

from pathlib import Path

from django.db import connection, connections


def use(path: Path, *, read_only: bool = False) -> None:
    """From now on the tables are those in ``path``. ``read_only``: SQLite itself refuses every write (a page's process)."""
    connection.close()
    settings = connections["default"].settings_dict
    settings["NAME"] = f"{path.absolute().as_uri()}?mode=ro" if read_only else str(path)
    if read_only:
        settings["OPTIONS"].pop("init_command", None)
