"""The Public Suffix List that Debian keeps current (package ``publicsuffix``), where it is installed."""

from pathlib import Path

LIST = Path("/usr/share/publicsuffix/public_suffix_list.dat")


def public_suffixes(path: Path = LIST) -> str:
    """The whole list; "" where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
