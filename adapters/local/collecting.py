"""Freeing what nothing refers to.

Rows go first, in small transactions that look again at what they delete. A blob's file goes inside the
transaction that deletes its row: `BlobStore.adopt`, too, runs in a write transaction, so that no confirmation
can come to rely on a file while it is being deleted.
"""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import contextlib
import json
import os
from array import array
from collections.abc import Iterator
from datetime import timedelta

import attrs

from ...domain.maintenance import HubCollection
from ...ports.clock import Clock
from .blobs import PARTIAL, BlobStore
from .catalogue import Catalogue, batches
from .checking import Checker
from .freezing import discard_release
from .reach import DEAD_RELEASES, LIVE_BLOB, LIVE_DOCUMENT
from .stamps import timestamp

BATCH = 2000
PENDING_FACTOR = 24
"""Bytes put for an upload that is still open are kept this many times longer than other leftovers."""

_DEAD_ITEMS = """
SELECT items.seq FROM items JOIN datasets ON datasets.id = items.dataset WHERE datasets.removed_at IS NOT NULL
"""
_UNUSED_DOCUMENT = "NOT EXISTS (SELECT 1 FROM release_documents WHERE document = documents.id)"
_UNUSED_BLOB = """
NOT EXISTS (SELECT 1 FROM slots WHERE blob = blobs.id)
AND NOT EXISTS (SELECT 1 FROM document_blobs WHERE blob = blobs.id)
"""
_OPEN_UPLOADS = """
SELECT slots.upload_id FROM slots JOIN items ON items.seq = slots.item WHERE items.status = 'uploading'
"""


@attrs.define
class _Freed:
    """What was freed so far."""

    objects: int = 0
    documents: int = 0
    leftovers: int = 0
    size: int = 0


class Collector:
    """Frees what nothing refers to."""

    def __init__(
        self, catalogue: Catalogue, blobs: BlobStore, checker: Checker, clock: Clock, grace: timedelta
    ) -> None:
        self._catalogue = catalogue
        self._blobs = blobs
        self._checker = checker
        self._clock = clock
        self._grace = grace

    @property
    def cutoff(self) -> str:
        """A release that was begun and not touched since then has no owner any more."""
        return timestamp(self._clock, ago=self._grace)

    def collect(self, dry_run: bool) -> HubCollection:
        """Free, or only count, what is not reachable."""
        freed = _Freed()
        cutoff = self.cutoff
        if dry_run:
            self._count(freed, cutoff)
        else:
            self._purge(cutoff)
            self._free_documents(freed)
            self._free_blobs(freed)
        self._free_orphans(freed, dry_run)
        self._free_leftovers(freed, dry_run)
        if not dry_run:
            self._shrink()
        return HubCollection(freed.objects, freed.documents, freed.leftovers, freed.size)

    def _count(self, freed: _Freed, cutoff: str) -> None:
        blobs = f"SELECT count(*), coalesce(sum(size), 0) FROM blobs WHERE NOT {LIVE_BLOB}"
        documents = f"SELECT count(*), coalesce(sum(length(body)), 0) FROM documents WHERE NOT {LIVE_DOCUMENT}"
        with self._catalogue.reading() as connection:
            freed.objects, size = connection.execute(blobs, {"cutoff": cutoff}).fetchone()
            freed.documents, text = connection.execute(documents, {"cutoff": cutoff}).fetchone()
        freed.size += size + text

    def _purge(self, cutoff: str) -> None:
        """Delete what removed datasets held, and releases that were never finished."""
        for release in self._ids(DEAD_RELEASES, cutoff):
            discard_release(self._catalogue, release)
        delete = f"DELETE FROM items WHERE seq IN ({_DEAD_ITEMS} AND items.seq IN (SELECT value FROM json_each(?)))"
        for batch in batches(self._ids(_DEAD_ITEMS, cutoff), BATCH):
            with self._catalogue.writing() as connection:
                connection.execute(delete, (json.dumps(batch),))

    def _ids(self, query: str, cutoff: str = "") -> array[int]:
        with self._catalogue.reading() as connection:
            return array("q", (row for (row,) in connection.execute(query, {"cutoff": cutoff})))

    def _free_documents(self, freed: _Freed) -> None:
        delete = f"""
            DELETE FROM documents
            WHERE id IN (SELECT value FROM json_each(?)) AND {_UNUSED_DOCUMENT} RETURNING length(body)
        """
        for batch in batches(self._ids(f"SELECT id FROM documents WHERE {_UNUSED_DOCUMENT}"), BATCH):
            with self._catalogue.writing() as connection:
                sizes = [size for (size,) in connection.execute(delete, (json.dumps(batch),))]
            freed.documents += len(sizes)
            freed.size += sum(sizes)

    def _free_blobs(self, freed: _Freed) -> None:
        delete = f"""
            DELETE FROM blobs
            WHERE id IN (SELECT value FROM json_each(?)) AND {_UNUSED_BLOB} RETURNING digest, size
        """
        for batch in batches(self._ids(f"SELECT id FROM blobs WHERE {_UNUSED_BLOB}"), BATCH):
            with self._catalogue.writing() as connection:
                rows = connection.execute(delete, (json.dumps(batch),)).fetchall()
                for digest, _ in rows:
                    self._blobs.discard(self._blobs.path(digest.hex()))
            freed.objects += len(rows)
            freed.size += sum(size for _, size in rows)

    def _free_orphans(self, freed: _Freed, dry_run: bool) -> None:
        """Delete blob files without a row: an interrupted confirmation left them."""
        for path in self._checker.orphans():
            with contextlib.suppress(FileNotFoundError):
                size = os.stat(path).st_size
                if dry_run or self._delete_orphan(os.path.basename(path)):
                    freed.objects += 1
                    freed.size += size

    def _delete_orphan(self, digest: str) -> bool:
        with self._catalogue.writing() as connection:
            # A confirmation that was under way when the folder was read may have entered it since.
            query = "SELECT 1 FROM blobs WHERE digest = ?"
            if connection.execute(query, (bytes.fromhex(digest),)).fetchone():
                return False
            self._blobs.discard(self._blobs.path(digest))
        return True

    def _free_leftovers(self, freed: _Freed, dry_run: bool) -> None:
        for entry, status in self._stale_entries():
            if not dry_run:
                self._blobs.discard(entry.path)
            freed.leftovers += 1
            freed.size += status.st_size

    def _stale_entries(self) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
        with self._catalogue.reading() as connection:
            waited_for = {upload_id for (upload_id,) in connection.execute(_OPEN_UPLOADS)}
        now = self._clock.now().timestamp()
        grace = self._grace.total_seconds()
        for entry in self._blobs.arrivals():
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat()
                upload_id, _, rest = entry.name.partition(".")
                is_open = upload_id in waited_for and not rest.endswith(PARTIAL)
                if now - status.st_mtime > grace * (PENDING_FACTOR if is_open else 1):
                    yield entry, status

    def _shrink(self) -> None:
        """Give pages that became free back to the file system, some at a time."""
        with self._catalogue.maintaining() as connection:
            while connection.execute("PRAGMA freelist_count").fetchone()[0]:
                connection.execute("PRAGMA incremental_vacuum(2000)").fetchall()
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
