"""The panel's process: the status page on a unix socket, with a store it can only read."""

from pathlib import Path

from mailward.bootstrap import joining
from mailward.host import wsgi_server
from mailward.model.layout import Layout


def serve_panel(root: Path) -> None:
    """Answer until stopped. Runs as the panel's own user: nothing here opens a secret."""
    layout = Layout(root.resolve())
    joining.use_store(layout.store, read_only=True)
    from mailward.panel.wsgi import application  # noqa: PLC0415 - Django must know its store first

    wsgi_server.serve(application, layout.run / "panel" / "panel.sock")
