"""One request to a web server, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Protocol

import attrs


@attrs.frozen
class WebBody:
    """Bytes to send that are too many to hold: `open` gives them from the beginning each time it is called.

    Exactly `size` bytes are sent. `on_bytes` is called with the number of bytes just sent.
    """

    size: int
    open: Callable[[], BinaryIO]
    on_bytes: Callable[[int], None] | None = None


@attrs.frozen
class WebRequest:
    """What to ask. Header values may hold secrets and are left out of the repr, as is the address's query."""

    method: str
    url: str = attrs.field(repr=lambda url: repr(url.partition("?")[0]))
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    body: bytes | WebBody | None = attrs.field(default=None, repr=False)


class WebAnswer(Protocol):
    """An answer whose body may still be on its way. Close it when done."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers by name in lower case; of a repeated one, the values joined by commas."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces of bounded size, as it is sent: content encodings are left alone.

        Raises:
            Unavailable: the connection broke or fell silent, or the body ended early.
        """
        ...

    def read(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            Unavailable: as `chunks`.
            IntegrityError: it has more than `limit` bytes; no more than that is held.
        """
        ...

    def close(self) -> None:
        """Give the connection back; one whose answer was not read to its end is closed. Idempotent."""
        ...


class Web(Protocol):
    """Sends requests over pooled connections with time limits. Thread-safe.

    Each call is one exchange: nothing is retried, no redirect is followed, no cookie kept, no password looked
    for, and no header added that could identify the user. Proxies and certificates come from the environment.
    Never more connections are open to one host than the adapter was made for; more callers wait.
    """

    def send(self, request: WebRequest) -> WebAnswer:
        """Send a request; return as soon as the headers of the answer are there.

        Raises:
            InvalidInput: the address is not one of the web.
            NotReadable: the body could not be read to its size.
            Unavailable: not reachable, refused, silent, or broken off. `NotSent` if certainly nothing was sent, so
                that any request can be repeated.
        """
        ...
