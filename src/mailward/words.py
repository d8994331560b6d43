"""Sentences in the reader's language.

The catalogs are gettext's (``locale/LANG/LC_MESSAGES/mailward.po``, compiled beside it, both committed), so that a plain
clone speaks all languages without a build step. ``./mailward words update`` collects, merges and compiles them; a test
fails when a sentence lacks a translation. What has none is said in English: a reader is never left with nothing.
"""

import gettext
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from mailward.model.sentence import Sentence

SOURCE = "en"
LANGUAGES = {"en": "English", "nl": "Nederlands", "de": "Deutsch", "fr": "Français"}
CATALOG = "mailward"
CATALOGS = Path(__file__).parent / "locale"


def say(sentence: Sentence, language: str = SOURCE) -> str:
    """The sentence as a reader of ``language`` ("nl", "de", "fr"; others: English) should see it."""
    try:
        return sentence.said(_catalog(language).gettext)
    except (KeyError, IndexError, ValueError):  # a translation with a wrong placeholder
        return str(sentence)


def choose_language(wishes: Iterable[str | None]) -> str:
    """The first wish that names a language we speak, as ``--lang`` or as POSIX locales ("nl_NL.UTF-8"); else English.

    >>> choose_language([None, "xx", "de_AT.UTF-8"])
    'de'
    """
    for wish in wishes:
        language = (wish or "").replace("-", "_").partition(".")[0].partition("_")[0].lower()
        if language in LANGUAGES:
            return language
        if language in ("c", "posix"):
            return SOURCE
    return SOURCE


def accept_language(header: str) -> str:
    """The best language for an Accept-Language header (RFC 9110 section 12.5.4).

    >>> accept_language("da, fr-CH;q=0.8, nl;q=0.9")
    'nl'
    """
    wishes: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        if quality > 0:
            wishes.append((quality, tag.strip()))
    return choose_language(tag for _, tag in sorted(wishes, key=lambda wish: -wish[0]))


@cache
def _catalog(language: str) -> gettext.NullTranslations:
    if language == SOURCE or language not in LANGUAGES:
        return gettext.NullTranslations()
    return gettext.translation(CATALOG, str(CATALOGS), languages=[language], fallback=True)
