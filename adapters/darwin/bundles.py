"""Several small files in one request, between groundtruth on both ends: see `domain.bundle`."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Collection, Mapping, Sequence

import attrs
import msgspec

from ...domain.bundle import MAX_CONTENT, MAX_LABEL, MAX_OBJECT, MAX_OBJECTS, Frame, pack_frames
from ...domain.errors import (
    AccessDenied,
    Conflict,
    GroundtruthError,
    IntegrityError,
    InvalidInput,
    NotFound,
)
from ...ports.web import Web, WebRequest
from .api import USER_AGENT, Api, segment

LANES = 4
"""Bundles being sent at a time."""

MAX_ANSWER = 1 << 20

REFUSALS = (AccessDenied, Conflict, IntegrityError, InvalidInput, NotFound)
"""Errors of a bundle as such: its files may fare better by themselves, and if not, each will learn why."""


class FileBundles:
    """Asks for files of the hub together. Implements what the transfer engine calls bundling."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._by_team = {f"{api.base_url}/api/v2/teams/{segment(team)}/files": team for team in api.teams}
        self._gives: dict[str, bool] = {}

    def address(self, url: str) -> str | None:
        """Where this file can be asked for together with others; None if the hub, or the file's place, is another."""
        address, _, file_id = url.partition("?")[0].rpartition("/")
        team = self._by_team.get(address)
        return address if team is not None and file_id and self._is_given(team) else None

    def _is_given(self, team: str) -> bool:
        found = self._gives.get(team)
        if found is None:
            try:
                found = self._api.is_native(team)
            except GroundtruthError:  # files can be had without knowing this
                found = False
            self._gives[team] = found
        return found

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
    and `is_taken` if the hub has it. Once it is over it is not chosen to lead any more.
    """

    upload_id: str
    content: bytes = attrs.field(repr=False)
    event: threading.Event = attrs.field(factory=threading.Event)
    leads: bool = False
    is_over: bool = False
    is_taken: bool = False
    error: Exception | None = None


class _Answer(msgspec.Struct):
    refused: Mapping[str, int]


class UploadBundles:
    """Sends what many threads have to send: whoever comes first takes along what others bring meanwhile.

    Nobody waits for others to come: one file alone is sent alone. A hub that refuses a bundle as such is not asked to
    take another. Thread-safe.
    """

    def __init__(self, api: Api, web: Web, team: str) -> None:
        self._api = api
        self._web = web
        self._url = f"{api.base_url}/api/v2/teams/{segment(team)}/items/uploads/bundle"
        self._waiting: deque[_Parcel] = deque()
        self._lanes = LANES
        self._is_refused = False
        self._lock = threading.Lock()

    def send(self, upload_id: str, content: bytes) -> bool:
        """Send a file; False if the hub did not take it: sent by itself, it will learn why.

        Raises:
            Unavailable: as of any request, after the tries that the retry policy allows.
            DiskFull: the hub has no room.
        """
        if self._is_refused or len(content) > MAX_OBJECT or len(upload_id) > MAX_LABEL // 4:
            return False
        parcel = _Parcel(upload_id, content)
        with self._lock:
            self._waiting.append(parcel)
            if self._lanes:
                self._lanes -= 1
                self._let_lead(parcel)
        try:
            while not parcel.is_over:
                parcel.event.wait()
                parcel.event.clear()
                if parcel.leads:
                    self._lead(parcel)
        finally:
            self._leave(parcel)
        if parcel.error is not None:
            raise parcel.error
        return parcel.is_taken

    def send_all(self, contents: Mapping[str, bytes]) -> Collection[str]:
        """Send files, up to a bundle, in one request; return the ids of those that the hub took."""
        if self._is_refused:
            return ()
        refused = self._send([_Parcel(upload_id, content) for upload_id, content in contents.items()])
        return contents.keys() - refused.keys()

    def _let_lead(self, parcel: _Parcel) -> None:
        parcel.leads = True
        parcel.event.set()

    def _leave(self, parcel: _Parcel) -> None:
        """Have nobody wait for this thread: its file may have been sent in another lane before it came to lead."""
        with self._lock:
            if not parcel.is_over:  # then this thread was interrupted
                with contextlib.suppress(ValueError):
                    self._waiting.remove(parcel)
            if parcel.leads:
                parcel.leads = False
                self._hand_on()

    def _hand_on(self) -> None:
        # One that was chosen already, and has not woken yet, holds a lane of its own.
        following = next((parcel for parcel in self._waiting if not parcel.leads), None)
        if following is not None:
            self._let_lead(following)
        else:
            self._lanes += 1

    def _lead(self, leader: _Parcel) -> None:
        """Send what waits, up to a bundle, and hand the lane on.

        The leader's own file may be on its way in another lane: it was waiting when it was chosen, and is so no more.
        """
        with self._lock:
            leader.leads = False
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
                self._hand_on()
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
        """Send a bundle; return the files that the hub did not take, each with a status."""
        try:
            body = pack_frames(Frame(0, parcel.upload_id, parcel.content) for parcel in batch)
            return self._api.repeat(lambda: self._exchange(body), f"POST {len(batch)} uploads")
        except REFUSALS:
            self._is_refused = True
            return {parcel.upload_id: 0 for parcel in batch}

    def _exchange(self, body: bytes) -> Mapping[str, int]:
        headers = {
            "Content-Type": "application/octet-stream",
            "User-Agent": USER_AGENT,
            **self._api.authorize(self._url),
        }
        answer = self._web.send(WebRequest("POST", self._url, headers, body))
        try:
            if not 200 <= answer.status < 300:
                raise self._api.refusal(answer, "POST uploads/bundle")
            return msgspec.json.decode(answer.read(MAX_ANSWER), type=_Answer).refused
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise IntegrityError(f"the answer of {self._api.name}", "does not say which files it took") from error
        finally:
            answer.close()
