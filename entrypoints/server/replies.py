"""What is sent back: a whole answer, or one that is read while it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import msgspec
from starlette.responses import Response

Headers = tuple[tuple[bytes, bytes], ...]

JSON_TYPE = (b"content-type", b"application/json")


@attrs.frozen
class Reply:
    """A whole answer. Its length is added when it is sent."""

    status: int = 200
    body: bytes = attrs.field(default=b"", repr=False)
    headers: Headers = ()


@attrs.frozen
class Stream:
    """An answer whose bytes are drawn in threads, one call at a time, as fast as they are taken.

    `size` is its length in bytes; None: it is sent in chunks. `close` is called once, however it ends.
    """

    chunks: Iterator[bytes] = attrs.field(repr=False)
    close: Callable[[], None] = attrs.field(repr=False)
    size: int | None = None
    status: int = 200
    headers: Headers = ()


Outcome = Reply | Stream | Response


def json_reply(data: Any, status: int = 200, headers: Headers = ()) -> Reply:
    """Data as JSON."""
    return Reply(status, msgspec.json.encode(data), (JSON_TYPE, *headers))


def reply_of(result: Response | Reply | Stream | Mapping[str, Any] | Sequence[Any]) -> Outcome:
    """What a handler returned, as it is sent."""
    if isinstance(result, Reply | Stream):
        return result
    if isinstance(result, Response):
        return _flattened(result)
    return json_reply(result)


def _flattened(response: Response) -> Outcome:
    # Only the ones that hold their body; others know best how to send theirs.
    if type(response).__call__ is not Response.__call__ or response.background is not None:
        return response
    headers = tuple(pair for pair in response.raw_headers if pair[0] != b"content-length")
    return Reply(response.status_code, bytes(response.body), headers)
