"""Apple's configuration profile for a mail account (``com.apple.mail.managed``, Apple Device Management, Mail payload).

The profile is unsigned XML. Its UUIDs are made from the domain and the address, so that installing it again replaces
what was there instead of adding a second account. Without an address, the device asks for it. Apple's format says only
"TLS or not": whether STARTTLS or implicit TLS is meant follows from the port, as Apple Mail itself decides. No password
is ever in it: the device asks.
"""

import plistlib
from uuid import NAMESPACE_DNS, uuid5
from xml.parsers.expat import ExpatError

from mailward.model.doors import Tls
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.hostname import display_name, parse_host_name
from mailward.standards.mail_settings import MailServer, MailSettings, UserName
from mailward.standards.xml_documents import MOST_BYTES, parse_port

CONTENT_TYPE = "application/x-apple-aspen-config"
STARTTLS_PORTS = frozenset({25, 110, 143, 587})
_KINDS = {"imap": "EmailTypeIMAP", "pop3": "EmailTypePOP"}


def make(settings: MailSettings, address: str | None = None) -> bytes:
    """The profile for the first incoming and the first outgoing server. Raises BadInput when there is none."""
    if not settings.incoming or not settings.outgoing:
        raise _wrong(Sentence("A profile needs a server to read from and one to send with."))
    subject = address or settings.domain
    account = _account(settings.incoming[0], settings.outgoing[0], address)
    account |= {
        "EmailAccountDescription": display_name(settings.domain),
        "PayloadType": "com.apple.mail.managed",
        **_payload(f"{settings.domain}.mail", f"mail:{subject}", subject),
    }
    profile = {
        "PayloadContent": [account],
        "PayloadType": "Configuration",
        "PayloadRemovalDisallowed": False,
        **_payload(settings.domain, f"profile:{subject}", subject),
    }
    return plistlib.dumps(profile, fmt=plistlib.FMT_XML, sort_keys=True)


def parse(content: bytes, domain: str) -> MailSettings:
    """The mail account of a profile. Raises BadInput (``mobileconfig-form``, ``xml-too-big``, ``name-…``)."""
    if len(content) > MOST_BYTES:
        what = Sentence("This document is larger than {most} bytes.", most=MOST_BYTES)
        raise BadInput("mobileconfig", what, code="xml-too-big")
    account = _mail_payload(content)
    kind = next((name for name, value in _KINDS.items() if value == account.get("EmailAccountType")), None)
    if kind is None:
        raise _wrong(Sentence("The profile's mail account is neither IMAP nor POP3."))
    return MailSettings(domain, (_server(account, "Incoming", kind),), (_server(account, "Outgoing", "smtp"),))


def _account(incoming: MailServer, outgoing: MailServer, address: str | None) -> dict[str, object]:
    account: dict[str, object] = {
        "EmailAccountType": _KINDS[incoming.protocol],
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    for side, server in (("Incoming", incoming), ("Outgoing", outgoing)):
        account |= {
            f"{side}MailServerAuthentication": "EmailAuthPassword",
            f"{side}MailServerHostName": server.host,
            f"{side}MailServerPortNumber": server.port,
            f"{side}MailServerUseSSL": server.tls is not Tls.NONE,
        }
        if address:
            account[f"{side}MailServerUsername"] = server.user_name.of(address)
    if address:
        account["EmailAddress"] = address
    return account


def _payload(name: str, identity: str, shown: str) -> dict[str, object]:
    local, at, domain = shown.rpartition("@")
    return {
        "PayloadDisplayName": f"{local}{at}{display_name(domain)}",
        "PayloadIdentifier": ".".join(reversed(name.split("."))),
        "PayloadUUID": str(uuid5(NAMESPACE_DNS, identity)).upper(),
        "PayloadVersion": 1,
    }


def _mail_payload(content: bytes) -> dict[str, object]:
    try:
        profile = plistlib.loads(content, fmt=plistlib.FMT_XML)
    except (ExpatError, ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError) as trouble:
        raise _wrong(Sentence("This is not a configuration profile.")) from trouble
    payloads = profile.get("PayloadContent") if isinstance(profile, dict) else None
    for payload in payloads if isinstance(payloads, list) else []:
        if isinstance(payload, dict) and payload.get("PayloadType") == "com.apple.mail.managed":
            return payload
    raise _wrong(Sentence("This profile holds no mail account."))


def _server(account: dict[str, object], side: str, protocol: str) -> MailServer:
    port = parse_port(str(account.get(f"{side}MailServerPortNumber", "")), "mobileconfig")
    host = parse_host_name(str(account.get(f"{side}MailServerHostName", "")), "mobileconfig", single_label=True)
    secure = account.get(f"{side}MailServerUseSSL") is True
    tls = (Tls.STARTTLS if port in STARTTLS_PORTS else Tls.IMPLICIT) if secure else Tls.NONE
    user = account.get(f"{side}MailServerUsername")
    whole = not isinstance(user, str) or "@" in user
    return MailServer(protocol, host, port, tls, UserName.ADDRESS if whole else UserName.LOCAL_PART)


def _wrong(what: Sentence) -> BadInput:
    return BadInput("mobileconfig", what, code="mobileconfig-form")
