"""The mail path's process: published keys, and a socket for Postfix. It opens neither the store nor any secret."""

from pathlib import Path

from mailward.daemons import mailpath as daemon
from mailward.host import milter_server
from mailward.host.clock import RealClock
from mailward.host.published_files import RealPublishedFiles
from mailward.mailpath.keys import SigningKeys
from mailward.mailpath.session import sessions
from mailward.model.layout import Layout


def serve_mailpath(root: Path) -> None:
    """Sign until stopped. Runs as the mail path's own user."""
    layout = Layout(root.resolve())
    keys = SigningKeys(layout.dkim, RealPublishedFiles())
    milter_server.serve(daemon.socket(layout), sessions(keys, RealClock()))
