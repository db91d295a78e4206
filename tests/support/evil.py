"""A hub that means harm: the Darwin API as far as a pull needs it, with answers that a test chooses."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs

TEAM = "example-team"
KEY = "abcdefg." + "0123456789abcdef" * 2
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers from the table of its server."""

    protocol_version = "HTTP/1.1"
    server: Server

    def _serve(self) -> None:
        path = self.path.partition("?")[0]
        self.server.seen.append((self.path, dict(self.headers.items())))
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        answer = self.server.answers.get(path)
        try:
            if answer is None:
                self.reply(404, b'{"errors": {}}')
            else:
                answer(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def reply(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        """A whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def stream(self, chunks: Iterator[bytes], kind: str = "application/json") -> None:
        """An answer of unknown length."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(chunk)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A web server on this machine with a table of answers, which notes every request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def keys(self) -> list[str]:
        """Every value under which a key came."""
        return [headers["Authorization"] for _, headers in self.seen if "Authorization" in headers]


@contextmanager
def running() -> Iterator[Server]:
    """A server for as long as the block lasts."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def as_json(value: Any) -> Answer:
    """Answer with JSON."""
    return lambda handler: handler.reply(200, json.dumps(value).encode())


def as_bytes(body: bytes, kind: str = "application/octet-stream") -> Answer:
    """Answer with bytes."""
    return lambda handler: handler.reply(200, body, kind)


@attrs.frozen
class EvilHub:
    """One dataset with one release, on a server."""

    server: Server

    def __attrs_post_init__(self) -> None:
        dataset = {"id": 7, "name": "set", "slug": "set", "num_items": 1, "progress": 0.0}
        self.at("users/token_info", as_json({"selected_team": {"slug": TEAM}}))
        self.at("datasets", as_json([dataset]))
        self.at(f"teams/{TEAM}/features", as_json([]))
        self.release(self.archive([]))

    def at(self, path: str, answer: Answer) -> None:
        """Answer a path below the API's root."""
        self.server.answers[f"/api/{path}"] = answer

    def release(self, archive: bytes, url: str | None = None) -> None:
        """Have a release with this archive."""
        record = {
            "name": "r1", "version": 1, "status": "complete", "format": "darwin_json_2", "latest": True,
            "inserted_at": "2026-01-01T10:00:00Z", "download_url": url or f"{self.server.url}/r1.zip",
            "metadata": {"num_images": 1, "annotation_classes": []},
        }  # fmt: skip
        self.at(f"v2/teams/{TEAM}/datasets/set/exports", as_json([record]))
        self.server.answers["/r1.zip"] = as_bytes(archive, "application/zip")

    def document(self, name: str, path: str = "/", url: str | None = None, **source: Any) -> bytes:
        """A document of an item with one image."""
        file = {"file_name": name, "url": url or f"{self.server.url}/blob", **source}
        slot = {"slot_name": "0", "type": "image", "source_files": [file]}
        return json.dumps(
            {"version": "2.0", "item": {"name": name, "path": path, "slots": [slot]}, "annotations": []}
        ).encode()

    @staticmethod
    def archive(documents: list[bytes], names: list[str] | None = None) -> bytes:
        """A zip of documents."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for position, data in enumerate(documents):
                archive.writestr((names or [])[position] if names else f"{position}.json", data)
        return packed.getvalue()
