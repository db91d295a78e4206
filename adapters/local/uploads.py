"""Taking the bytes of registered items: put or receive, and confirm."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from ...domain.errors import GroundtruthError, ObjectNotFound
from ...domain.item import ItemStatus
from ...domain.upload import NewSlot, PendingUpload
from ...ports.clock import Clock
from ...ports.media import MediaInfo, MediaProbe
from ...ports.uploads import OnBytes, OnUploadBytes
from .blobs import BlobStore, Received
from .catalogue import Catalogue, batches
from .stamps import timestamp
from .turns import Turns

_UPLOADS = """
SELECT slots.upload_id, slots.item, items.status, blobs.digest, slots.file_name
FROM slots
JOIN items ON items.seq = slots.item
JOIN datasets ON datasets.id = items.dataset AND datasets.removed_at IS NULL
LEFT JOIN blobs ON blobs.id = slots.blob
WHERE slots.upload_id """

_ONE, _SEVERAL = "= ?", "IN (SELECT value FROM json_each(?))"
"""Which uploads. To have one read from JSON takes several times as long as to find it."""

_OF_TEAM = "AND datasets.team = ? AND slots.stored IS NULL"

_PENDING = """
SELECT slots.upload_id, items.id, items.full_path, slots.name, slots.file_name, slots.fps, slots.options
FROM slots
JOIN items ON items.seq = slots.item
JOIN datasets ON datasets.id = items.dataset AND datasets.removed_at IS NULL
WHERE slots.upload_id """

# What the probe said of the same bytes before. One slot tells for all that have them.
_SELECT_INFO = """
SELECT blobs.digest, slots.width, slots.height, slots.native_fps, slots.frame_count
FROM blobs
JOIN slots ON (slots.item, slots.position) = (SELECT item, position FROM slots WHERE blob = blobs.id LIMIT 1)
WHERE blobs.digest IN """

_ASKED = 500
"""Digests that are asked for with one statement."""

_INSERT_BLOB = "INSERT OR IGNORE INTO blobs (digest, size) VALUES (?, ?)"

_FILL_SLOT = """
UPDATE slots SET
    blob = (SELECT id FROM blobs WHERE digest = ?), width = ?, height = ?, native_fps = ?, frame_count = ?
WHERE upload_id = ?
"""

_FINISH_ITEM = """
UPDATE items SET
    status = 'new',
    size = (SELECT sum(blobs.size) FROM slots JOIN blobs ON blobs.id = slots.blob WHERE slots.item = items.seq),
    updated_at = ?
WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM slots WHERE slots.item = items.seq AND slots.blob IS NULL)
"""

_NOTHING_KNOWN = MediaInfo()

_Take = Callable[[], Received]


@attrs.frozen
class _Upload:
    """An upload as the catalogue knows it; `digest` is that of the bytes confirmed for it, in hex."""

    item: int
    is_open: bool
    digest: str | None
    file_name: str


@attrs.frozen
class _Arrival:
    """Bytes that were put and not confirmed yet, and what the probe said of them."""

    received: Received
    info: MediaInfo

    def has_bytes_of(self, other: _Arrival) -> bool:
        """True if the bytes are the same."""
        return self.received.digest == other.received.digest


class Uploads:
    """Implements `put` and `confirm` of `ports.uploads.UploadDesk`, and `ports.uploads.UploadIntake`.

    `put` leaves the catalogue alone, so that many threads and processes can put without waiting for each
    other; `confirm` enters a whole batch in one transaction.
    """

    def __init__(self, catalogue: Catalogue, blobs: BlobStore, probe: MediaProbe, clock: Clock) -> None:
        self._catalogue = catalogue
        self._blobs = blobs
        self._probe = probe
        self._clock = clock
        # Spares `confirm` a look at the files. What another process put is not in it and is looked for.
        self._arrivals: dict[str, _Arrival] = {}
        self._swapping = threading.Lock()
        self._turns = Turns(self._confirm)

    def find_upload(self, team: str, upload_id: str) -> PendingUpload:
        """An upload of the team."""
        return self.find_uploads(team, (upload_id,))[0]

    def find_uploads(self, team: str, upload_ids: Sequence[str]) -> list[PendingUpload]:
        """Uploads of the team, in the order of their ids."""
        which, value = _which(upload_ids)
        rows = self._catalogue.rows(f"{_PENDING} {which} {_OF_TEAM}", (value, team))
        found = {upload.upload_id: upload for upload in map(_pending, rows)}
        for upload_id in upload_ids:
            if upload_id not in found:
                raise _unknown(upload_id, "Push the file again")
        return [found[upload_id] for upload_id in upload_ids]

    def put(self, upload: PendingUpload, on_bytes: OnBytes) -> None:
        """Take the bytes of one slot from files."""
        upload_id = upload.upload_id
        self._take_one(upload_id, lambda: self._blobs.receive(upload_id, upload.slot.sources, on_bytes))

    def put_all(self, uploads: Sequence[PendingUpload], on_bytes: OnUploadBytes) -> dict[str, GroundtruthError]:
        """Take the bytes of several slots from files."""
        known = self._known([upload.upload_id for upload in uploads])
        takes = [
            (one.upload_id, partial(self._blobs.receive, one.upload_id, one.slot.sources, partial(on_bytes, one)))
            for one in uploads
        ]
        return self._take(known, takes)

    def receive(self, upload: PendingUpload, chunks: Iterable[bytes], size: int) -> None:
        """Take the bytes of one slot from a stream."""
        upload_id = upload.upload_id
        self._take_one(upload_id, lambda: self._blobs.pour(upload_id, chunks, size))

    def receive_all(
        self, team: str, contents: Sequence[tuple[str, bytes | memoryview]]
    ) -> dict[str, GroundtruthError]:
        """Take the whole contents of several slots."""
        which, value = _which([upload_id for upload_id, _ in contents])
        known = _uploads(self._catalogue.rows(f"{_UPLOADS} {which} {_OF_TEAM}", (value, team)))
        takes = [(key, partial(self._blobs.pour, key, (data,), len(data))) for key, data in contents]
        return self._take(known, takes)

    def _take_one(self, upload_id: str, take: _Take) -> None:
        for error in self._take(self._known((upload_id,)), [(upload_id, take)]).values():
            raise error

    def _take(self, known: Container[str], takes: Iterable[tuple[str, _Take]]) -> dict[str, GroundtruthError]:
        """Have bytes come and wait for their confirmation; return the errors of those that do not, by upload id."""
        refused: dict[str, GroundtruthError] = {}
        arrived: list[tuple[str, Received]] = []
        try:
            for upload_id, take in takes:
                try:
                    if upload_id not in known:
                        raise _unknown(upload_id, "Push the file again")
                    arrived.append((upload_id, take()))
                except GroundtruthError as error:
                    refused[upload_id] = error
            # They may have been confirmed, or deleted, while the bytes came.
            uploads = self._known([upload_id for upload_id, _ in arrived])
            arrivals = self._look_at(
                (received, uploads[key].file_name) for key, received in arrived if _is_open(uploads.get(key))
            )
        except BaseException:
            for _, received in arrived:
                self._blobs.discard(received.path)
            raise
        waiting = {arrival.received.path: arrival for arrival in arrivals}
        for upload_id, received in arrived:
            try:
                self._keep(upload_id, uploads.get(upload_id), received, waiting.get(received.path))
            except GroundtruthError as error:
                refused[upload_id] = error
        return refused

    def _keep(self, upload_id: str, upload: _Upload | None, received: Received, arrival: _Arrival | None) -> None:
        """Have received bytes wait for their confirmation, in the place of what was put before."""
        if arrival is None:
            self._blobs.discard(received.path)
            if upload is None:
                raise _unknown(upload_id, "Push the file again")
            if upload.digest != received.digest:
                # Somebody else pushed another file under this name and was quicker.
                raise _unknown(upload_id, "Its item was completed with other bytes; delete it to push it again")
            return
        with self._swapping:
            former = self._arrivals.get(upload_id)
            # The same bytes, sent once more, must not take away the file that a confirmation may be moving just now.
            is_new = former is None or not former.has_bytes_of(arrival) or not former.received.is_there()
            if is_new:
                self._arrivals[upload_id] = arrival
        spare = former if is_new else arrival
        if spare is not None:
            self._blobs.discard(spare.received.path)

    def _known(self, upload_ids: Sequence[str]) -> dict[str, _Upload]:
        which, value = _which(upload_ids)
        return _uploads(self._catalogue.rows(f"{_UPLOADS} {which}", (value,)))

    def confirm(self, uploads: Sequence[PendingUpload]) -> None:
        """Enter the bytes of a batch of uploads, together with those of others who wait."""
        if uploads:
            self._turns.run([upload.upload_id for upload in uploads])

    def _confirm(self, ids: Sequence[str]) -> None:
        arrivals = self._find_arrivals(ids)
        with self._catalogue.writing(durable=True) as connection:
            which, value = _which(ids)
            known = _uploads(connection.execute(f"{_UPLOADS} {which}", (value,)))
            lost = next((upload_id for upload_id in ids if upload_id not in known), None)
            if lost is not None:
                raise _unknown(lost, "Push the file again")
            wanted = {upload_id: upload for upload_id, upload in known.items() if upload.is_open}
            missing = [key for key, upload in wanted.items() if key not in arrivals and upload.digest is None]
            if missing:
                raise _unknown(missing[0], "No bytes were put for it; push the file again")
            chosen = {key: arrivals[key] for key in wanted if key in arrivals}
            spare = self._adopt(chosen)
            self._enter(connection, chosen, {upload.item for upload in wanted.values()})
        for upload_id in ids:
            self._arrivals.pop(upload_id, None)
        for arrival in (*spare, *(arrivals[key] for key in arrivals.keys() - wanted.keys())):
            self._blobs.discard(arrival.received.path)

    def _look_at(self, named: Iterable[tuple[Received, str]]) -> list[_Arrival]:
        """What is known of received bytes, each with the name of their file, or what the probe says of them."""
        arrivals: list[_Arrival] = []
        for some in batches(named, _ASKED):
            digests = [bytes.fromhex(received.digest) for received, _ in some]
            rows = self._catalogue.rows(f"{_SELECT_INFO} ({','.join('?' * len(digests))})", digests)
            known = {digest.hex(): MediaInfo(*info) for digest, *info in rows}
            for received, name in some:
                info = known.get(received.digest, _NOTHING_KNOWN)
                probed = self._probe.probe(Path(received.path), name) if info == _NOTHING_KNOWN else info
                arrivals.append(_Arrival(received, probed))
        return arrivals

    def _find_arrivals(self, ids: Iterable[str]) -> dict[str, _Arrival]:
        found = {key: self._arrivals[key] for key in ids if key in self._arrivals}
        lacking = [key for key in ids if key not in found]
        if lacking:
            uploads = self._known(lacking)
            waiting = self._blobs.waiting(uploads.keys())
            arrivals = self._look_at((received, uploads[key].file_name) for key, received in waiting.items())
            found.update(zip(waiting, arrivals, strict=True))
        return found

    def _adopt(self, arrivals: Mapping[str, _Arrival]) -> list[_Arrival]:
        """Move the bytes in place; return those of which others of the batch were the same."""
        adopted: set[str] = set()
        spare: list[_Arrival] = []
        for upload_id, arrival in arrivals.items():
            if arrival.received.digest in adopted:
                spare.append(arrival)
                continue
            if not self._blobs.adopt(arrival.received):
                raise _unknown(upload_id, "The bytes that were put for it are gone; push the file again")
            adopted.add(arrival.received.digest)
        if adopted:
            self._blobs.make_durable(adopted)
        return spare

    def _enter(self, connection: sqlite3.Connection, arrivals: Mapping[str, _Arrival], items: set[int]) -> None:
        digests = {key: bytes.fromhex(arrival.received.digest) for key, arrival in arrivals.items()}
        blobs = [(digests[key], arrival.received.size) for key, arrival in arrivals.items()]
        slots = [(digests[key], *_facts(arrival.info), key) for key, arrival in arrivals.items()]
        connection.executemany(_INSERT_BLOB, blobs)
        connection.executemany(_FILL_SLOT, slots)
        now = timestamp(self._clock)
        connection.executemany(_FINISH_ITEM, [(now, item) for item in sorted(items)])


def _which(upload_ids: Sequence[str]) -> tuple[str, str]:
    """A condition, and the value it asks for."""
    return (_ONE, upload_ids[0]) if len(upload_ids) == 1 else (_SEVERAL, json.dumps(upload_ids))


def _uploads(rows: Iterable[tuple[Any, ...]]) -> dict[str, _Upload]:
    return {
        key: _Upload(item, status == ItemStatus.UPLOADING, None if digest is None else digest.hex(), file_name)
        for key, item, status, digest, file_name in rows
    }


def _pending(row: tuple[Any, ...]) -> PendingUpload:
    upload_id, item_id, path, name, file_name, fps, options = row
    if options is None:
        return PendingUpload(upload_id, item_id, path, NewSlot(name, file_name, (), fps))
    chosen = json.loads(options)
    flags = (chosen.get("as_frames", False), chosen.get("extract_views", False), tuple(chosen.get("tags", ())))
    return PendingUpload(upload_id, item_id, path, NewSlot(name, file_name, (), fps, *flags))


def _is_open(upload: _Upload | None) -> bool:
    return upload is not None and upload.is_open


def _facts(info: MediaInfo) -> tuple[int | None, int | None, float | None, int | None]:
    return info.width, info.height, info.fps, info.frame_count


def _unknown(upload_id: str, advice: str) -> ObjectNotFound:
    return ObjectNotFound("upload", upload_id, advice=advice)
