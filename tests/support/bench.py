"""A dataset on a server that several tests use at a time."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import attrs

from groundtruth.adapters.clock import SystemClock
from groundtruth.domain.item import ItemQuery
from groundtruth.entrypoints.server.links import Links
from support.serving import Answer, Serving

ITEMS = "v2/teams/acme/items"


@attrs.frozen
class Bench:
    """A dataset of its own on a server that others use as well."""

    served: Serving
    id: int
    slug: str

    def register(self, *paths: str, **fields: Any) -> dict[str, Any]:
        """Register items by full path, of one slot each."""
        records = [_record(path, **fields) for path in paths]
        return self.served.post(f"{ITEMS}/register_upload", {"dataset_slug": self.slug, "items": records})

    def push(self, *paths: str, content: bytes = b"content") -> dict[str, str]:
        """Push items; their ids by full path."""
        answer = self.register(*paths)
        ids: dict[str, str] = {}
        for item, path in zip(answer["items"], paths, strict=True):
            for slot in item["slots"]:
                assert self.served.send("PUT", slot["upload_url"], content, key=None).status == 200
            ids[path] = item["id"]
        uploads = [slot["upload_id"] for item in answer["items"] for slot in item["slots"]]
        self.served.post(f"{ITEMS}/uploads/confirm", {"upload_ids": uploads})
        return ids

    def list(self, query: str = "") -> list[dict[str, Any]]:
        """Records of the dataset's items."""
        return self.served.get(f"{ITEMS}?dataset_ids[]={self.id}&{query}")["items"]

    def names(self, query: str = "") -> list[str]:
        """Names of the dataset's items."""
        return [item["name"] for item in self.list(query)]

    def change(self, what: str, method: str = "POST", body: Any = None, **filters: Any) -> Answer:
        """Change items of the dataset that filters select."""
        sent = {"filters": {"dataset_ids": [self.id], **filters}, **(body or {})}
        return self.served.send(method, f"{ITEMS}/{what}".rstrip("/"), sent)

    def file(self, path: str) -> str:
        """Address of the file of an item."""
        reference = next(one for one in self.served.hub.list_datasets("acme") if one.id == self.id)
        for item in self.served.hub.list_items(reference, ItemQuery()):
            if item.full_path == path:
                url = item.slots[0].source_files[0].url
                assert url is not None
                return links_of(self.served).file("acme", url)
        raise AssertionError(path)


def _record(path: str, **fields: Any) -> dict[str, Any]:
    folder, _, name = path.rpartition("/")
    slot = {"file_name": name, "slot_name": "0", **fields}
    return {"name": name, "path": folder or "/", "slots": [slot]}


def links_of(served: Serving, clock: Any = None) -> Links:
    """What makes and checks the server's addresses."""
    return Links(served.hub.signing_secret(), clock or SystemClock(), served.url)


def raw(served: Serving, data: bytes, *, half_close: bool = False) -> bytes:
    """Send bytes over a connection of its own; everything that comes back until the server closes it."""
    host, _, port = urlsplit(served.url).netloc.partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received
