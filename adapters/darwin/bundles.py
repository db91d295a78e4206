"""Several small files in one request, between groundtruth on both ends: see `domain.bundle`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from ...domain.bundle import MAX_LABEL, Frame, pack_frames
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


class _Answer(msgspec.Struct):
    refused: Mapping[str, int]


class UploadBundles:
    """Sends small files together. A hub that refuses a bundle as such is not asked to take another. Thread-safe."""

    def __init__(self, api: Api, web: Web, team: str) -> None:
        self._api = api
        self._web = web
        self._url = f"{api.base_url}/api/v2/teams/{segment(team)}/items/uploads/bundle"
        self._is_refused = False

    def send(self, contents: Mapping[str, bytes]) -> Collection[str]:
        """Send files by upload id, up to a bundle, in one request; return the ids of those that the hub took.

        Those that it did not take will learn why when they are sent by themselves.

        Raises:
            Unavailable: as of any request, after the tries that the retry policy allows.
            DiskFull: the hub has no room.
        """
        sent = {key: content for key, content in contents.items() if len(key) <= MAX_LABEL // 4}
        if self._is_refused or not sent:
            return ()
        try:
            body = pack_frames(Frame(0, key, content) for key, content in sent.items())
            refused = self._api.repeat(lambda: self._exchange(body), f"POST {len(sent)} uploads")
        except REFUSALS:
            self._is_refused = True
            return ()
        return sent.keys() - refused.keys()

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
