"""The files of items (E33): for holders of a key or a token of the team, whole or in part, never copied in memory."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import attrs

from ....domain.access import Permission
from ....ports.transfer import ObjectStream
from ..public import PublicCall, PublicRoute
from ..refusals import Refused
from ..replies import Reply, Stream
from ..services import check_access, key_of
from .ranges import asked_range, is_known, within

WHOLE = 1 << 20
"""Up to here a file is sent in one piece."""
_SHOWN = ("image/", "video/", "audio/", "application/pdf", "application/dicom")
"""Kinds of content that are named. Never JSON: to Darwin's client that is a list of files instead of one. Never
what a browser would run in this hub's name."""


def is_near(parameters: Mapping[str, str], near: frozenset[str]) -> bool:
    """True if the address claims to be that of an object this machine reads by itself."""
    try:
        head = base64.urlsafe_b64decode(parameters["file_id"][:16])
    except ValueError:
        return False
    return head.partition(b":")[0].decode("latin-1") in near


def get_file(call: PublicCall) -> Reply | Stream:
    """A file, or the range of it that was asked for."""
    url = _checked(call)
    stream = call.hub.source.open(url)
    try:
        return _answer(call, url, stream)
    except BaseException:
        stream.close()
        raise


def _checked(call: PublicCall) -> str:
    team = call.path["team"]
    token = call.parameter("token")
    if token:
        call.links.check_token(team, token)
    else:
        check_access(key_of(call.hub, call.headers.get("authorization")), team, Permission.READ)
    return call.links.check_file(team, call.path["file_id"])


def _answer(call: PublicCall, url: str, stream: ObjectStream) -> Reply | Stream:
    tag = f'"{stream.validator}"' if stream.validator else None
    headers = [
        (b"content-type", type_of(url).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"accept-ranges", b"bytes" if stream.size is not None else b"none"),
    ]
    if tag is not None:
        headers.append((b"etag", tag.encode("latin-1", "replace")))
        if is_known(call.headers, tag):
            stream.close()
            return Reply(304, headers=tuple(headers[2:]))
    span = None if stream.size is None else _span(call, stream.size, tag)
    if span is None:
        return _sent(call, stream, range(stream.size) if stream.size is not None else None, 200, headers)
    if span.start > 0 and stream.validator is not None:
        size, validator = stream.size, stream.validator
        stream.close()
        stream = call.hub.source.open(url, span.start, validator)
        if stream.validator != validator or stream.size != size:
            return _answer(attrs.evolve(call, headers={**call.headers, "range": ""}), url, stream)
    headers.append((b"content-range", f"bytes {span.start}-{span.stop - 1}/{stream.size}".encode()))
    return _sent(call, stream, span, 206, headers)


def _sent(
    call: PublicCall, stream: ObjectStream, span: range | None, status: int, headers: list[tuple[bytes, bytes]]
) -> Reply | Stream:
    size = None if span is None else len(span)
    chunks = stream.chunks() if span is None else _within(stream, span)
    if size is not None and size <= WHOLE and call.method != "HEAD":
        try:
            return Reply(status, b"".join(chunks), tuple(headers))
        finally:
            stream.close()
    return Stream(chunks, stream.close, size, status, tuple(headers))


def _within(stream: ObjectStream, span: range) -> Iterator[bytes]:
    position = stream.start
    for chunk in stream.chunks():
        first, last = max(span.start - position, 0), span.stop - position
        position += len(chunk)
        if first < len(chunk):
            yield chunk if first == 0 and last >= len(chunk) else chunk[first:last]
        if position >= span.stop:
            return


def _span(call: PublicCall, size: int, tag: str | None) -> range | None:
    """The range asked for; None: the whole file.

    Raises:
        Refused: 416, no byte of the file is in it.
    """
    asked = asked_range(call.headers, tag or "")
    if asked is None:
        return None
    span = within(asked, size)
    if span is None:
        raise Refused(416, {"detail": "no byte is in that range"}, ((b"content-range", f"bytes */{size}".encode()),))
    return span


def type_of(url: str) -> str:
    """Media type under which an object is given out."""
    kind = mimetypes.guess_type(urlsplit(url).path)[0] or ""
    return kind if kind.startswith(_SHOWN) and "svg" not in kind else "application/octet-stream"


FILE = "v2/teams/{team}/files/{file_id}"

PUBLIC_ROUTES = (PublicRoute("GET", FILE, get_file, is_near),)
