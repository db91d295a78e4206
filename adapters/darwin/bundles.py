"""Several small files in one request, between groundtruth on both ends: see `domain.bundle`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence

import attrs
import msgspec

from ...domain.bundle import MAX_CONTENT, MAX_OBJECTS, Frame, pack_frames
from ...domain.errors import NotFound
from ...ports.web import Web, WebRequest
from .api import USER_AGENT, Api, segment

LANES = 4
"""Bundles being sent at a time."""

MAX_ANSWER = 1 << 20


class FileBundles:
    """Asks for files of the hub together. Implements what the transfer engine calls bundling."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def address(self, url: str) -> str | None:
        """Where this file can be asked for together with others; None if the hub, or the file's place, is another."""
        if not self._api.is_own(url):
            return None
        address, marker, _ = url.partition("?")[0].rpartition("/files/")
        team = address.rpartition("/teams/")[2]
        if not marker or team not in self._api.teams or not self._api.is_native(team):
            return None
        return f"{address}/files"

    def request(self, address: str, urls: Sequence[str]) -> WebRequest:
        """The request for files of one address."""
        ids = [url.partition("?")[0].rpartition("/")[2] for url in urls]
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
            **self._api.authorize(address),
        }
        return WebRequest("POST", address, headers, msgspec.json.encode({"files": ids}))


@attrs.define(eq=False)
class _Parcel:
    """A file that is sent together with others.

    `event` is set when its thread should look: `leads`, it is to send the next bundle; `is_over`, it was sent itself,
    and `is_taken` if the hub has it.
    """

    upload_id: str
    content: bytes = attrs.field(repr=False)
    event: threading.Event = attrs.field(factory=threading.Event)
    leads: bool = False
    is_over: bool = False
    is_taken: bool = False
    error: Exception | None = None


class _Answer(msgspec.Struct):
    refused: Mapping[str, int] = {}


class UploadBundles:
    """Sends what many threads have to send: whoever comes first takes along what others bring meanwhile.

    Nobody waits for others to come: one file alone is sent alone. Thread-safe.
    """

    def __init__(self, api: Api, web: Web, team: str) -> None:
        self._api = api
        self._web = web
        self._url = f"{api.base_url}/api/v2/teams/{segment(team)}/items/uploads/bundle"
        self._waiting: deque[_Parcel] = deque()
        self._lanes = LANES
        self._lock = threading.Lock()

    def send(self, upload_id: str, content: bytes) -> bool:
        """Send a file; False if the hub did not take it: sent by itself, it will learn why.

        Raises:
            Unavailable: as of any request, after the tries that the retry policy allows.
        """
        parcel = _Parcel(upload_id, content)
        with self._lock:
            self._waiting.append(parcel)
            if self._lanes:
                self._lanes -= 1
                self._let_lead(parcel)
        while not parcel.is_over:
            parcel.event.wait()
            parcel.event.clear()
            if parcel.leads:
                parcel.leads = False
                self._lead()
        if parcel.error is not None:
            raise parcel.error
        return parcel.is_taken

    def _let_lead(self, parcel: _Parcel) -> None:
        parcel.leads = True
        parcel.event.set()

    def _lead(self) -> None:
        """Send what waits, up to a bundle, and hand the lane on.

        The leader's own file may be on its way in another lane: it was waiting when it was chosen, and is so no more.
        """
        with self._lock:
            batch = self._batch()
        try:
            refused = self._send(batch) if batch else {}
            for parcel in batch:
                parcel.is_taken = parcel.upload_id not in refused
        except Exception as error:  # noqa: BLE001 - raised again in the thread of each file
            for parcel in batch:
                parcel.error = error
        finally:
            with self._lock:
                # One that was chosen already, and has not woken yet, holds a lane of its own.
                following = next((parcel for parcel in self._waiting if not parcel.leads), None)
                if following is not None:
                    self._let_lead(following)
                else:
                    self._lanes += 1
            for parcel in batch:
                parcel.is_over = True
                parcel.event.set()

    def _batch(self) -> list[_Parcel]:
        batch: list[_Parcel] = []
        size = 0
        while self._waiting and len(batch) < MAX_OBJECTS and size + len(self._waiting[0].content) <= MAX_CONTENT:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].content)
        return batch

    def _send(self, batch: Sequence[_Parcel]) -> Mapping[str, int]:
        body = pack_frames(Frame(0, parcel.upload_id, parcel.content) for parcel in batch)
        headers = {
            "Content-Type": "application/octet-stream",
            "User-Agent": USER_AGENT,
            **self._api.authorize(self._url),
        }
        request = WebRequest("POST", self._url, headers, body)

        def send() -> Mapping[str, int]:
            answer = self._web.send(request)
            try:
                if not 200 <= answer.status < 300:
                    raise self._api.refusal(answer, "POST uploads/bundle")
                return msgspec.json.decode(answer.read(MAX_ANSWER), type=_Answer).refused
            finally:
                answer.close()

        try:
            return self._api.repeat(send, f"POST {len(batch)} uploads")
        except NotFound:  # a hub that does not know bundles
            return {parcel.upload_id: 404 for parcel in batch}
