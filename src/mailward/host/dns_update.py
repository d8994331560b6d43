"""Dynamic updates (RFC 2136), signed by TSIG (RFC 8945), over TCP, to the primary of a zone.

Each call is one update message and waits for its answer. A refusal, a wrong key, a server that can't be reached and silence
become NotPossible with the server's reason. The secret is read when it is used, and never shown.
"""

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.tsig
import dns.update

from mailward.host.resolver import server_of
from mailward.model.errors import NotPossible
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.zones import RecordSet

CHARACTER_STRING = 255  # bytes in one string of a TXT record, RFC 1035 section 3.3


class Rfc2136:
    """Updates by ``server`` ("address:port"). ``secret_file`` holds the TSIG secret (base64) alone, or is it."""

    def __init__(
        self,
        server: str,
        key_name: str,
        secret_file: Path | bytes,
        *,
        algorithm: str = "hmac-sha256",
        timeout: float = 10.0,
    ) -> None:
        self._server = server
        self._key_name = key_name
        self._secret_file = secret_file
        self._algorithm = algorithm
        self._timeout = timeout

    def add(self, zone: str, name: str, rdtype: str, value: str, ttl: int) -> None:
        """Add one value beside those that are there."""
        update = self._update(zone)
        update.add(absolute(name), rdataset(rdtype, ttl, [value]))
        self._send(update, zone)

    def remove(self, zone: str, name: str, rdtype: str, value: str) -> None:
        """Take this one value away; the others stay, and one that is not there is no error (RFC 2136 section 3.4.2.4)."""
        update = self._update(zone)
        update.delete(absolute(name), rdataset(rdtype, 0, [value]))
        self._send(update, zone)

    def replace(self, zone: str, name: str, rdtype: str, values: Sequence[str], ttl: int) -> None:
        """Make the set hold exactly ``values``, in one message: it is never seen empty. No values: delete the set."""
        update = self._update(zone)
        if values:
            update.replace(absolute(name), rdataset(rdtype, ttl, values))
        else:
            update.delete(absolute(name), rdtype)
        self._send(update, zone)

    def replace_all(self, zone: str, sets: Sequence[RecordSet]) -> None:
        """The same for many sets in one message, which is taken whole or not at all (RFC 2136 section 3.4.2). Sets that go
        are named first: what takes a CNAME's place can't stand beside it."""
        update = self._update(zone)
        for one in sorted(sets, key=lambda one: bool(one.values)):
            if one.values:
                update.replace(absolute(one.name), rdataset(one.rdtype, one.ttl, one.values))
            else:
                update.delete(absolute(one.name), one.rdtype)
        self._send(update, zone)

    def _update(self, zone: str) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(absolute(zone), keyring=self.key())

    def key(self) -> dns.tsig.Key:
        """Raises NotPossible when the secret can't be read."""
        try:
            read = self._secret_file if isinstance(self._secret_file, bytes) else self._secret_file.read_bytes()
            secret = base64.b64decode(read.strip(), validate=True)
        except (OSError, binascii.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no base64"
            path = self._key_name if isinstance(self._secret_file, bytes) else self._secret_file
            said = Sentence("The key for DNS updates in {path} could not be read: {reason}", path=path, reason=reason)
            raise NotPossible(said, code="dns-key") from None
        return dns.tsig.Key(absolute(self._key_name), secret, absolute(self._algorithm))

    def _send(self, update: dns.update.UpdateMessage, zone: str) -> None:
        address, port = server_of(self._server)
        try:
            answer = dns.query.tcp(update, address, timeout=self._timeout, port=port)
        except dns.tsig.PeerError as error:
            reason = type(error).__name__.removeprefix("Peer")
            raise self._refused(zone, reason, Sentence("Compare the key's name and secret on both sides")) from None
        except (dns.tsig.BadSignature, dns.tsig.BadTime) as error:
            raise self._refused(zone, str(error), Sentence("Compare the key and the clocks on both sides")) from None
        except dns.exception.Timeout:
            raise self._refused(zone, f"no answer within {self._timeout:g} seconds", NOTHING, "dns-timeout") from None
        except (OSError, EOFError) as error:
            reason = getattr(error, "strerror", None) or "the connection was closed"
            raise self._refused(zone, reason, Sentence("Start the name server"), "dns-unreachable") from None
        except (dns.exception.DNSException, ValueError) as error:
            raise self._refused(zone, f"an answer that is none: {error}") from None
        if answer.rcode() != dns.rcode.NOERROR:
            raise self._refused(zone, dns.rcode.to_text(answer.rcode()))

    def _refused(self, zone: str, reason: str, remedy: Sentence = NOTHING, code: str = "dns-refused") -> NotPossible:
        return NotPossible(
            Sentence(
                "The name server {server} did not take an update of {zone}: {reason}",
                server=self._server,
                zone=zone.rstrip("."),
                reason=reason,
            ),
            remedy,
            code=code,
        )


def absolute(name: str) -> dns.name.Name:
    """The name as dnspython has it. Raises NotPossible for what is none."""
    try:
        return dns.name.from_text(name, dns.name.root)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise NotPossible(
            Sentence("{name} is not a name for DNS: {reason}", name=name, reason=error), code="dns-name"
        ) from None


def rdataset(rdtype: str, ttl: int, values: Sequence[str]) -> dns.rdataset.Rdataset:
    """The set of these values. Raises NotPossible for one that is none."""
    texts = [_quoted(value) if rdtype.upper() == "TXT" else value for value in values]
    try:
        return dns.rdataset.from_text("IN", rdtype, ttl, *texts)
    except (dns.exception.DNSException, UnicodeError, ValueError) as error:
        raise NotPossible(
            Sentence("{value} is no {rdtype} record: {reason}", value=values[0][:100], rdtype=rdtype, reason=error),
            code="dns-value",
        ) from None


def _quoted(value: str) -> str:
    """A TXT value as strings of at most 255 bytes, quoted (RFC 1035 section 5.1); one that is quoted already stays."""
    if value.startswith('"'):
        return value
    data = value.encode()
    parts = [data[start : start + CHARACTER_STRING] for start in range(0, max(len(data), 1), CHARACTER_STRING)]
    return " ".join('"' + "".join(_escaped(byte) for byte in part) + '"' for part in parts)


def _escaped(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03d}"
