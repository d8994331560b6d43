"""One quoting filter per syntax: how a value enters a configuration file without becoming more than a value.

Every filter takes text (or a path or number) and gives the text to print. What a syntax can't hold is refused with
BadInput, first of all control characters: a line break in a value is a new directive in every one of these files.
Nothing here guesses: a value either reads back as itself, or it is refused.
"""

import json as _json
import re
import shlex
import unicodedata
from collections.abc import Callable
from ipaddress import ip_address

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

_UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp", "Cn"))
_WORD = re.compile(r"[A-Za-z0-9@%+=:,./_~\[\]-]+")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")


def _text(value: object) -> str:
    text = str(value)
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        raise BadInput(
            "configuration",
            Sentence("{value} holds a control character", value=ascii(text)),
            Sentence("Type it again without line breaks, tabs or invisible characters."),
            code="control-character",
        )
    return text


def _refuse(text: str, syntax: str, what: str) -> BadInput:
    return BadInput(
        "configuration",
        Sentence("{value} can't be written into {syntax}'s configuration: {what}", value=text, syntax=syntax, what=what),
        Sentence("Choose a name or directory of letters, digits, '-', '_' and '.'."),
        code="unquotable",
    )


def _without(text: str, forbidden: str, syntax: str) -> str:
    found = sorted(set(text) & set(forbidden))
    if found:
        raise _refuse(text, syntax, f"it holds {' '.join(found)}")
    return text


def _escaped(text: str, special: str) -> str:
    return "".join("\\" + character if character in special else character for character in text)


def postfix(value: object) -> str:
    """A path or word in main.cf, master.cf or a map's file: one word, since these split at blanks and expand ``$``."""
    text = _text(value)
    if not re.fullmatch(r"[A-Za-z0-9@%+=:./_~\[\]-]+", text):
        raise _refuse(text, "Postfix", "only one plain word can stand there")
    return text


def dovecot(value: object) -> str:
    """A quoted Dovecot value. ``%`` is refused, because some settings expand it and some don't."""
    return '"' + _escaped(_without(_text(value), "%", "Dovecot"), '\\"') + '"'


def dovecot_file(value: object) -> str:
    """A path after ``<``, ``unix_listener`` or the like, where Dovecot takes no quotes."""
    text = _text(value)
    if not _WORD.fullmatch(text) or "%" in text:
        raise _refuse(text, "Dovecot", "only one plain word can stand there")
    return text


def nginx(value: object) -> str:
    """A quoted nginx argument. ``$`` can't be escaped there, so it is refused."""
    return '"' + _escaped(_without(_text(value), "$", "nginx"), '\\"') + '"'


def plain_path(value: object) -> str:
    """A path that stands unquoted before a variable, as in nginx' ``alias /web/$name.xml``."""
    text = _text(value)
    if not _WORD.fullmatch(text) or set(text) & set(",[]"):
        raise _refuse(text, "nginx", "only one plain word can stand there")
    return text


def php(value: object) -> str:
    """A PHP string in single quotes."""
    return "'" + _escaped(_text(value), "\\'") + "'"


def ini(value: object) -> str:
    """A quoted value in php-fpm's files (PHP's ini syntax has no escape that every reader honours)."""
    return '"' + _without(_text(value), '"\\$;', "PHP-FPM") + '"'


def knot(value: object) -> str:
    """A quoted Knot scalar. ``%`` begins a formatter in its file names and is refused."""
    return '"' + _escaped(_without(_text(value), "%", "Knot"), '\\"') + '"'


def unbound(value: object) -> str:
    """A quoted unbound value, which knows no escapes."""
    return '"' + _without(_text(value), '"\\', "unbound") + '"'


def supervisor(value: object) -> str:
    """One argument of a supervisor ``command``: shell-quoted, ``%`` doubled. Its ini files cut at ``;`` and ``#``."""
    text = _without(_text(value), ";#\\", "supervisor")
    if not text:
        raise _refuse(text, "supervisor", "it is empty")
    return shlex.quote(text).replace("%", "%%")


def supervisor_value(value: object) -> str:
    """A whole value of a supervisor option, such as a file name."""
    text = _without(_text(value), ";#", "supervisor")
    if text != text.strip() or not text:
        raise _refuse(text, "supervisor", "it begins or ends with a blank, or is empty")
    return text.replace("%", "%%")


def json(value: object) -> str:
    """A JSON value: text stays text, numbers and booleans themselves. Also right inside JavaScript and njs."""
    if isinstance(value, bool | int):
        return _json.dumps(value)
    return _json.dumps(_text(value))


def html(value: object) -> str:
    """Text between tags or in a quoted attribute."""
    text = _text(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#39;")


def port(value: object) -> str:
    """A TCP or UDP port."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65536:
        raise BadInput("port", Sentence("{value} is not a port (1 to 65535)", value=ascii(value)), code="bad-port")
    return str(value)


def number(value: object) -> str:
    """A count or a size."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadInput("number", Sentence("{value} is not a whole number", value=ascii(value)), code="bad-number")
    return str(value)


def name(value: object) -> str:
    """A host name, user name or lineage: letters, digits, ``-``, ``_`` and ``.`` only, the same in every syntax."""
    text = _text(value)
    if len(text) > 253 or not _NAME.fullmatch(text) or ".." in text:
        raise BadInput("name", Sentence("{value} is not a name", value=ascii(text)), code="bad-name")
    return text


def wildcard(value: object) -> str:
    """A host name, or ``*.`` and a host name."""
    text = _text(value)
    return "*." + name(text[2:]) if text.startswith("*.") else name(text)


def address(value: object) -> str:
    """An IP address as it is written without a port or a zone (``%eth0``, which may hold any character)."""
    text = _text(value)
    try:
        return str(ip_address(text.replace("%", " ")))
    except ValueError:
        raise BadInput("addresses", Sentence("{value} is not an IP address", value=text), code="bad-address") from None


def bracketed(value: object) -> str:
    """An IP address as it is written before a colon and a port: IPv6 in square brackets."""
    text = address(value)
    return f"[{text}]" if ":" in text else text


def block(value: object) -> str:
    """What a template's own macro made, without its last line break. Only for macros, whose values were quoted there."""
    return str(value).rstrip("\n")


FILTERS: dict[str, Callable[[object], str]] = {
    function.__name__: function
    for function in (
        postfix,
        dovecot,
        dovecot_file,
        nginx,
        plain_path,
        php,
        ini,
        knot,
        unbound,
        supervisor,
        supervisor_value,
        json,
        html,
        port,
        number,
        name,
        wildcard,
        address,
        bracketed,
        block,
    )
}
