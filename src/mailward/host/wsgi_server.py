"""A WSGI application on a unix socket, by gunicorn. The socket's directory belongs to the process' user; nginx enters
it by its group."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication


class _Served(BaseApplication):  # type: ignore[misc]
    def __init__(self, application: Callable[..., Any], options: dict[str, Any]) -> None:
        self._application = application
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        return self._application


def serve(application: Callable[..., Any], socket: Path, *, threads: int = 8) -> None:
    """Answer until stopped by a signal. One worker with a few threads, which share the memory of the process."""
    options = {
        "bind": f"unix:{socket}",
        "umask": 0o111,  # the directory says who may come in; its socket's group would be this process' own, not nginx'
        "workers": 1,
        "threads": threads,
        "worker_tmp_dir": "/dev/shm",  # noqa: S108 - a heartbeat file without a name
        "control_socket_disable": True,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
        "timeout": 30,
        "preload_app": True,
    }
    _Served(application, options).run()
