"""Serve a hub until interrupted."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from ...domain.errors import MissingExtra
from ...ports.clock import Clock
from ...ports.documents import DocumentCodec
from ...ports.hub import ServableHub
from .options import ServerOptions

__all__ = ["ServerOptions", "serve"]

OnReady = Callable[[str], None]


def serve(
    hub: ServableHub,
    codec: DocumentCodec,
    clock: Clock,
    options: ServerOptions,
    on_ready: OnReady = lambda url: None,
) -> None:
    """Listen, call `on_ready` with the address that clients use, and answer until SIGINT or SIGTERM.

    Requests under way are finished, for `options.grace` seconds at most. The hub stays open.

    Raises:
        MissingExtra: the extra 'server' is not installed.
        InvalidInput: the address cannot be listened on.
    """
    if not all(importlib.util.find_spec(name) for name in ("starlette", "uvicorn")):
        raise MissingExtra("serving", "server")
    from .app import build_app
    from .listening import Server

    app = build_app(hub, codec, clock, options)
    try:
        Server(app, options, on_ready).run()
    finally:
        app.close()
