"""The locks: what the launcher relies on."""

import re
from pathlib import Path

CLONE = Path(__file__).parents[3]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((CLONE / name).read_text(encoding="ascii")))


def test_the_development_lock_holds_every_runtime_package_in_the_same_version() -> None:
    """The launcher counts the runtime packages as installed once the development ones are."""
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime
    assert {name: development.get(name) for name in runtime} == runtime


def test_the_locks_name_no_package_index() -> None:
    """The machine's own pip configuration decides where packages come from; hashes decide which."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (CLONE / name).read_text(encoding="ascii")
        assert "--index-url" not in text
        assert "--find-links" not in text
        assert "://" not in re.sub(r"#.*", "", text)
