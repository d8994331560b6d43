"""Where phones get the settings of a domain: the address of Apple's profile, and the same as a QR code (ISO/IEC 18004)."""

from collections.abc import Sequence
from dataclasses import dataclass

import qrcode
from qrcode.constants import ERROR_CORRECT_M

BORDER = 4  # modules of quiet around the code, as the standard wants them


@dataclass(frozen=True)
class QrCode:
    """``path`` draws the dark modules as SVG path data, in a square of ``size`` modules with its border."""

    path: str
    size: int


def profile_address(domain: str, https_port: int | None) -> str | None:
    """None: the web door is closed, so there is nothing to fetch."""
    if https_port is None:
        return None
    port = "" if https_port == 443 else f":{https_port}"
    return f"https://autoconfig.{domain}{port}/mailward.mobileconfig"


def qr_path(text: str) -> QrCode:
    """``text`` as a QR code, each run of dark modules one rectangle."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    rows: Sequence[Sequence[bool]] = code.get_matrix()
    parts = [part for y, row in enumerate(rows) for part in _runs(row, y + BORDER)]
    return QrCode("".join(parts), len(rows) + 2 * BORDER)


def _runs(row: Sequence[bool], y: int) -> list[str]:
    found, x = [], 0
    while x < len(row):
        start = x
        while x < len(row) and row[x]:
            x += 1
        if x > start:
            found.append(f"M{start + BORDER} {y}h{x - start}v1h-{x - start}z")
        else:
            x += 1
    return found
