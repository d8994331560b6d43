"""The panel's process: gunicorn on a unix socket, two workers that answer one request each, nothing on the network.

The socket may be written by whoever can enter its directory; only nginx' workers can.
"""

from typing import Any

from gunicorn.app.base import BaseApplication

from mailward.model.layout import Layout
from mailward.panel.wsgi import application

SETTINGS = {
    "workers": 2,
    "worker_class": "sync",
    "timeout": 30,
    "max_requests": 10_000,
    "max_requests_jitter": 1_000,
    "umask": 0o111,
    "limit_request_line": 2048,
    "limit_request_fields": 60,
    "control_socket_disable": True,
    "accesslog": None,
    "errorlog": "-",
    "proc_name": "mailward-panel",
}


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings; it reads no file and no environment variable of its own."""

    def __init__(self, bind: str) -> None:
        self._bind = bind
        super().__init__()

    def load_config(self) -> None:
        self.cfg.set("bind", self._bind)
        for name, value in SETTINGS.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return application


def serve(layout: Layout) -> None:
    """Answer on ``run/panel/panel.sock`` until stopped by SIGTERM."""
    Server(f"unix:{layout.run / 'panel' / 'panel.sock'}").run()
