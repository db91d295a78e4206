"""Uploads into the fake hub."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import attrs

from ...domain.dataset import Dataset
from ...domain.digest import Digest
from ...domain.errors import GroundtruthError, NotReadable, ObjectNotFound, Truncated
from ...domain.item import ItemStatus, SourceFile
from ...domain.upload import (
    BlockedItem,
    BlockReason,
    NewItem,
    PendingUpload,
    Registration,
    UploadOptions,
)
from ...ports.uploads import OnBytes, OnUploadBytes
from .media import media_info
from .records import DatasetRecord, HubPart, ItemRecord, UploadRecord

_CHUNK = 1 << 20


@attrs.define
class MemoryUploads(HubPart):
    """`UploadDesk` and `UploadIntake` in memory."""

    def register(self, dataset: Dataset, items: Sequence[NewItem], options: UploadOptions) -> Registration:
        """Announce items."""
        self.state.faults.check("register", dataset, items, options)
        uploads: list[PendingUpload] = []
        blocked: list[BlockedItem] = []
        seen: set[str] = set()
        with self.state.lock:
            owner = self.state.dataset(dataset)
            for new in items:
                known = owner.items.get(owner.paths.get(new.full_path, ""))
                if new.full_path in seen or (known is not None and known.status is not ItemStatus.UPLOADING):
                    blocked.append(BlockedItem(new, BlockReason.ALREADY_EXISTS))
                    continue
                seen.add(new.full_path)
                record = known or self._add(owner, new)
                uploads += self._renew_slots(record, new)
        return Registration(tuple(uploads), tuple(blocked))

    def put(self, upload: PendingUpload, on_bytes: OnBytes) -> None:
        """Send the bytes of one slot. A confirmed upload keeps the bytes it has."""
        self.state.faults.check("put", upload, on_bytes)
        self._known(upload)
        sources = upload.slot.sources
        data = [self._read(path) for path in sources]
        content = data[0][0] if len(data) == 1 else _zip(sources, [one for one, _ in data])
        for offset in range(0, len(content), _CHUNK):
            on_bytes(min(_CHUNK, len(content) - offset))
        for path, (_, before) in zip(sources, data, strict=True):
            if before is not None and _state_of(path) != before:
                raise NotReadable(str(path), "changed while it was read", "Push it again when it is finished")
        self._keep(upload, content)

    def takes_bundles(self, dataset: Dataset) -> bool:
        """False, so that every `put` is a piece of work of its own, until `take_bundles` was called."""
        return self.state.takes_bundles

    def put_all(self, uploads: Sequence[PendingUpload], on_bytes: OnUploadBytes) -> Mapping[str, GroundtruthError]:
        """Send the bytes of several slots, one after the other."""
        self.state.faults.check("put_all", uploads, on_bytes)
        errors: dict[str, GroundtruthError] = {}
        for upload in uploads:
            try:
                self.put(upload, partial(on_bytes, upload))
            except GroundtruthError as error:
                errors[upload.upload_id] = error
        return errors

    def find_upload(self, team: str, upload_id: str) -> PendingUpload:
        """The upload of that id, if it belongs to a dataset of the team."""
        self.state.faults.check("find_upload", team, upload_id)
        with self.state.lock:
            item, record = self.state.uploads.get(upload_id, (None, None))
            for owner in self.state.datasets.values():
                if item is not None and record is not None and owner.team == team and item.id in owner.items:
                    return PendingUpload(upload_id, item.id, item.full_path, attrs.evolve(record.slot, sources=()))
        raise ObjectNotFound("upload", upload_id, f"team {team}", "Push the file again")

    def find_uploads(self, team: str, upload_ids: Sequence[str]) -> Sequence[PendingUpload]:
        """The uploads of those ids, if they belong to datasets of the team."""
        self.state.faults.check("find_uploads", team, upload_ids)
        return [self.find_upload(team, upload_id) for upload_id in upload_ids]

    def receive(self, upload: PendingUpload, chunks: Iterable[bytes], size: int) -> None:
        """Take exactly `size` bytes for an upload."""
        self.state.faults.check("receive", upload, chunks, size)
        self._known(upload)
        content = bytearray()
        for chunk in chunks:
            content += chunk
            if len(content) > size:
                break
        if len(content) != size:
            what = f"upload '{upload.upload_id}'"
            raise Truncated(what, "is not what was announced", "Send it again", size, len(content))
        self._keep(upload, bytes(content))

    def receive_all(
        self, team: str, contents: Sequence[tuple[str, bytes | memoryview]]
    ) -> Mapping[str, GroundtruthError]:
        """Take the whole contents of several uploads of a team."""
        self.state.faults.check("receive_all", team, contents)
        refused: dict[str, GroundtruthError] = {}
        for upload_id, content in contents:
            try:
                self.receive(self.find_upload(team, upload_id), (bytes(content),), len(content))
            except GroundtruthError as error:
                refused[upload_id] = error
        return refused

    def _keep(self, upload: PendingUpload, content: bytes) -> None:
        with self.state.lock:
            _, record = self._known(upload)
            if not record.confirmed:
                url = self.state.source.add(content)
                digest = Digest(hashlib.sha256(content).hexdigest())
                record.source = SourceFile(record.slot.file_name, url, None, len(content), digest)
                record.info = media_info(content)

    def confirm(self, uploads: Sequence[PendingUpload]) -> None:
        """Declare uploads complete."""
        self.state.faults.check("confirm", uploads)
        with self.state.lock:
            known = [self._known(upload) for upload in uploads]
            for upload, (_, record) in zip(uploads, known, strict=True):
                if record.source is None:
                    raise ObjectNotFound("upload", upload.upload_id, "the hub", "Send its bytes first")
            for item, record in known:
                record.confirmed = True
                if item.status is ItemStatus.UPLOADING and all(one.confirmed for one in item.uploads):
                    item.status = ItemStatus.NEW
                    item.updated_at = self.state.timestamp()

    def _add(self, owner: DatasetRecord, new: NewItem) -> ItemRecord:
        now = self.state.timestamp()
        record = ItemRecord(self.state.new_id(), new.name, new.path, now, now)
        owner.items[record.id] = record
        owner.paths[record.full_path] = record.id
        return record

    def _renew_slots(self, item: ItemRecord, new: NewItem) -> list[PendingUpload]:
        """Give an item the slots announced, keeping the uploads of slots that are the same."""
        before = {upload.slot.name: upload for upload in item.uploads}
        item.layout = new.layout
        item.uploads = []
        for slot in new.slots:
            upload = before.pop(slot.name, None)
            if upload is None or upload.slot != slot:
                upload = UploadRecord(upload.id if upload else self.state.new_id(), slot)
            item.uploads.append(upload)
            self.state.uploads[upload.id] = (item, upload)
        for dropped in before.values():
            del self.state.uploads[dropped.id]
        return [PendingUpload(one.id, item.id, item.full_path, one.slot) for one in item.uploads]

    def _known(self, upload: PendingUpload) -> tuple[ItemRecord, UploadRecord]:
        with self.state.lock:
            if upload.upload_id not in self.state.uploads:
                raise ObjectNotFound("upload", upload.upload_id, "the hub", "Push the file again")
            return self.state.uploads[upload.upload_id]

    def _read(self, path: Path) -> tuple[bytes, tuple[int, int] | None]:
        """Content of a file, and what to recognise a change by (None: it is on no disk)."""
        if self.state.read is not None:
            return self.state.read(path), None
        try:
            before = _state_of(path)
            return path.read_bytes(), before
        except OSError as error:
            raise NotReadable(str(path), error.strerror or str(error)) from error


def _state_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns


def _zip(sources: Sequence[Path], contents: Sequence[bytes]) -> bytes:
    """An uncompressed zip; without dates, so that equal files make equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in zip(sources, contents, strict=True):
            archive.writestr(zipfile.ZipInfo(path.name), content)
    return buffer.getvalue()
