"""Outlook's account settings: the plain old XML (POX) of Autodiscover, [MS-OXDSCLI], for IMAP, POP3 and SMTP.

Outlook posts a request that holds the address; the answer may name the user, or say with ``DomainRequired`` that the
user name is the whole address, so that one document can serve every address of a domain. The newer JSON and SOAP
forms concern Exchange only. Nothing here ever holds a password.
"""

from xml.etree import ElementTree

from mailward.model.doors import Tls
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_host_name
from mailward.standards.mail_address import MailAddress, parse_address
from mailward.standards.mail_settings import MailServer, MailSettings, UserName
from mailward.standards.xml_documents import add_texts, child_text, document, local_name, parse_port, parse_xml

CONTENT_TYPE = "application/xml"
REQUEST = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
ACCOUNT = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_TYPES = {"imap": "IMAP", "pop3": "POP3", "smtp": "SMTP"}
_ENCRYPTION = {Tls.IMPLICIT: "SSL", Tls.STARTTLS: "TLS", Tls.NONE: "None"}


def make_request(address: str) -> bytes:
    """What Outlook posts to ask for an address's settings."""
    root = ElementTree.Element("Autodiscover", xmlns=REQUEST)
    request = ElementTree.SubElement(root, "Request")
    add_texts(request, ("EMailAddress", address), ("AcceptableResponseSchema", ACCOUNT))
    return document(root)


def parse_request(content: bytes) -> MailAddress:
    """The address that is asked for. Raises BadInput (``autodiscover-form``, ``xml-…``, ``address-…``)."""
    root = parse_xml(content, "autodiscover")
    request = next((child for child in root if local_name(child) == "Request"), None)
    if local_name(root) != "Autodiscover" or request is None:
        raise _wrong(Sentence("This is not an Autodiscover request."))
    return parse_address(child_text(request, "EMailAddress"), "autodiscover")


def make(settings: MailSettings, address: str | None = None) -> bytes:
    """The answer. Without ``address`` it serves every address of the domain."""
    root = ElementTree.Element("Autodiscover", xmlns=RESPONSE)
    response = ElementTree.SubElement(root, "Response", xmlns=ACCOUNT)
    account = ElementTree.SubElement(response, "Account")
    add_texts(account, ("AccountType", "email"), ("Action", "settings"))
    for server in (*settings.incoming, *settings.outgoing):
        _protocol(account, server, address)
    return document(root)


def parse(content: bytes, domain: str) -> MailSettings:
    """What an answer says (it doesn't name the domain itself). Raises BadInput."""
    root = parse_xml(content, "autodiscover")
    account = next((e for e in root.iter() if local_name(e) == "Account"), None)
    if local_name(root) != "Autodiscover" or account is None:
        raise _wrong(Sentence("This is not an Autodiscover answer with settings."))
    servers = [_parse_protocol(e) for e in account if local_name(e) == "Protocol" and _protocol_name(e)]
    return MailSettings(
        domain,
        tuple(server for server in servers if server.protocol != "smtp"),
        tuple(server for server in servers if server.protocol == "smtp"),
    )


def _protocol(account: ElementTree.Element, server: MailServer, address: str | None) -> None:
    element = ElementTree.SubElement(account, "Protocol")
    whole = server.user_name is UserName.ADDRESS
    login = [("LoginName", server.user_name.of(address))] if address else []
    add_texts(
        element,
        ("Type", _TYPES[server.protocol]),
        ("Server", server.host),
        ("Port", str(server.port)),
        ("DomainRequired", "on" if whole else "off"),
        *login,
        ("SPA", "off"),
        ("SSL", "off" if server.tls is Tls.NONE else "on"),
        ("Encryption", _ENCRYPTION[server.tls]),  # takes precedence over SSL where it is understood
        ("AuthRequired", "on"),
    )


def _protocol_name(element: ElementTree.Element) -> str:
    return next((name for name, kind in _TYPES.items() if kind == child_text(element, "Type").upper()), "")


def _parse_protocol(element: ElementTree.Element) -> MailServer:
    encryption = child_text(element, "Encryption").upper()
    tls = {"SSL": Tls.IMPLICIT, "TLS": Tls.STARTTLS, "NONE": Tls.NONE}.get(encryption)
    if tls is None:
        tls = Tls.NONE if child_text(element, "SSL").lower() == "off" else Tls.IMPLICIT
    login, whole = child_text(element, "LoginName"), child_text(element, "DomainRequired").lower() == "on"
    return MailServer(
        _protocol_name(element),
        parse_host_name(child_text(element, "Server"), "autodiscover", single_label=True),
        parse_port(child_text(element, "Port"), "autodiscover"),
        tls,
        UserName.ADDRESS if "@" in login or (not login and whole) else UserName.LOCAL_PART,
    )


def _wrong(what: Sentence) -> BadInput:
    return BadInput("autodiscover", what, code="autodiscover-form")
