"""The access log: a line per request, without anything that grants access."""

from __future__ import annotations

import sys
from typing import Any

from .requests import Request

SIGNED = "file_id"
"""The parameter of a path that holds a signature."""


class AccessLog:
    """Writes lines to stderr: JSON for programs, columns for people."""

    def __init__(self, as_json: bool, target: Any = None) -> None:
        import structlog

        stream = target or sys.stderr
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        colors = not as_json and getattr(stream, "isatty", bool)()
        render: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=colors)
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(stream),
            processors=[stamp, render],
            wrapper_class=structlog.BoundLogger,
            cache_logger_on_first_use=True,
        )

    def write(self, request: Request, status: int, size: int, seconds: float) -> None:
        """Note a request: `status` 0 if the client left before it was answered, `size` bytes of body sent."""
        key = request.key
        self._log.info(
            "request",
            method=request.method,
            path=_shown(request),
            status=status,
            bytes=size,
            ms=round(seconds * 1000, 1),
            key=key.id if key else None,
            team=key.team if key else None,
        )


def _shown(request: Request) -> str:
    secret = request.parameters.get(SIGNED)
    return request.path.replace(secret, "…") if secret else request.path
