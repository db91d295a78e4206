"""What is sent, checked: addresses, headers and bodies. Nothing that would be read as something else gets through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO
from urllib.parse import quote, urlsplit

import attrs

from ...domain.errors import InvalidInput, NotReadable
from ...domain.web import public
from ...ports.web import WebBody

_USUAL = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?/[!-~]*", re.IGNORECASE | re.ASCII)
_ODD = re.compile(r"[\x00-\x1f\x7f]")
_ODD_HOST = re.compile(r"[\x00-\x20\x7f\\^`{|}<>\"]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ODD_VALUE = re.compile(r"[\x00\r\n]")
_KEPT = "".join(map(chr, range(0x21, 0x7F)))


def address_of(url: str) -> str:
    """The address as it is sent: ASCII without blanks; what is escaped already stays as it is.

    Raises:
        InvalidInput: it is not one of the web.
    """
    if _USUAL.fullmatch(url):
        return url  # almost every one; taking it apart costs as much as a small file
    try:
        return _escaped(url)
    except ValueError as error:  # also what cannot be encoded
        raise InvalidInput(f"address {public(url)!r}", "is not a web address", "Use http:// or https://") from error


def _escaped(url: str) -> str:
    if _ODD.search(url):
        raise ValueError("control characters")
    parts = urlsplit(url)
    _ = parts.port  # complains about one that is no number
    if parts.scheme not in {"http", "https"} or not parts.hostname or _ODD_HOST.search(parts.netloc):
        raise ValueError("no host")
    netloc = parts.netloc
    if not netloc.isascii():
        user, at, place = netloc.rpartition("@")
        host, colon, port = place.partition(":")
        netloc = f"{quote(user, _KEPT)}{at}{host.encode('idna').decode()}{colon}{port}"
    query = f"?{quote(parts.query, _KEPT)}" if parts.query else ""
    return f"{parts.scheme}://{netloc}{quote(parts.path, _KEPT) or '/'}{query}"


def fields_of(headers: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Names and encoded values of headers.

    Raises:
        InvalidInput: a name or value would be read as something else; the value is not told, it may be secret.
    """
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise InvalidInput(f"header name {name!r}", "is not a name")
        if _ODD_VALUE.search(value):
            raise InvalidInput(f"value of the header '{name}'", "has a line break")
        yield name, value.strip().encode(errors="surrogateescape")


@attrs.define
class BodyReader:
    """Reads a body to be sent, exactly to its size, and tells when bytes are on their way."""

    _body: WebBody
    _file: BinaryIO = attrs.field(init=False)
    _left: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._left = self._body.size
        try:
            self._file = self._body.open()
        except OSError as error:
            raise _unreadable(error) from error

    def __len__(self) -> int:
        """Bytes not read yet."""
        return self._left

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`; none when all were read.

        Raises:
            NotReadable: the file cannot be read, or ends early.
        """
        wanted = self._left if size < 0 else min(size, self._left)
        if not wanted:
            return b""
        try:
            data = self._file.read(wanted)
        except OSError as error:
            raise _unreadable(error) from error
        if not data:
            raise NotReadable("", f"a body of {self._body.size} bytes ends {self._left} bytes early", CHANGED)
        self._left -= len(data)
        return data

    def sent(self, size: int) -> None:
        """Tell that so many more bytes were sent."""
        if size and self._body.on_bytes is not None:
            self._body.on_bytes(size)

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()


CHANGED = "The file got shorter while it was sent; leave it alone and try again"


def _unreadable(error: OSError) -> NotReadable:
    return NotReadable(str(error.filename or ""), error.strerror or str(error), "Check the permissions of the file")
