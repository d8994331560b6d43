"""What people read, before it is translated.

A sentence is written once, in English, as a ``str.format`` template with named values. It travels through the engines
untranslated; a face (command line, page, mail) turns it into the reader's language with ``mailward.words.say``. The
templates are collected by ``pybabel`` (keyword ``Sentence``), so they must be literals at the place where they are made.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import Any, Union

_FIELD = re.compile(r"{(\w+)}")  # nothing else of str.format: a template that came through a store must not cost memory
Value = Union[str, "Sentence"]


@dataclass(frozen=True)
class Sentence:
    """An English template and the values that go into it: text as the reader should see it, or a sentence that is
    translated with the one it stands in.

    >>> str(Sentence("{name} is not a host name", name="a b"))
    'a b is not a host name'
    """

    template: str
    values: tuple[tuple[str, Value], ...]

    def __init__(self, template: str, **values: object) -> None:
        kept = tuple((key, value if isinstance(value, Sentence) else str(value)) for key, value in values.items())
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "values", kept)

    def having(self, **values: object) -> "Sentence":
        """The same sentence with those of ``values`` that it uses: tables hold sentences without values, and the one that
        is chosen is completed."""
        used = {field for _, field, _, _ in Formatter().parse(self.template) if field}
        return Sentence(self.template, **{key: value for key, value in values.items() if key in used})

    def said(self, translated: Callable[[str], str]) -> str:
        """This sentence in the language that ``translated`` turns templates into, the sentences in it included."""
        template = translated(self.template) if self.template else ""
        if not self.values:
            return template
        values = {k: v.said(translated) if isinstance(v, Sentence) else v for k, v in self.values}
        return _FIELD.sub(lambda field: values[field.group(1)], template)

    def __str__(self) -> str:
        return self.said(lambda template: template)

    def to_json(self) -> dict[str, Any]:
        values = {key: value.to_json() if isinstance(value, Sentence) else value for key, value in self.values}
        return {"text": self.template, "values": values}

    @classmethod
    def from_json(cls, stored: dict[str, Any] | None) -> "Sentence":
        """What ``to_json`` made; of None: nothing."""
        if not stored:
            return cls("")
        values = stored["values"].items()
        return cls(stored["text"], **{key: cls.from_json(v) if isinstance(v, dict) else v for key, v in values})


NOTHING = Sentence("")
