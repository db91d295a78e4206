"""uvicorn, set up for the application."""

from __future__ import annotations

import contextlib
import importlib.util
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn

from ...domain.errors import InvalidInput, StorageError
from .app import App
from .options import ServerOptions

OnReady = Callable[[str], None]


class Server(uvicorn.Server):
    """Listens, and says where as soon as it does. `stop` may be called from any thread."""

    def __init__(self, app: App, options: ServerOptions, on_ready: OnReady) -> None:
        super().__init__(_config(app, options))
        self._options = options
        self._on_ready = on_ready
        self.url = ""

    async def startup(self, sockets: Any = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        host = f"[{self._options.host}]" if ":" in self._options.host else self._options.host
        scheme = "https" if self._options.tls_cert else "http"
        self.url = self._options.public_url or f"{scheme}://{host}:{port}"
        self._on_ready(self.url)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGINT and SIGTERM. uvicorn raises them again afterwards: what is around it could not end well."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Take no more requests, finish those under way, and end."""
        self.should_exit = True

    def run(self, sockets: Any = None) -> None:
        """Listen until stopped, or until SIGINT or SIGTERM.

        Raises:
            InvalidInput: the address cannot be listened on.
        """
        try:
            super().run(sockets)
        except SystemExit as error:  # uvicorn's way to say that it could not start
            where = f"{self._options.host}:{self._options.port}"
            raise InvalidInput(f"address {where}", "cannot be listened on", "Choose another --port") from error


def _config(app: App, options: ServerOptions) -> uvicorn.Config:
    protocol: Any = "h11"
    if importlib.util.find_spec("httptools"):
        from .protocol import protocol_for

        protocol = protocol_for(options)
    for path in filter(None, (options.tls_cert, options.tls_key)):
        if not Path(path).is_file():
            raise StorageError(str(path), "is not a file", "Give certificate and key as PEM files")
    return uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        http=protocol,
        loop="auto",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",  # what there is to say, the application says
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(options.grace)),
        ssl_certfile=str(options.tls_cert) if options.tls_cert else None,
        ssl_keyfile=str(options.tls_key) if options.tls_key else None,
        backlog=2048,
    )
