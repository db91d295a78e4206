"""The Darwin API without a socket: handlers called one by one, and as a web for the client adapter."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import attrs
from starlette.responses import Response

from groundtruth.adapters.darwin.api import Api
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.memory import FakeClock, MemoryHub, MemoryProgress
from groundtruth.adapters.memory.web import MemoryReply, MemoryRequest, MemoryWeb
from groundtruth.domain.access import AccessKey, Role
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import GroundtruthError
from groundtruth.domain.item import Item
from groundtruth.domain.policies import RetryPolicy
from groundtruth.entrypoints.server.call import Call, Route
from groundtruth.entrypoints.server.darwin.routes import ROUTES
from groundtruth.entrypoints.server.links import Links
from groundtruth.entrypoints.server.refusals import reply_to_error
from groundtruth.testing.scenario import Workbench

CODEC = DarwinJsonCodec()
TEAM = "acme"
BASE = "https://hub.example"


@attrs.define
class Views:
    """The handlers over a fake hub, for an owner of the team `acme`. `asked` lists (method, path) of web requests."""

    folder: Path
    clock: FakeClock = attrs.field(factory=FakeClock)
    hub: MemoryHub = attrs.field(init=False)
    asked: list[tuple[str, str]] = attrs.field(factory=list)
    answer: Callable[[MemoryRequest], MemoryReply | None] = attrs.field(default=lambda request: None)
    """May answer a web request in place of the handlers."""

    def __attrs_post_init__(self) -> None:
        self.hub = MemoryHub(CODEC, self.clock)

    def dataset(self, name: str = "street", team: str = TEAM) -> Dataset:
        """A new dataset."""
        return self.hub.create_dataset(team, name)

    def push(self, dataset: Dataset, *items: Any) -> list[Item]:
        """New items, as `Workbench.push` makes them."""
        return Workbench(self.hub, self.folder).push(dataset, *items)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Sequence[str]] | None = None,
        team: str = TEAM,
    ) -> Any:
        """What the route of a path answers, as JSON. Raises what its handler raises."""
        route, parameters = _find(method, path)
        key = AccessKey("abcdefg", team, Role.OWNER, "owner", "2026-01-01T00:00:00Z")
        links = Links(b"secret", self.clock, BASE)
        # Through JSON, so that nothing gets in or out that has no place there.
        sent = json.loads(json.dumps(body))
        result = route.handler(Call(self.hub, CODEC, self.clock, links, key, parameters, query or {}, {}, sent))
        if isinstance(result, Response):
            assert result.media_type == "application/json"
            return json.loads(bytes(result.body))
        return json.loads(json.dumps(result))

    def api(self, progress: MemoryProgress | None = None, native: bool = False) -> Api:
        """A client of these handlers."""
        web = MemoryWeb(self._reply)
        keys = {TEAM: "abcdefg.01234567890123456789012345678901"}
        return Api(
            BASE,
            keys,
            web,
            clock=self.clock,
            retry=RetryPolicy(2),
            progress=progress or MemoryProgress(),
            native=native,
        )

    def _reply(self, request: MemoryRequest) -> MemoryReply:
        parts = urlsplit(request.url)
        path = parts.path.removeprefix("/api/")
        self.asked.append((request.method, path))
        if planned := self.answer(request):
            return planned
        body = json.loads(request.body) if request.body else None
        try:
            answer = self.ask(request.method, path, body, parse_qs(parts.query))
        except GroundtruthError as error:
            reply = reply_to_error(error)
            return MemoryReply(reply.status, {"Content-Type": "application/json"}, reply.body)
        return json_reply(answer)


def json_reply(data: Any, status: int = 200) -> MemoryReply:
    """An answer in JSON."""
    return MemoryReply(status, {"Content-Type": "application/json"}, json.dumps(data).encode())


def _find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    steps = path.split("/")
    fitting = [
        (route, names)
        for route in ROUTES
        if route.method == method and (names := _fits(route.path.split("/"), steps)) is not None
    ]
    assert fitting, f"no route for {method} {path}"
    return min(fitting, key=lambda found: len(found[1]))


def _fits(pattern: Sequence[str], steps: Sequence[str]) -> dict[str, str] | None:
    if len(pattern) != len(steps):
        return None
    pairs = list(zip(pattern, steps, strict=True))
    if any(one != step for one, step in pairs if not one.startswith("{")):
        return None
    return {one[1:-1]: unquote(step) for one, step in pairs if one.startswith("{")}
