"""Thunderbird's account settings: ``config-v1.1.xml`` (https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat).

``make`` writes what our web server publishes, ``parse`` reads what a client would find. The document is the same for
every address of a domain: Thunderbird puts the address in for ``%EMAILADDRESS%``. A parsed server keeps only what
Mailward looks at; ``plain`` is kept as Tls.NONE, so that it can be warned about.
"""

from xml.etree import ElementTree

from mailward.model.doors import Tls
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_host_name
from mailward.standards.mail_settings import MailServer, MailSettings, UserName
from mailward.standards.xml_documents import add_texts, child_text, document, local_name, parse_port, parse_xml

CONTENT_TYPE = "text/xml"
_SOCKETS = {Tls.IMPLICIT: "SSL", Tls.STARTTLS: "STARTTLS", Tls.NONE: "plain"}
_TLS = {socket.lower(): tls for tls, socket in _SOCKETS.items()}
_USERS = {UserName.ADDRESS: "%EMAILADDRESS%", UserName.LOCAL_PART: "%EMAILLOCALPART%"}


def make(settings: MailSettings) -> bytes:
    """The document for a domain, UTF-8."""
    root = ElementTree.Element("clientConfig", version="1.1")
    provider = ElementTree.SubElement(root, "emailProvider", id=settings.domain)
    add_texts(
        provider, ("domain", settings.domain), ("displayName", settings.domain), ("displayShortName", settings.domain)
    )
    for server in settings.incoming:
        _server(provider, "incomingServer", server)
    for server in settings.outgoing:
        _server(provider, "outgoingServer", server)
    return document(root)


def parse(content: bytes) -> MailSettings:
    """What a document says. Raises BadInput (``autoconfig-form``, ``xml-…``, ``port``, ``name-…``)."""
    root = parse_xml(content, "autoconfig")
    provider = next((child for child in root if local_name(child) == "emailProvider"), None)
    if local_name(root) != "clientConfig" or provider is None:
        raise _wrong(Sentence("This is not a Thunderbird configuration document."))
    incoming = tuple(_parse_server(child) for child in provider if local_name(child) == "incomingServer")
    outgoing = tuple(_parse_server(child) for child in provider if local_name(child) == "outgoingServer")
    domain = child_text(provider, "domain") or provider.get("id", "")
    return MailSettings(parse_host_name(domain, "autoconfig", single_label=True), incoming, outgoing)


def _server(provider: ElementTree.Element, tag: str, server: MailServer) -> None:
    element = ElementTree.SubElement(provider, tag, type=server.protocol)
    add_texts(
        element,
        ("hostname", server.host),
        ("port", str(server.port)),
        ("socketType", _SOCKETS[server.tls]),
        ("username", _USERS[server.user_name]),
        ("authentication", "password-cleartext"),  # the field's word for a password inside TLS
    )


def _parse_server(element: ElementTree.Element) -> MailServer:
    socket = child_text(element, "socketType").lower()
    protocol = element.get("type", "").lower()
    if protocol not in ("imap", "pop3", "smtp") or socket not in _TLS:
        raise _wrong(Sentence("A server in this document has an unknown type or socket type."))
    return MailServer(
        protocol,
        parse_host_name(child_text(element, "hostname"), "autoconfig", single_label=True),
        parse_port(child_text(element, "port"), "autoconfig"),
        _TLS[socket],
        UserName.LOCAL_PART if child_text(element, "username") == _USERS[UserName.LOCAL_PART] else UserName.ADDRESS,
    )


def _wrong(what: Sentence) -> BadInput:
    return BadInput("autoconfig", what, code="autoconfig-form")
