"""Looking for damage in a hub's folder."""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs

from ...domain.errors import IntegrityError
from ...domain.maintenance import Damage, Finding, HubCheck
from .blobs import BlobStore
from .catalogue import Catalogue, batches
from .packing import Packed, unpack
from .reach import LIVE_BLOB, LIVE_DOCUMENT, users_of_blob, users_of_document

PAGE = 500

_BLOBS = f"SELECT id, digest, size, {LIVE_BLOB} FROM blobs WHERE id > :after ORDER BY id LIMIT {PAGE}"

_DOCUMENTS = f"""
SELECT id, digest, size, body, {LIVE_DOCUMENT} FROM documents WHERE id > :after ORDER BY id LIMIT {PAGE}
"""

_ANNOTATIONS = f"""
SELECT annotations.item, annotations.digest, annotations.size, annotations.body,
    datasets.team || '/' || datasets.slug || items.full_path
FROM annotations JOIN items ON items.seq = annotations.item JOIN datasets ON datasets.id = items.dataset
WHERE annotations.item > :after AND datasets.removed_at IS NULL
ORDER BY annotations.item LIMIT {PAGE}
"""

_RELEASES = """
SELECT releases.id, releases.digest, releases.metadata, datasets.team || '/' || datasets.slug || ':' || releases.name
FROM releases JOIN datasets ON datasets.id = releases.dataset
WHERE releases.complete AND datasets.removed_at IS NULL
"""

_RELEASE_DOCUMENTS = """
SELECT release_documents.name, documents.digest
FROM release_documents JOIN documents ON documents.id = release_documents.document
WHERE release_documents.release = ? ORDER BY release_documents.position
"""


@attrs.define
class _Report:
    """What was seen so far."""

    objects: int = 0
    documents: int = 0
    size: int = 0
    unreferenced: int = 0
    findings: list[Finding] = attrs.field(factory=list)


class Checker:
    """Looks at everything a hub stores; changes nothing."""

    def __init__(self, catalogue: Catalogue, blobs: BlobStore) -> None:
        self._catalogue = catalogue
        self._blobs = blobs

    def check(self, cutoff: str) -> HubCheck:
        """Look at everything. Releases begun and not touched since `cutoff` count as left behind."""
        report = _Report()
        try:
            report.findings += self._check_catalogue()
            self._check_blobs(report, cutoff)
            self._check_documents(report, cutoff)
            self._check_annotations(report, cutoff)
            report.findings += self._check_releases()
            report.unreferenced += sum(1 for _ in self.orphans())
        except IntegrityError as error:
            # The catalogue is so damaged that the rest cannot be looked at.
            report.findings.append(Finding(str(self._catalogue.path), Damage.CORRUPT, error.message))
        counts = (report.objects, report.documents, report.size)
        return HubCheck(*counts, tuple(report.findings), report.unreferenced)

    def orphans(self) -> Iterator[str]:
        """Files among the blobs that the catalogue does not know."""
        for number in range(256):
            prefix = f"{number:02x}"
            names = _names(f"{self._blobs.folder}/{prefix}")
            if names:
                yield from (self._blobs.path(name) for name in sorted(names - self._known(number)))

    def _known(self, number: int) -> set[str]:
        # Digests sort as bytes: those that begin with a byte are a range of the index.
        end = bytes([number + 1]) if number < 255 else b"\xff" * 33
        with self._catalogue.reading() as connection:
            rows = connection.execute(
                "SELECT digest FROM blobs WHERE digest >= ? AND digest < ?", (bytes([number]), end)
            )
            return {digest.hex() for (digest,) in rows}

    def _check_catalogue(self) -> Iterator[Finding]:
        with self._catalogue.reading() as connection:
            faults = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        faults += [f"row {row} of table {table} refers to nothing in {parent}" for table, row, parent, _ in broken]
        for fault in faults:
            yield Finding(str(self._catalogue.path), Damage.CORRUPT, fault)

    def _pages(self, query: str, cutoff: str) -> Iterator[list[tuple[Any, ...]]]:
        """Pages of a query by its first column, each in a transaction of its own."""
        after = -1
        while True:
            with self._catalogue.reading() as connection:
                rows = connection.execute(query, {"after": after, "cutoff": cutoff})
                page = next(batches(rows, PAGE, lambda row: row[2]), None)
            if page is None:
                return
            after = page[-1][0]
            yield page

    def _check_blobs(self, report: _Report, cutoff: str) -> None:
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for page in self._pages(_BLOBS, cutoff):
                seen = pool.map(lambda row: self._look_at(row[1].hex(), row[2]), page)
                for (blob, digest, size, is_live), fault in zip(page, seen, strict=True):
                    report.objects += 1
                    report.size += size
                    report.unreferenced += not is_live
                    # What nobody needs may be missing; what is there must be right, or it would be used again.
                    if fault is not None and (is_live or fault[0] is not Damage.MISSING):
                        report.findings += self._blob_finding(blob, digest, *fault)

    def _look_at(self, digest: str, size: int) -> tuple[Damage, str] | None:
        path = self._blobs.path(digest)
        try:
            with open(path, "rb") as file:
                actual = os.fstat(file.fileno()).st_size
                if actual != size:
                    damage = Damage.TRUNCATED if actual < size else Damage.CORRUPT
                    return damage, f"{path} has {actual} bytes, expected {size}"
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return Damage.MISSING, f"{path} is not there"
        except OSError as error:
            return Damage.CORRUPT, f"{path} cannot be read: {error.strerror}"
        return None if found == digest else (Damage.CORRUPT, f"{path} has digest sha256:{found}")

    def _blob_finding(self, blob: int, digest: bytes, damage: Damage, detail: str) -> Iterator[Finding]:
        with self._catalogue.reading() as connection:
            # It may have been freed while it was looked at.
            if connection.execute("SELECT 1 FROM blobs WHERE id = ?", (blob,)).fetchone():
                yield Finding(f"blob sha256:{digest.hex()}", damage, detail, users_of_blob(connection, blob))

    def _check_documents(self, report: _Report, cutoff: str) -> None:
        for page in self._pages(_DOCUMENTS, cutoff):
            for document, digest, size, body, is_live in page:
                report.documents += 1
                report.unreferenced += not is_live
                name = f"document sha256:{digest.hex()}"
                fault = _fault(Packed(digest, size, body), name)
                if fault is not None:
                    with self._catalogue.reading() as connection:
                        users = users_of_document(connection, document)
                    report.findings.append(Finding(name, Damage.CORRUPT, fault, users))

    def _check_annotations(self, report: _Report, cutoff: str) -> None:
        for page in self._pages(_ANNOTATIONS, cutoff):
            for _, digest, size, body, item in page:
                report.documents += 1
                fault = _fault(Packed(digest, size, body), f"annotations of {item}")
                if fault is not None:
                    report.findings.append(Finding(f"annotations of {item}", Damage.CORRUPT, fault, (item,)))

    def _check_releases(self) -> Iterator[Finding]:
        with self._catalogue.reading() as connection:
            for release, digest, metadata, name in connection.execute(_RELEASES).fetchall():
                hasher = hashlib.sha256()
                for document, document_digest in connection.execute(_RELEASE_DOCUMENTS, (release,)):
                    hasher.update(f"{document}\n{document_digest.hex()}\n".encode())
                hasher.update(metadata or b"")
                if hasher.digest() != digest:
                    detail = "its list of documents or its metadata is not what was released"
                    yield Finding(f"release {name}", Damage.CORRUPT, detail, (name,))


def _fault(packed: Packed, what: str) -> str | None:
    try:
        unpack(packed, what)
    except IntegrityError as error:
        return error.message
    return None


def _names(folder: str) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if len(entry.name) == 64}
    except FileNotFoundError:
        return set()
