"""The golden cases: what is rendered for a few kinds of hosts, byte for byte, in ``tests/golden/<daemon>/<case>/``.

Write them anew after a meant change, and read the difference before it is committed:

    python tests/golden/golden_cases.py
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mailward import daemons
from mailward.model.desired import DesiredState, LocalName
from mailward.model.doors import Door
from mailward.model.layout import Layout
from mailward.model.settings import CaSettings, KeyType
from mailward.steward.new_instance import demo, production

HERE = Path(__file__).parent
ROOT = Path("/srv/mailward")
PYTHON = "/opt/mailward/bin/python"


def cases() -> dict[str, DesiredState]:
    """Case -> what is wanted. The test certificate's lineage of starttls-open is ``alpha-wildcard``, version 3,
    and in two-keys it has an RSA companion."""
    high = demo(2000, ipv6=True)
    ca = CaSettings("letsencrypt", "https://acme-v02.api.letsencrypt.org/directory")
    real = production("mx1.example.com", ("127.0.0.1", "::1"), ca, "admin@example.com")
    opened = {door: 2000 + door.kind.demo_offset for door in (Door.IMAP, Door.POP3, Door.SIEVE)}
    names = (
        LocalName("alpha-wildcard", 3, ("alpha.localhost", "*.alpha.localhost")),
        LocalName("beta", 1, ("mail.beta.localhost",)),
    )
    return {
        "demo": DesiredState(high, python=PYTHON),
        "production": DesiredState(real, python=PYTHON),
        "starttls-open": DesiredState(replace(high, ports=high.ports | opened), names, PYTHON),
        "two-keys": DesiredState(
            replace(high, ports=high.ports | opened, key_type=KeyType.BOTH, rsa=True),
            (replace(names[0], companion=True), names[1]),
            PYTHON,
            default_companion=True,
        ),
        "ipv4-only": DesiredState(demo(2000, ipv6=False), python=PYTHON),
    }


def rendered(case: str) -> dict[Path, bytes]:
    """Where each file of a case stands here -> its bytes."""
    generation = daemons.render(cases()[case], Layout(ROOT))
    return {
        HERE / file.path.parts[0] / case / Path(*file.path.parts[1:]): file.content for file in generation.files.values()
    }


def stored(case: str) -> dict[Path, bytes]:
    """The same, as it was written down."""
    return {path: path.read_bytes() for path in sorted(_files(case))}


def _files(case: str) -> Iterator[Path]:
    return (path for path in HERE.glob(f"*/{case}/**/*") if path.is_file())


def write() -> None:
    for case in cases():
        wanted = rendered(case)
        for path in set(_files(case)) - set(wanted):
            path.unlink()
        for path, content in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


if __name__ == "__main__":
    write()
