"""A hub that is really served: uvicorn in a thread, on a socket of this machine."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain.access import Role
from groundtruth.entrypoints.server.app import App, build_app
from groundtruth.entrypoints.server.listening import Server
from groundtruth.entrypoints.server.options import ServerOptions
from groundtruth.ports.clock import Clock
from groundtruth.ports.documents import DocumentCodec
from groundtruth.ports.hub import ServableHub

PATIENCE = 20.0
"""Seconds after which a request that was not answered is a failure."""


@attrs.frozen
class Answer:
    """What came back: status, headers by name in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON, which it must be."""
        assert self.headers.get("content-type") == "application/json", self
        return json.loads(self.body)

    @property
    def errors(self) -> Any:
        """What the body says is wrong."""
        return self.json["errors"]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))


@attrs.define
class Serving:
    """A server at `url` (no slash at the end), over `hub`."""

    url: str
    hub: ServableHub
    app: App
    server: Server
    _keys: dict[tuple[str, Role], str] = attrs.field(factory=dict)

    def key(self, team: str = "acme", role: Role = Role.OWNER) -> str:
        """The text of a key of that team and role; the same each time."""
        if (team, role) not in self._keys:
            self._keys[team, role] = self.hub.create_key(team, role, f"{role.value} of {team}")[1]
        return self._keys[team, role]

    def send(
        self,
        method: str,
        path: str,
        body: bytes | Any = None,
        *,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request: to a path below `/api/`, or to a whole address. A body that is no bytes goes as JSON.

        `key` is the text of a key; empty: an owner's of the team in the path, or of `acme`; None: no key.
        """
        url = path if path.startswith(("http://", "https://", "/")) else f"/api/{path}"
        url = f"{self.url}{url}" if url.startswith("/") else url
        sent = dict(headers or {})
        if key is not None:
            _, found, rest = path.partition("teams/")
            team = rest.split("/")[0].split("?")[0] if found else "acme"
            sent.setdefault("Authorization", f"ApiKey {key or self.key(team)}")
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(url, data, sent, method=method)
        try:
            with _OPENER.open(request, timeout=PATIENCE) as response:
                return _answer(response)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error)

    def get(self, path: str, **options: Any) -> Any:
        """The JSON at a path; the status must be 200."""
        answer = self.send("GET", path, **options)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path: str, body: Any, **options: Any) -> Any:
        """The JSON a POST is answered with; the status must be 200."""
        answer = self.send("POST", path, body, **options)
        assert answer.status == 200, answer
        return answer.json


def _answer(response: Any) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, response.read())


@contextlib.contextmanager
def serving(
    hub: ServableHub, codec: DocumentCodec | None = None, clock: Clock | None = None, **options: Any
) -> Iterator[Serving]:
    """Serve a hub while the block runs; `options` are those of `ServerOptions`. The hub stays open."""
    chosen = ServerOptions(**{"grace": 5.0, **options})
    app = build_app(hub, codec or DarwinJsonCodec(), clock or SystemClock(), chosen)
    ready = threading.Event()
    server = Server(app, chosen, lambda url: ready.set())
    thread = threading.Thread(target=server.run, name="serving", daemon=True)
    thread.start()
    try:
        assert ready.wait(PATIENCE), "the server did not start"
        yield Serving(server.url, hub, app, server)
    finally:
        server.stop()
        thread.join(PATIENCE)
        app.close()
        assert not thread.is_alive(), "the server did not end"
