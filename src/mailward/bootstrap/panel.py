"""The panel's process: its key, its office, and the store, served on a unix socket.

Of ``secrets/`` it opens two files: its own key, which is told to Django in this process alone, and the half of the seal
that closes. Whatever needs the host is asked of the steward through the store.
"""

from pathlib import Path

from django.conf import settings as django_settings

from mailward.actions.office import Office
from mailward.bootstrap import joining
from mailward.daemons.secrets import panel_key
from mailward.host import wsgi_server
from mailward.model.errors import MailwardError, NotPossible
from mailward.model.layout import Layout
from mailward.model.sentence import Sentence
from mailward.web import office

SHORTEST_KEY = 50
THREADS = 8  # one worker, so that what is counted against guessers (the cache of the process) is counted once


def serve_panel(root: Path) -> None:
    """Answer until stopped. Runs as the panel's own user."""
    layout = Layout(root.resolve())
    django_settings.SECRET_KEY = _key(layout)
    settings = joining.read_settings(layout)
    joining.use_store(layout, settings)
    office.use(joining.make_office(layout, settings), _Watched(layout).newer)
    from mailward.panel.wsgi import application  # noqa: PLC0415 - Django must know its key and its store first

    wsgi_server.serve(application, layout.run / "panel" / "panel.sock", threads=THREADS)


def _key(layout: Layout) -> str:
    try:
        key = panel_key(layout).read_text(encoding="ascii").strip()
    except OSError:
        key = ""
    if len(key) < SHORTEST_KEY:
        said = Sentence("the panel's key is missing or too short: {path}", path=panel_key(layout))
        raise NotPossible(said, Sentence("Make it with: mailward up"), code="panel-key")
    return key


class _Watched:
    """Looks whether mailward.toml was changed. A wrong one changes nothing: the steward says what is wrong with it."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._seen = self._mark()

    def newer(self) -> Office | None:
        mark = self._mark()
        if mark == self._seen:
            return None
        self._seen = mark
        try:
            return joining.make_office(self._layout, joining.read_settings(self._layout))
        except MailwardError:
            return None

    def _mark(self) -> tuple[int, int]:
        try:
            status = self._layout.settings.stat()
        except OSError:
            return 0, 0
        return status.st_mtime_ns, status.st_ino
