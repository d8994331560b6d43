"""What people read, before it is translated.

A sentence is written once, in English, as a ``str.format`` template with named values. It travels through the engines
untranslated; a face (command line, page, mail) turns it into the reader's language with ``mailward.words.say``. The
templates are collected by ``pybabel`` (keyword ``Sentence``), so they must be literals at the place where they are made.
"""

from dataclasses import dataclass
from string import Formatter


@dataclass(frozen=True)
class Sentence:
    """An English template and the values that go into it. Values are text as the reader should see it.

    >>> str(Sentence("{name} is not a host name", name="a b"))
    'a b is not a host name'
    """

    template: str
    values: tuple[tuple[str, str], ...]

    def __init__(self, template: str, **values: object) -> None:
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "values", tuple((key, str(value)) for key, value in values.items()))

    def having(self, **values: object) -> "Sentence":
        """The same sentence with those of ``values`` that it uses: tables hold sentences without values, and the one that
        is chosen is completed."""
        used = {field for _, field, _, _ in Formatter().parse(self.template) if field}
        return Sentence(self.template, **{key: value for key, value in values.items() if key in used})

    def fill(self, template: str) -> str:
        """This sentence's values put into ``template`` (its own, or a translation of it)."""
        return template.format(**dict(self.values)) if self.values else template

    def __str__(self) -> str:
        return self.fill(self.template)


NOTHING = Sentence("")
