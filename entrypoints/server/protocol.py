"""The wire under the application: uvicorn's parser, with limits it does not have, and refusals in JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .options import ServerOptions

MAX_HEADERS = 200
CONTINUE = b"HTTP/1.1 100 "
SMALL = 16 << 10
"""Bytes of a body that are copied rather than sent apart from their head."""


def protocol_for(options: ServerOptions) -> type[asyncio.Protocol]:
    """The protocol of a connection, with the limits of these options."""

    class LimitedProtocol(_LimitedProtocol):
        max_head = options.max_head
        patience = options.patience

    return LimitedProtocol


class _LimitedProtocol(HttpToolsProtocol):
    """Refuses a request whose head is too large or does not come to an end."""

    max_head: int
    patience: float

    def __init__(self, config: Config, server_state: Any, app_state: Any, _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._in_head = True
        self._head_size = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._header_count = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._in_head
        super().data_received(data)
        if self._in_head and was_in_head:
            # Parsers hold what they have of a line that does not end.
            self._head_size += len(data)
            if self._head_size > self.max_head:
                self._refuse(431, "the request's head is too large")
            elif self._head_timer is None:
                self._wait_for_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_size, self._header_count = True, 0, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_count += 1
        if self._header_count > MAX_HEADERS:  # those after a body in chunks count as well
            raise ValueError("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_is_there()
        super().on_headers_complete()
        if self.cycle.scope["method"] != "HEAD":
            self.cycle.transport = _Corked(self.transport)  # type: ignore[assignment]

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "the request is not valid HTTP")

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(self.patience, self._give_up)

    def _head_is_there(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self._head_size:
            self._refuse(408, "the request stopped coming")
        else:
            self.transport.close()

    def _refuse(self, status: int, detail: str) -> None:
        if self.transport.is_closing():
            return
        # In the middle of another answer nothing can be said.
        if self.cycle is None or self.cycle.response_complete:
            body = json.dumps({"errors": {"detail": detail}}).encode()
            head = f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
        self.transport.close()


class _Corked:
    """Keeps the head of an answer until its body comes, so that a small one leaves in one piece."""

    __slots__ = ("_head", "_transport", "close", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self.close = transport.close
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        head = self._head
        if head is None and not data.startswith(CONTINUE):
            self._head = data
            return
        if head:
            self._head = b""
            if len(data) <= SMALL:
                data = head + data
            else:
                self._transport.write(head)
        self._transport.write(data)
