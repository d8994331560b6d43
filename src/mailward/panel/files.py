"""The panel's own style sheet, scripts and icon, from ``assets/``. An address holds a part of the file's checksum, so that
browsers may keep it for a year and still never show an old one."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

_HERE = Path(__file__).parent / "assets"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Asset:
    content: bytes
    content_type: str
    version: str


@cache
def _assets() -> dict[str, Asset]:
    """Read once: the process serves one version of Mailward."""
    return {
        path.name: Asset(path.read_bytes(), _TYPES[path.suffix], sha256(path.read_bytes()).hexdigest()[:12])
        for path in sorted(_HERE.iterdir())
        if path.suffix in _TYPES
    }


def address(name: str) -> str:
    """``/assets/panel.css?v=…``. Raises KeyError for a file that isn't there."""
    return f"{reverse('asset', args=[name])}?v={_assets()[name].version}"


@require_safe
def file(request: HttpRequest, name: str) -> HttpResponse:
    """One of the files. No person is asked for: they hold nothing of anybody's."""
    kept = _assets().get(name)
    if kept is None:
        raise Http404
    response = HttpResponse(kept.content, content_type=kept.content_type)
    fitting = request.GET.get("v") == kept.version
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fitting else "no-cache"
    return response
