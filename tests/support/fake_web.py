"""A web made of a function: every request is noted, and answered by what the test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs

from groundtruth.domain.errors import IntegrityError, NotReadable
from groundtruth.ports.web import WebBody, WebRequest


@attrs.define
class Sent:
    """A request as it arrived."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The address without scheme, host and query."""
        return urlsplit(self.url).path

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query, in order."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@attrs.define
class Reply:
    """What a request is answered with."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    closed: int = 0

    def chunks(self) -> Iterator[bytes]:
        if self.body:
            yield self.body

    def read(self, limit: int) -> bytes:
        if len(self.body) > limit:
            raise IntegrityError("the answer", f"has more than {limit} bytes")
        return self.body

    def close(self) -> None:
        self.closed += 1


def reply(data: Any = None, status: int = 200, **headers: str) -> Reply:
    """An answer in JSON. Header names are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(data).encode(), {"content-type": "application/json", **named})


@attrs.define
class FakeWeb:
    """Implements `ports.web.Web`: `answer` gets each request; it returns a reply (or JSON), or raises."""

    answer: Callable[[Sent], Any]
    sent: list[Sent] = attrs.field(factory=list)
    replies: list[Reply] = attrs.field(factory=list)

    def send(self, request: WebRequest) -> Reply:
        sent = Sent(request.method, request.url, dict(request.headers), _bytes(request.body))
        self.sent.append(sent)
        made = self.answer(sent)
        found = made if isinstance(made, Reply) else reply(made)
        self.replies.append(found)
        return found


def _bytes(body: bytes | WebBody | None) -> bytes:
    if not isinstance(body, WebBody):
        return body or b""
    data = b""
    with body.open() as file:
        while len(data) < body.size:
            chunk = file.read(min(65536, body.size - len(data)))
            if not chunk:
                raise NotReadable("", "the body ends early")
            data += chunk
            if body.on_bytes is not None:
                body.on_bytes(len(chunk))
    return data
