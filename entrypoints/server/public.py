"""Requests that prove their right otherwise than by a key in the header: their handlers check it themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ...ports.clock import Clock
from ...ports.documents import DocumentCodec
from ...ports.hub import ServableHub
from .links import Links

if TYPE_CHECKING:
    from starlette.responses import Response

    from .replies import Reply, Stream


@attrs.frozen
class PublicCall:
    """A request nobody has vouched for yet: its handler checks a signature, a token or a key.

    `path`, `query` and `headers` as in `Call`; a HEAD request is answered like a GET and sent without its body.
    """

    hub: ServableHub
    codec: DocumentCodec
    clock: Clock
    links: Links
    method: str
    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]

    def parameter(self, name: str) -> str:
        """First value of a query parameter; empty without one."""
        return next(iter(self.query.get(name, ())), "")


PublicHandler = Callable[[PublicCall], "Response | Reply | Stream | Mapping[str, Any] | Sequence[Any]"]
"""Answers a request, as a `Handler` does."""


@attrs.frozen
class PublicRoute:
    """A path below `/api/`, as in `Route`, that is answered without looking for a key.

    `is_quick` tells by the path's parameters, and the URL schemes of objects that are on this machine, whether the
    handler will seldom wait for anything.
    """

    method: str
    path: str
    handler: PublicHandler
    is_quick: Callable[[Mapping[str, str], frozenset[str]], bool] | None = None
