"""Pushing to a Darwin hub: register, send, confirm (reference: section 5)."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

import attrs
import msgspec

from ...domain.bundle import MAX_CONTENT, MAX_OBJECT, MAX_OBJECTS
from ...domain.dataset import Dataset
from ...domain.errors import AccessDenied, GroundtruthError, NotFound, NotReadable, ObjectNotFound
from ...domain.upload import BlockedItem, NewItem, PendingUpload, Registration, UploadOptions
from ...domain.web import public
from ...ports.uploads import OnBytes, OnUploadBytes
from ...ports.web import Web, WebBody, WebRequest
from .api import USER_AGENT, Api, Rejected, segment
from .bundles import LANES, UploadBundles
from .listing import no_dataset
from .registering import RegisterAnswer, Registered, read_answer, refusals_before, registration_body
from .sources import body_of, changed, small_file

CHUNK = 500
"""Items that one request registers."""
CONFIRMING = 8
"""Confirmations under way at a time, on a hub that takes them one by one."""
MAX_ANSWER = 64 * 1024
"""Bytes of what a store says about an upload; nothing of it is needed."""
REMEMBERED = 20_000
"""Uploads of which team and address are remembered; for any other one the hub is asked."""


class _Signed(msgspec.Struct):
    upload_url: str


@attrs.frozen
class _Known:
    """What is known of an upload: whose it is, and where its bytes go."""

    team: str
    url: str | None = attrs.field(default=None, repr=False)


class _Memory:
    """What is known of uploads that are under way. Thread-safe; the oldest are forgotten."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def keep(self, team: str, addresses: Mapping[str, str | None]) -> None:
        with self._lock:
            self._known.update({upload_id: _Known(team, url) for upload_id, url in addresses.items()})
            for old in list(islice(self._known, max(0, len(self._known) - REMEMBERED))):
                del self._known[old]

    def get(self, upload_id: str) -> _Known | None:
        return self._known.get(upload_id)

    def forget(self, upload_ids: Sequence[str]) -> None:
        with self._lock:
            for upload_id in upload_ids:
                self._known.pop(upload_id, None)


class DarwinUploads:
    """Implements `ports.uploads.UploadDesk`. Bytes travel over `bulk`, to stores without the key.

    A hub that is not one of groundtruth's confirms uploads one by one: where one of a batch is refused, others of it
    may be confirmed.
    """

    def __init__(self, api: Api, bulk: Web, chunk: int = CHUNK) -> None:
        self._api = api
        self._bulk = bulk
        self._chunk = chunk
        self._memory = _Memory()
        self._headers = {"User-Agent": USER_AGENT}
        self._bundles: dict[str, UploadBundles] = {}
        self._bundling = threading.Lock()
        self._lanes = threading.BoundedSemaphore(LANES)

    # --- register -----------------------------------------------------------------------------------

    def register(self, dataset: Dataset, items: Sequence[NewItem], options: UploadOptions) -> Registration:
        """Announce items, some hundred with each request."""
        refused = refusals_before(items)
        wanted = iter([item for position, item in enumerate(items) if position not in refused])
        answers: dict[str, Registered] = {}
        while batch := list(islice(wanted, self._chunk)):
            outcomes, addresses = read_answer(batch, self._announce(dataset, batch, options))
            self._memory.keep(dataset.team, addresses)
            answers.update(outcomes)
        uploads: list[PendingUpload] = []
        blocked: list[BlockedItem] = []
        for position, item in enumerate(items):
            before = refused.get(position)
            outcome = answers[item.full_path] if before is None else Registered((), before)
            uploads += outcome.uploads
            blocked += [outcome.blocked] if outcome.blocked is not None else []
        return Registration(tuple(uploads), tuple(blocked))

    def _announce(self, dataset: Dataset, batch: Sequence[NewItem], options: UploadOptions) -> RegisterAnswer:
        path = f"v2/teams/{segment(dataset.team)}/items/register_upload"
        body = registration_body(dataset, batch, options)
        try:
            return self._api.post_as(RegisterAnswer, dataset.team, path, body, repeatable=True)
        except NotFound as error:
            raise no_dataset(dataset, self._api.name) from error

    # --- put ----------------------------------------------------------------------------------------

    def put(self, upload: PendingUpload, on_bytes: OnBytes) -> None:
        """Send the bytes of one slot. An address that is no longer valid is renewed once."""
        with body_of(upload.slot, on_bytes) as body:
            self._send_alone(upload, body)
        if isinstance(body, bytes):
            on_bytes(len(body))

    # --- put several --------------------------------------------------------------------------------

    def takes_bundles(self, dataset: Dataset) -> bool:
        """True of groundtruth's own hubs."""
        return self._has_bundles(dataset.team)

    def _has_bundles(self, team: str) -> bool:
        try:
            return self._api.is_native(team)
        except GroundtruthError:  # files can be sent without knowing this
            return False

    def put_all(self, uploads: Sequence[PendingUpload], on_bytes: OnUploadBytes) -> Mapping[str, GroundtruthError]:
        """Send the bytes of several slots: small ones in bundles; others, and what was refused, by themselves."""
        errors: dict[str, GroundtruthError] = {}
        sent: set[str] = set()
        waiting = iter(uploads)
        while some := list(islice(waiting, MAX_OBJECTS)):
            sent |= self._put_together(some, on_bytes, errors)
        for upload in uploads:
            if upload.upload_id not in sent and upload.upload_id not in errors:
                try:
                    self.put(upload, partial(on_bytes, upload))
                except GroundtruthError as error:
                    errors[upload.upload_id] = error
        return errors

    def _put_together(
        self, uploads: Sequence[PendingUpload], on_bytes: OnUploadBytes, errors: dict[str, GroundtruthError]
    ) -> set[str]:
        """Send those that fit into a bundle; return the ids of those that were taken."""
        team = next((known.team for one in uploads if (known := self._memory.get(one.upload_id))), None)
        if team is None or not self._has_bundles(team):
            return set()
        with self._lanes:  # so many bundles are held in memory
            contents = self._small(uploads, team)
            try:
                taken = set(self._bundles_of(team).send(contents)) if contents else set()
            except GroundtruthError as error:
                errors.update(dict.fromkeys(contents, error))
                return set()
        for upload in uploads:
            if upload.upload_id in taken:
                on_bytes(upload, len(contents[upload.upload_id]))
        return taken

    def _small(self, uploads: Sequence[PendingUpload], team: str) -> dict[str, bytes]:
        """The bytes of those that are small files, up to what fits into a bundle."""
        contents: dict[str, bytes] = {}
        room = MAX_CONTENT
        for upload in uploads:
            known = self._memory.get(upload.upload_id)
            if known is None or known.team != team or len(upload.slot.sources) != 1:
                continue
            data = small_file(upload.slot.sources[0], min(MAX_OBJECT, room))
            if data is not None:
                contents[upload.upload_id] = data
                room -= len(data)
        return contents

    def _bundles_of(self, team: str) -> UploadBundles:
        with self._bundling:
            bundles = self._bundles.get(team)
            if bundles is None:
                bundles = self._bundles[team] = UploadBundles(self._api, self._bulk, team)
        return bundles

    def _send_alone(self, upload: PendingUpload, body: bytes | WebBody) -> None:
        known = self._memory.get(upload.upload_id)
        if known is None or known.url is None:
            known = self._sign(upload.upload_id)
        try:
            self._send(known, upload, body)
        except (AccessDenied, Rejected):  # stores call an address that is too old by either name
            self._send(self._sign(upload.upload_id), upload, body)

    def _send(self, known: _Known, upload: PendingUpload, body: bytes | WebBody) -> None:
        assert known.url is not None
        request = WebRequest("PUT", known.url, self._headers, body)
        asked = f"PUT {public(known.url)}"

        def send() -> None:
            answer = self._bulk.send(request)
            try:
                if not 200 <= answer.status < 300:
                    raise self._api.refusal(answer, asked)
                answer.read(MAX_ANSWER)
            finally:
                answer.close()

        try:
            self._api.repeat(send, f"PUT {upload.item_path}")
        except NotFound as error:
            raise _unknown(upload.upload_id) from error
        except NotReadable as error:
            raise changed(upload.slot.sources[0]) if not error.path else error from error

    def _sign(self, upload_id: str) -> _Known:
        """An address to send the bytes to, from the team whose upload it is."""
        known = self._memory.get(upload_id)
        for team in (known.team,) if known is not None else self._api.teams:
            try:
                path = f"v2/teams/{segment(team)}/items/uploads/{segment(upload_id)}/sign"
                url = self._api.get_as(_Signed, team, path).upload_url
            except NotFound:
                continue
            self._memory.keep(team, {upload_id: url})
            return _Known(team, url)
        raise _unknown(upload_id)

    # --- confirm ------------------------------------------------------------------------------------

    def confirm(self, uploads: Sequence[PendingUpload]) -> None:
        """Declare uploads complete."""
        teams: dict[str, list[str]] = {}
        for upload_id in dict.fromkeys(upload.upload_id for upload in uploads):
            known = self._memory.get(upload_id)
            teams.setdefault((known or self._sign(upload_id)).team, []).append(upload_id)
        for team, ids in teams.items():
            if self._api.is_native(team):
                self._confirm_together(team, ids)
            else:
                self._confirm_each(team, ids)
            self._memory.forget(ids)

    def _confirm_together(self, team: str, ids: list[str]) -> None:
        path = f"v2/teams/{segment(team)}/items/uploads/confirm"
        try:
            self._api.post(team, path, {"upload_ids": ids}, repeatable=True)
        except NotFound as error:
            raise _unknown(ids[0] if len(ids) == 1 else f"one of {len(ids)}") from error

    def _confirm_each(self, team: str, ids: list[str]) -> None:
        def confirm(upload_id: str) -> None:
            try:
                path = f"v2/teams/{segment(team)}/items/uploads/{segment(upload_id)}/confirm"
                # Confirming twice does no harm; it is only done where the first time may not have arrived.
                self._api.post(team, path, {}, repeatable=True)
            except NotFound as error:
                raise _unknown(upload_id) from error

        with ThreadPoolExecutor(min(CONFIRMING, len(ids)), "confirm") as pool:
            futures = [pool.submit(confirm, upload_id) for upload_id in ids]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _unknown(upload_id: str) -> ObjectNotFound:
    return ObjectNotFound("upload", upload_id, advice="Push the file again")
