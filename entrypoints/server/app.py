"""The ASGI application: every request comes in here, and every answer leaves from here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from importlib import metadata
from typing import Any

from starlette.responses import Response

from ...domain.errors import GroundtruthError
from ...ports.clock import Clock
from ...ports.documents import DocumentCodec
from ...ports.hub import ServableHub
from .endpoints import Endpoint, Endpoints
from .log import AccessLog
from .options import ServerOptions
from .refusals import refused, reply_to_error, reply_to_fault
from .replies import Outcome, Reply, Stream, json_reply
from .requests import ClientGone, Receive, Request
from .routing import Router
from .services import Services, assemble

Send = Callable[[Any], Awaitable[None]]

PREFIX = "api"
NOT_MODIFIED = 304
BATCH = 256 << 10
"""Bytes of a stream that are drawn before the event loop hears of it."""


class CutShort(Exception):
    """An answer under way cannot be finished; the server breaks the connection off, so that the client notices."""


def build_app(hub: ServableHub, codec: DocumentCodec, clock: Clock, options: ServerOptions | None = None) -> App:
    """The application for a hub. Close it when done."""
    return App(assemble(hub, codec, clock, options or ServerOptions()))


class App:
    """Finds what answers a request, and sends the answer."""

    def __init__(self, services: Services, log: AccessLog | None = None) -> None:
        self._services = services
        self._options = services.options
        self._log = log or (AccessLog(services.options.json_log) if services.options.access_log else None)
        self._health = json_reply({"status": "ok", "hub": services.hub.name, "version": _version()})
        self._router = _routes(services)

    def close(self) -> None:
        """Let the threads end. Idempotent."""
        self._services.pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"this application answers http, not {scope['type']}")
        request = Request(scope)
        if self._log is None:
            await self._serve(request, receive, send)
            return
        sent = _Counted(send)
        started = time.perf_counter()
        try:
            await self._serve(request, receive, sent)
        finally:
            self._log.write(request, sent.status, sent.size, time.perf_counter() - started)

    async def _serve(self, request: Request, receive: Receive, send: Send) -> None:
        try:
            outcome = await self._answer(request, receive)
        except ClientGone:
            return
        except GroundtruthError as error:
            outcome = reply_to_error(error)
        except Exception as error:  # noqa: BLE001 - the outermost layer: it is logged, and the client is told so much
            outcome = reply_to_fault(error)
        if isinstance(outcome, Reply):
            await _send(outcome, send)
        elif isinstance(outcome, Stream):
            await self._pour(outcome, request.method == "HEAD", send)
        else:
            await _delegate(outcome, request, receive, send)

    async def _answer(self, request: Request, receive: Receive) -> Outcome:
        request.check_target(self._options.max_target)
        segments = request.segments()
        if segments[0] != PREFIX:
            if segments == ["health"] and request.method in {"GET", "HEAD"}:
                return self._health
            raise refused(404, "not found")
        method = "GET" if request.method == "HEAD" else request.method
        endpoint, request.parameters = self._router.find(method, segments[1:])
        return await endpoint(request, receive)

    async def _pour(self, stream: Stream, is_head: bool, send: Send) -> None:
        run = asyncio.get_running_loop().run_in_executor
        headers = list(stream.headers)
        if stream.size is not None:
            headers.append((b"content-length", str(stream.size).encode()))
        more = not is_head
        try:
            await send({"type": "http.response.start", "status": stream.status, "headers": headers})
            while more:
                data, more = await run(self._services.pool, _draw, stream.chunks)
                async with asyncio.timeout(self._options.patience):
                    await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError as error:
            raise CutShort from error
        except GroundtruthError as error:
            reply_to_error(error)
            raise CutShort from error
        finally:
            await run(self._services.pool, stream.close)


def _draw(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """At least a batch of bytes, and whether there may be more."""
    pieces: list[bytes] = []
    size = 0
    for piece in chunks:
        pieces.append(piece)
        size += len(piece)
        if size >= BATCH:
            return b"".join(pieces) if len(pieces) > 1 else piece, True
    return b"".join(pieces), False


async def _send(reply: Reply, send: Send) -> None:
    headers = list(reply.headers)
    if reply.status != NOT_MODIFIED:  # whose length would be that of what is not sent
        headers.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _delegate(response: Response, request: Request, receive: Receive, send: Send) -> None:
    """Let a response of Starlette's send itself; of one to a HEAD request, only its beginning."""
    if request.method == "HEAD":
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await response(request.scope, receive, send)  # type: ignore[arg-type]


class _Counted:
    """Passes messages on and remembers what the log wants to know of them."""

    __slots__ = ("_send", "size", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.size = 0

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.size += len(message.get("body", b""))
        await self._send(message)


def _routes(services: Services) -> Router[Endpoint]:
    from .darwin.routes import PUBLIC_ROUTES, QUICK, ROUTES
    from .taking import bundle_endpoint, upload_endpoint

    endpoints = Endpoints(services)
    router: Router[Endpoint] = Router()
    for route in ROUTES:
        router.add(route.method, route.path, endpoints.keyed(route, route.handler in QUICK))
    for route in PUBLIC_ROUTES:
        router.add(route.method, route.path, endpoints.public(route))
    router.add("POST", "v2/teams/{team}/items/uploads/bundle", bundle_endpoint(services, endpoints))
    router.add("PUT", "uploads/{team}/{upload_id}", upload_endpoint(services, endpoints))
    return router


def _version() -> str:
    try:
        return metadata.version("groundtruth")
    except metadata.PackageNotFoundError:
        return ""
