"""XML documents: from strangers, read without the parts of XML that harm (no DOCTYPE, so no entities; at most 256 KiB);
and our own, written with ``ElementTree``'s quoting.
"""

from xml.etree import ElementTree

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

MOST_BYTES = 256 * 1024


class _Doctype(Exception):
    """A document type declaration was met."""


class _NoDoctype(ElementTree.TreeBuilder):
    def doctype(self, _name: str | None, _pubid: str | None, _system: str | None) -> None:
        """Called by the parser before it reads any entity declaration."""
        raise _Doctype


def parse_xml(content: bytes, field: str) -> ElementTree.Element:
    """The root element. Raises BadInput: ``xml-too-big``, ``xml-doctype`` or ``xml-broken``."""
    if len(content) > MOST_BYTES:
        raise BadInput(field, Sentence("This document is larger than {most} bytes.", most=MOST_BYTES), code="xml-too-big")
    parser = ElementTree.XMLParser(target=_NoDoctype())  # noqa: S314
    try:
        parser.feed(content)
        root = parser.close()
    except _Doctype:
        what = Sentence("This document has a DOCTYPE, which is never needed here and can do harm.")
        raise BadInput(field, what, Sentence("Send it without one."), code="xml-doctype") from None
    except (ElementTree.ParseError, ValueError, LookupError) as trouble:
        raise BadInput(field, Sentence("This is not well-formed XML."), code="xml-broken") from trouble
    if not isinstance(root, ElementTree.Element):
        raise BadInput(field, Sentence("This is not well-formed XML."), code="xml-broken")
    return root


def add_texts(parent: ElementTree.Element, *pairs: tuple[str, str]) -> None:
    """Append a child with a text for each pair."""
    for tag, text in pairs:
        ElementTree.SubElement(parent, tag).text = text


def document(root: ElementTree.Element) -> bytes:
    """The document in UTF-8, indented."""
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def local_name(element: ElementTree.Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def child_text(element: ElementTree.Element, name: str) -> str:
    """The trimmed text of the first child with this name, whatever its namespace; "" when there is none."""
    for child in element:
        if local_name(child) == name:
            return (child.text or "").strip()
    return ""


def parse_port(text: str, field: str) -> int:
    """A TCP port. Raises BadInput (``port``)."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise BadInput(field, Sentence("A port is a number from 1 to 65535."), code="port")
    return int(text)
