"""Is a password known to thieves? Two lists, both on this machine; nothing is ever asked of the network.

Django's 20,000 common passwords are always looked through. An operator may add a file in the form "ordered by hash" of Have
I Been Pwned (https://haveibeenpwned.com/Passwords): lines ``SHA-1:count`` in upper-case hexadecimal, sorted, tens of
gigabytes. It is searched by halving, in constant memory and about 35 reads. A list that can't be read is no reason to stop
people from changing a password: it counts as empty, and ``doctor`` tells.
"""

import re
from collections.abc import Callable
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import BinaryIO

from django.contrib.auth.password_validation import CommonPasswordValidator

_LINE = re.compile(rb"[0-9A-Fa-f]{40}:[0-9]+\s")
LONGEST_LINE = 128  # bytes; 40 + 1 + the count + a line break are some 55


@cache
def _widespread() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


def is_widespread(password: str) -> bool:
    """Whether it is one of Django's list, whatever the case of its letters."""
    return password.lower().strip() in _widespread()


def breached(path: Path | None) -> Callable[[str], bool]:
    """A question to ask of a password: does it stand in one of the lists?"""

    def asked(password: str) -> bool:
        return is_widespread(password) or (path is not None and is_listed(path, password))

    return asked


def begins(path: Path) -> bool:
    """Whether the file begins as such a list does. Raises OSError when it can't be read."""
    with path.open("rb") as file:
        return _LINE.match(file.read(LONGEST_LINE)) is not None


def is_listed(path: Path, password: str) -> bool:
    """Whether the password's SHA-1 stands in the sorted file."""
    wanted = sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest().upper().encode()
    try:
        with path.open("rb", buffering=0) as file:
            return _found(file, wanted, file.seek(0, 2))
    except OSError:
        return False


def _found(file: BinaryIO, wanted: bytes, size: int) -> bool:
    """The lines that begin at or after ``low`` and before ``high`` may hold it."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        line, after = _line_from(file, middle)
        hashed = line[:40].upper()
        if not hashed or hashed > wanted:
            high = middle
        elif hashed < wanted:
            low = max(after, middle + 1) if after else middle + 1
        else:
            return True
    return False


def _line_from(file: BinaryIO, offset: int) -> tuple[bytes, int]:
    """The first whole line that begins at ``offset`` or behind it, and where the next begins; (b"", 0) at the end."""
    begin = max(offset - 1, 0)  # a line that begins exactly at ``offset`` follows a line break
    file.seek(begin)
    block = file.read(2 * LONGEST_LINE)
    start = 0 if offset == 0 else block.find(b"\n") + 1
    if offset and start == 0:
        return b"", 0
    end = block.find(b"\n", start)
    end = len(block) if end < 0 else end
    return block[start:end], begin + end + 1
