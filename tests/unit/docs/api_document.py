"""Writes ``docs/openapi.json`` anew: ``python tests/unit/docs/api_document.py``."""

import os
from pathlib import Path

PLACE = Path(__file__).parents[3] / "docs" / "openapi.json"


def document() -> str:
    """What the API serves as its document."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailward.django_settings")
    import django

    django.setup()
    from mailward.api.pages import document_text

    return document_text()


if __name__ == "__main__":
    PLACE.write_text(document(), encoding="utf-8")
