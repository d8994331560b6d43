"""The catalogs' upkeep: sentences are extracted from the sources and templates, merged into each .po, compiled to .mo.

Nothing here runs in service; Babel is a development package. Files come out byte for byte the same from the same input.
"""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import IO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from mailward.words import CATALOG, LANGUAGES, SOURCE

_METHODS = [
    ("**.py", "mailward.cli.translations:from_python"),
    ("**/panel/templates/**.html", "mailward.cli.translations:from_template"),
]
_KEYWORDS = {"Sentence": None}
_TAG = re.compile(r'\{%-?\s*say\s+"([^"]*)"')
_ALWAYS = datetime(2026, 1, 1, tzinfo=UTC)  # the version control knows when; a date here would only make conflicts


_Found = Iterator[tuple[int, str, str, list[str]]]


def from_python(fileobj: IO[bytes], keywords: object, comment_tags: object, options: object) -> _Found:
    """Babel's extraction method for our modules: every ``Sentence("…")``, also in f-strings, where Babel's own fails."""
    for node in ast.walk(ast.parse(fileobj.read())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Sentence" and node.args:
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value:
                yield node.lineno, "Sentence", text.value, []


def from_template(fileobj: IO[bytes], keywords: object, comment_tags: object, options: object) -> _Found:
    """Babel's extraction method for Django templates: ``{% say "…" %}``."""
    text = fileobj.read().decode()
    for found in _TAG.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, "Sentence", found.group(1), []


def extract(package: Path) -> Catalog:
    """Every sentence in ``package``, as a catalog without translations."""
    catalog = _empty(None)
    for filename, _line, text, comments, _context in extract_from_dir(
        package, method_map=_METHODS, keywords=_KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
    ):
        if isinstance(text, str) and text:
            catalog.add(text, locations=[(filename, 0)], auto_comments=comments)
    return catalog


def _empty(language: str | None) -> Catalog:
    return Catalog(
        locale=language,
        project="Mailward",
        version="1",
        copyright_holder="the Mailward authors",
        header_comment="# Mailward's sentences. Brought up to date by ./mailward words update; translate the empty ones.",
        msgid_bugs_address="Mailward's issues",
        creation_date=_ALWAYS,
        revision_date=_ALWAYS,
        last_translator="Mailward",
        language_team="Mailward",
        charset="utf-8",
        fuzzy=False,
    )


def po_file(package: Path, language: str) -> Path:
    return package / "locale" / language / "LC_MESSAGES" / f"{CATALOG}.po"


def read(package: Path, language: str) -> Catalog:
    """A language's catalog as it is committed; empty when there is none yet."""
    path = po_file(package, language)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def merged(package: Path, language: str, template: Catalog) -> Catalog:
    """The committed translations of the sentences in ``template``; those of sentences that are gone are dropped."""
    known, catalog = read(package, language), _empty(language)
    for wanted in template:
        if wanted.id:
            has = known.get(wanted.id)
            catalog.add(wanted.id, has.string if has else "", wanted.locations, auto_comments=wanted.auto_comments)
    return catalog


def as_po(catalog: Catalog) -> bytes:
    output = BytesIO()
    write_po(output, catalog, width=120, sort_output=True, include_lineno=False, ignore_obsolete=True)
    return output.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    output = BytesIO()
    write_mo(output, catalog)
    return output.getvalue()


def update(package: Path) -> dict[str, int]:
    """Write every language's catalog. Returns how many sentences each still lacks or has wrong."""
    template = extract(package)
    waiting: dict[str, int] = {}
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        catalog = merged(package, language, template)
        path = po_file(package, language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_po(catalog))
        path.with_suffix(".mo").write_bytes(as_mo(catalog))
        waiting[language] = sum(1 for _ in wrong(catalog, template))
    return waiting


def wrong(catalog: Catalog, template: Catalog) -> Iterator[str]:
    """The sentences of ``template`` that ``catalog`` lacks, has as fuzzy, or has with other placeholders."""
    for wanted in template:
        if not wanted.id or not isinstance(wanted.id, str):
            continue
        has = catalog.get(wanted.id)
        if has is None or not has.string or has.fuzzy:
            yield f"not translated: {wanted.id}"
        elif _placeholders(str(has.string)) != _placeholders(wanted.id):
            yield f"other placeholders: {wanted.id} / {has.string}"


def _placeholders(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
