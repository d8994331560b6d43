"""How much may lie in a mailbox, as people write and read it: gibibytes (GiB); nothing or 0: no limit."""

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

_GIB = 1 << 30
_MOST = 1 << 20  # GiB


def quota_bytes(text: str) -> int:
    """``1.5`` or ``1,5`` GiB in bytes. Raises BadInput."""
    clean = text.strip().replace(",", ".")
    if not clean:
        return 0
    whole, _, part = clean.partition(".")
    if len(clean) > 12 or not (whole.isdecimal() and (part == "" or part.isdecimal())) or float(clean) > _MOST:
        said = Sentence("a quota is a number of GiB, for example 2 or 0.5")
        raise BadInput("quota", said, Sentence("Leave it empty for no limit."), code="bad-quota")
    return int(float(clean) * _GIB)


def quota_text(size: int) -> str:
    """``2``, ``0.5``; "" for no limit: as ``quota_bytes`` reads it."""
    return f"{size / _GIB:.3f}".rstrip("0").rstrip(".") if size else ""
