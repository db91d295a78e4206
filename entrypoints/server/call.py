"""A request as its handler sees it, and how handlers are attached to paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ...domain.access import AccessKey, Permission
from ...ports.clock import Clock
from ...ports.documents import DocumentCodec
from ...ports.hub import ServableHub
from .links import Links

if TYPE_CHECKING:
    from starlette.responses import Response

    from .replies import Reply, Stream


@attrs.frozen
class Call:
    """A request whose key was checked: it is valid, may do this, and belongs to `team`.

    `path` holds the parameters of the path, decoded; `query` every value of each query parameter; `body` the JSON
    that was sent, None without one. `headers` by name in lower case.
    """

    hub: ServableHub
    codec: DocumentCodec
    clock: Clock
    links: Links
    key: AccessKey
    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: Any = None

    @property
    def team(self) -> str:
        """The team whose data this request sees; a path that names another one never gets here."""
        return self.key.team


Handler = Callable[[Call], "Response | Reply | Stream | Mapping[str, Any] | Sequence[Any]"]
"""Answers a request: with JSON (status 200), or a response of its own. Runs in a thread; raises domain errors."""


@attrs.frozen
class Route:
    """A path below `/api/`, without slashes at its ends; `{name}` is a parameter, `{team}` must be the key's team."""

    method: str
    path: str
    handler: Handler
    permission: Permission
