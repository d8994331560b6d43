"""Where an instance's API is explained, and its document. Nothing is started or asked for it."""

import json
from dataclasses import dataclass
from pathlib import Path

import django

from mailward.bootstrap import joining
from mailward.model.doors import Door
from mailward.model.layout import Layout


@dataclass(frozen=True)
class ApiDocs:
    """``document``: OpenAPI 3.1, as JSON text."""

    page: str
    address: str
    document: str

    @property
    def operations(self) -> int:
        return sum(len(found) for found in json.loads(self.document)["paths"].values())


def api_docs(root: Path) -> ApiDocs:
    """Raises NotPossible when there is no instance."""
    settings = joining.read_settings(Layout(root.resolve()))
    django.setup()
    from mailward.api.pages import document_text  # noqa: PLC0415 - Django must be set up first

    port = settings.ports[Door.HTTPS]
    panel = f"https://{settings.hostname}{'' if port == 443 else f':{port}'}"
    return ApiDocs(f"{panel}/api-docs/", f"{panel}/api/v1", document_text())
