"""From clear text to TLS, as each protocol does it: STARTTLS of SMTP (RFC 3207), IMAP (RFC 9051 section 6.2.1), POP3
(RFC 2595 section 4) and ManageSieve (RFC 5804 section 2.2); and what each says first and last.

Nothing but greetings, capabilities and STARTTLS is said in clear; no user name, no password, ever.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

LINE = 4096  # bytes of one line, and
LINES = 100  # lines of one answer, that are read before the peer is called broken


class Lines(Protocol):
    """A line-wise conversation, in clear or inside TLS."""

    async def write(self, data: bytes) -> None: ...
    async def read_line(self, limit: int) -> bytes: ...


class Missing(Exception):
    """STARTTLS is not offered, or was offered and then refused."""


class Broken(Exception):
    """The peer does not speak the protocol, or went away."""


@dataclass(frozen=True)
class Speech:
    """What a protocol says. ``injected`` is the command for the injection probe, harmless, and always answered.

    ``start_tls`` answers whether a log-in with a readable password was offered before TLS.
    """

    greeting: Callable[[Lines], Awaitable[None]]
    start_tls: Callable[[Lines, str, bytes], Awaitable[bool]]
    injected: bytes
    goodbye: bytes


async def _line(lines: Lines) -> str:
    line = await lines.read_line(LINE)
    if not line.endswith(b"\n"):
        raise Broken("the connection was closed" if not line else f"a line without an end: {_shown(line)}")
    return line.decode("utf-8", "replace").rstrip("\r\n")


def _shown(line: bytes | str) -> str:
    text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
    return "".join(char if char.isprintable() else "·" for char in text[:120])


def _has_readable(methods: Iterable[str]) -> bool:
    """Whether a SASL method that shows the password to everybody on the way is among these."""
    return not {"PLAIN", "LOGIN"}.isdisjoint(methods)


async def _smtp_answer(lines: Lines) -> tuple[str, list[str]]:
    said: list[str] = []
    for _ in range(LINES):
        line = await _line(lines)
        if not line[:3].isdigit():
            raise Broken(f"no SMTP answer: {_shown(line)}")
        said.append(line[4:])
        if line[3:4] != "-":
            return line[:3], said
    raise Broken("an answer without an end")


async def _smtp_greeting(lines: Lines) -> None:
    code, said = await _smtp_answer(lines)
    if code != "220":
        raise Broken(f"the greeting was {code} {_shown(said[-1])}")


async def _smtp_start_tls(lines: Lines, ehlo_name: str, injected: bytes) -> bool:
    await _smtp_greeting(lines)
    await lines.write(f"EHLO {ehlo_name}\r\n".encode())
    code, said = await _smtp_answer(lines)
    if code != "250":
        raise Broken(f"EHLO was answered with {code} {_shown(said[-1])}")
    if not any(word.strip().upper() == "STARTTLS" for word in said[1:]):
        raise Missing("EHLO's answer offers no STARTTLS")
    await lines.write(b"STARTTLS\r\n" + injected)
    code, answer = await _smtp_answer(lines)
    if code != "220":
        raise Missing(f"STARTTLS was answered with {code} {_shown(answer[-1])}")
    return any(line.upper().startswith(("AUTH ", "AUTH=")) for line in said[1:])  # RFC 4954 section 4


async def _imap_greeting(lines: Lines) -> None:
    line = await _line(lines)
    if not line.upper().startswith(("* OK", "* PREAUTH")):
        raise Broken(f"the greeting was {_shown(line)}")


async def _imap_answer(lines: Lines, tag: str) -> tuple[str, list[str]]:
    said: list[str] = []
    for _ in range(LINES):
        line = await _line(lines)
        if line.startswith(f"{tag} "):
            return line[len(tag) + 1 :], said
        said.append(line)
    raise Broken("an answer without an end")


async def _imap_start_tls(lines: Lines, _name: str, injected: bytes) -> bool:
    await _imap_greeting(lines)
    await lines.write(b"a1 CAPABILITY\r\n")
    done, said = await _imap_answer(lines, "a1")
    if not done.upper().startswith("OK"):
        raise Broken(f"CAPABILITY was answered with {_shown(done)}")
    words = [word for line in said if line.upper().startswith("* CAPABILITY ") for word in line.upper().split()]
    if "STARTTLS" not in words:
        raise Missing("CAPABILITY offers no STARTTLS")
    await lines.write(b"a2 STARTTLS\r\n" + injected)
    done, _ = await _imap_answer(lines, "a2")
    if not done.upper().startswith("OK"):
        raise Missing(f"STARTTLS was answered with {_shown(done)}")
    return "LOGINDISABLED" not in words or _has_readable(word.removeprefix("AUTH=") for word in words)  # RFC 9051 6.2.3


async def _pop3_greeting(lines: Lines) -> None:
    line = await _line(lines)
    if not line.startswith("+OK"):
        raise Broken(f"the greeting was {_shown(line)}")


async def _pop3_start_tls(lines: Lines, _name: str, injected: bytes) -> bool:
    await _pop3_greeting(lines)
    await lines.write(b"CAPA\r\n")
    offered: list[str] = []
    line = await _line(lines)
    while line != "." and line.startswith("+OK") | bool(offered) and len(offered) < LINES:
        offered.append(line.strip().upper())
        line = await _line(lines)
    if "STLS" not in offered:
        raise Missing("CAPA offers no STLS")
    await lines.write(b"STLS\r\n" + injected)
    line = await _line(lines)
    if not line.startswith("+OK"):
        raise Missing(f"STLS was answered with {_shown(line)}")
    methods = [word for offer in offered if offer.startswith("SASL ") for word in offer.split()]
    return "USER" in offered or _has_readable(methods)  # RFC 2449 sections 6.3 and 6.6


async def _sieve_answer(lines: Lines) -> tuple[str, list[str]]:
    said: list[str] = []
    for _ in range(LINES):
        line = await _line(lines)
        if line.upper().startswith(("OK", "NO", "BYE")):
            return line, said
        if not line.startswith(('"', "{")):
            raise Broken(f"no ManageSieve answer: {_shown(line)}")
        said.append(line)
    raise Broken("an answer without an end")


async def _sieve_greeting(lines: Lines) -> None:
    await _sieve_capabilities(lines)


async def _sieve_capabilities(lines: Lines) -> list[str]:
    done, said = await _sieve_answer(lines)
    if not done.upper().startswith("OK"):
        raise Broken(f"the greeting was {_shown(done)}")
    return said


async def _sieve_start_tls(lines: Lines, _name: str, injected: bytes) -> bool:
    said = await _sieve_capabilities(lines)
    if not any(line.strip().strip('"').upper() == "STARTTLS" for line in said):
        raise Missing("the greeting offers no STARTTLS")
    await lines.write(b"STARTTLS\r\n" + injected)
    done, _ = await _sieve_answer(lines)
    if not done.upper().startswith("OK"):
        raise Missing(f"STARTTLS was answered with {_shown(done)}")
    methods = [line.upper().replace('"', " ").split() for line in said if line.upper().startswith('"SASL"')]
    return _has_readable(word for words in methods for word in words)  # RFC 5804 section 1.7


SPEECHES = {
    "smtp": Speech(_smtp_greeting, _smtp_start_tls, b"NOOP\r\n", b"QUIT\r\n"),
    "imap": Speech(_imap_greeting, _imap_start_tls, b"a3 NOOP\r\n", b"a9 LOGOUT\r\n"),
    "pop3": Speech(_pop3_greeting, _pop3_start_tls, b"CAPA\r\n", b"QUIT\r\n"),
    "sieve": Speech(_sieve_greeting, _sieve_start_tls, b'NOOP "injected"\r\n', b"LOGOUT\r\n"),
}
