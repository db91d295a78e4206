"""A request as it comes over the wire: its parts, and its body within limits."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from ...domain.access import AccessKey
from .options import ServerOptions
from .refusals import Refused, refused

Receive = Callable[[], Awaitable[Any]]

COMPRESSION = "x-darwin-payload-compression-version"
MAX_PARAMETERS = 20_000

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class ClientGone(Exception):
    """The client closed the connection in the middle of its request; there is nobody to answer."""


class Request:
    """Method, path and headers of a request.

    What it turned out to be is noted for the log: `key` is the one it came with, `parameters` are those of the path.
    """

    __slots__ = ("headers", "key", "method", "parameters", "path", "query_string", "scope")

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.scope = scope
        self.key: AccessKey | None = None
        self.parameters: Mapping[str, str] = {}
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("latin-1")
        self.query_string: bytes = scope["query_string"]
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}

    def check_target(self, limit: int) -> None:
        """Refuse an address that is too long."""
        if len(self.path) + len(self.query_string) > limit:
            raise refused(414, f"the address is longer than {limit} bytes; ask for less at a time")

    def segments(self) -> list[str]:
        """The path's parts as they came; slashes at its end do not count."""
        return self.path.strip("/").split("/")

    def query(self) -> Mapping[str, Sequence[str]]:
        """Every value of each parameter, blank ones included."""
        if not self.query_string:
            return {}
        try:
            text = self.query_string.decode("utf-8", "replace")
            return parse_qs(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
        except ValueError as error:
            raise refused(414, f"the address has more than {MAX_PARAMETERS} parameters") from error

    def base(self) -> str:
        """Scheme and host that the client used."""
        host = self.headers.get("host")
        if host is None:
            name, port = self.scope.get("server") or ("localhost", None)
            host = f"{name}:{port}" if port else name
        if not _HOST.fullmatch(host):
            raise refused(400, "the Host header is not valid")
        return f"{self.scope['scheme']}://{host}"

    def announced(self) -> int | None:
        """Length of the body; 0 without one, None when it comes in chunks."""
        text = self.headers.get("content-length")
        if text is None:
            return None if "transfer-encoding" in self.headers else 0
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise refused(400, "Content-Length is not a number")
        return int(text)


async def read_body(request: Request, receive: Receive, limit: int, patience: float) -> bytes:
    """The whole body.

    Raises:
        Refused: 413 above the limit, 400 when it is shorter than announced, 408 when the client falls silent.
        ClientGone: it hung up.
    """
    announced = request.announced()
    if announced == 0:
        return b""
    if announced is not None and announced > limit:
        raise too_large(limit)
    body, more = await read_piece(receive, patience)
    if more:
        pieces = [body]
        size = len(body)
        while more:
            body, more = await read_piece(receive, patience)
            pieces.append(body)
            size += len(body)
            if size > limit:
                raise too_large(limit)
        body = b"".join(pieces)
    if announced is not None and len(body) != announced:
        raise short(announced, len(body))
    return body


async def read_piece(receive: Receive, patience: float) -> tuple[bytes, bool]:
    """The next piece of the body, and whether more follows."""
    try:
        async with asyncio.timeout(patience):
            message = await receive()
    except TimeoutError as error:
        raise Refused(408, {"detail": "the body stopped coming"}, ((b"connection", b"close"),)) from error
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)


def too_large(limit: int) -> Refused:
    """The body is above the limit."""
    return refused(413, f"the body is larger than {limit} bytes; send less at a time")


def short(announced: int, actual: int) -> Refused:
    """The body is not as long as was said."""
    return refused(400, f"the body has {actual} bytes instead of the {announced} announced")


def decode_json(request: Request, raw: bytes, options: ServerOptions) -> Any:
    """The JSON of a body; None for an empty one.

    Raises:
        Refused: 400 for what is not JSON, 413 for what is too large when inflated.
    """
    version = request.headers.get(COMPRESSION)
    if version is not None and raw:
        raw = _inflated(raw, version, options.max_json)
    if not raw or raw.isspace():
        return None
    try:
        return msgspec.json.decode(raw)
    except RecursionError as error:
        raise refused(400, "the body is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refused(400, f"the body is not JSON: {error}") from error


def _inflated(raw: bytes, version: str, limit: int) -> bytes:
    if version.strip() != "1":
        raise refused(400, f"payload compression version {version!r} is unknown")
    machine = zlib.decompressobj()
    try:
        data = machine.decompress(raw, limit + 1)
    except zlib.error as error:
        raise refused(400, "the body is not a zlib stream") from error
    if len(data) > limit:
        raise too_large(limit)
    if not machine.eof or machine.unused_data:
        raise refused(400, "the body is not one whole zlib stream")
    return data
