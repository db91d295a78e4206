"""Taking the bytes of registered items: put or receive, and confirm."""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from ...domain.errors import ObjectNotFound
from ...domain.item import ItemStatus
from ...domain.upload import NewSlot, PendingUpload
from ...ports.clock import Clock
from ...ports.media import MediaInfo, MediaProbe
from ...ports.uploads import OnBytes
from .blobs import BlobStore, Received
from .catalogue import Catalogue
from .stamps import timestamp
from .turns import Turns

_UPLOADS = """
SELECT slots.upload_id, slots.item, items.status, blobs.digest, slots.file_name
FROM slots
JOIN items ON items.seq = slots.item
JOIN datasets ON datasets.id = items.dataset AND datasets.removed_at IS NULL
LEFT JOIN blobs ON blobs.id = slots.blob
WHERE slots.upload_id """

_SELECT_UPLOAD = f"{_UPLOADS} = ?"
_SELECT_UPLOADS = f"{_UPLOADS} IN (SELECT value FROM json_each(?))"

_SELECT_PENDING = """
SELECT items.id, items.full_path, slots.name, slots.file_name, slots.fps, slots.options
FROM slots
JOIN items ON items.seq = slots.item
JOIN datasets ON datasets.id = items.dataset AND datasets.removed_at IS NULL
WHERE slots.upload_id = ? AND datasets.team = ? AND slots.stored IS NULL
"""

# What the probe said of the same bytes before.
_SELECT_INFO = """
SELECT width, height, native_fps, frame_count FROM slots
WHERE blob = (SELECT id FROM blobs WHERE digest = ?) LIMIT 1
"""

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
        row = self._catalogue.row(_SELECT_PENDING, (upload_id, team))
        if row is None:
            raise _unknown(upload_id, "Push the file again")
        item_id, path, name, file_name, fps, options = row
        chosen = json.loads(options or "{}")
        flags = (chosen.get("as_frames", False), chosen.get("extract_views", False), tuple(chosen.get("tags", ())))
        return PendingUpload(upload_id, item_id, path, NewSlot(name, file_name, (), fps, *flags))

    def put(self, upload: PendingUpload, on_bytes: OnBytes) -> None:
        """Take the bytes of one slot from files."""
        self._known(upload.upload_id)
        self._keep(upload.upload_id, self._blobs.receive(upload.upload_id, upload.slot.sources, on_bytes))

    def receive(self, upload: PendingUpload, chunks: Iterable[bytes], size: int) -> None:
        """Take the bytes of one slot from a stream."""
        self._known(upload.upload_id)
        self._keep(upload.upload_id, self._blobs.pour(upload.upload_id, chunks, size))

    def _known(self, upload_id: str) -> _Upload:
        row = self._catalogue.row(_SELECT_UPLOAD, (upload_id,))
        if row is None:
            raise _unknown(upload_id, "Push the file again")
        return _upload(row)

    def _keep(self, upload_id: str, received: Received) -> None:
        """Have received bytes wait for their confirmation, in the place of what was put before."""
        try:
            # It may have been confirmed, or deleted, while the bytes came.
            known = self._known(upload_id)
            arrival = self._look_at(received, known.file_name) if known.is_open else None
        except BaseException:
            self._blobs.discard(received.path)
            raise
        if arrival is None:
            self._blobs.discard(received.path)
            if known.digest != received.digest:
                # Somebody else pushed another file under this name and was quicker.
                advice = "Its item was completed with other bytes; delete it to push it again"
                raise _unknown(upload_id, advice)
            return
        with self._swapping:
            former = self._arrivals.get(upload_id)
            # The same bytes, sent once more, must not take away the file that a confirmation may be moving just now.
            is_new = former is None or former.received.digest != received.digest or not former.received.is_there()
            if is_new:
                self._arrivals[upload_id] = arrival
        spare = former if is_new else arrival
        if spare is not None:
            self._blobs.discard(spare.received.path)

    def confirm(self, uploads: Sequence[PendingUpload]) -> None:
        """Enter the bytes of a batch of uploads, together with those of others who wait."""
        if uploads:
            self._turns.run([upload.upload_id for upload in uploads])

    def _confirm(self, ids: Sequence[str]) -> None:
        arrivals = self._find_arrivals(ids)
        with self._catalogue.writing(durable=True) as connection:
            known = _find(connection, ids)
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

    def _look_at(self, received: Received, name: str) -> _Arrival:
        row = self._catalogue.row(_SELECT_INFO, (bytes.fromhex(received.digest),))
        known = MediaInfo(*row) if row is not None else _NOTHING_KNOWN
        return _Arrival(received, self._probe.probe(Path(received.path), name) if known == _NOTHING_KNOWN else known)

    def _find_arrivals(self, ids: Iterable[str]) -> dict[str, _Arrival]:
        found = {key: self._arrivals[key] for key in ids if key in self._arrivals}
        lacking = {key for key in ids if key not in found}
        if lacking:
            with self._catalogue.reading() as connection:
                names = {key: upload.file_name for key, upload in _select(connection, lacking).items()}
            for key, received in self._blobs.waiting(names.keys()).items():
                found[key] = self._look_at(received, names[key])
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


def _select(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, _Upload]:
    rows = connection.execute(_SELECT_UPLOADS, (json.dumps(list(ids)),))
    return {row[0]: _upload(row) for row in rows}


def _upload(row: tuple[Any, ...]) -> _Upload:
    _, item, status, digest, file_name = row
    return _Upload(item, status == ItemStatus.UPLOADING, None if digest is None else digest.hex(), file_name)


def _find(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, _Upload]:
    """The uploads of those ids.

    Raises:
        ObjectNotFound: one of them is unknown.
    """
    found = _select(connection, ids)
    for upload_id in ids:
        if upload_id not in found:
            raise _unknown(upload_id, "Push the file again")
    return found


def _facts(info: MediaInfo) -> tuple[int | None, int | None, float | None, int | None]:
    return info.width, info.height, info.fps, info.frame_count


def _unknown(upload_id: str, advice: str) -> ObjectNotFound:
    return ObjectNotFound("upload", upload_id, advice=advice)
