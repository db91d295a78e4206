"""Releases of the embedded hub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ...domain.dataset import Dataset
from ...domain.digest import Digest
from ...domain.errors import IntegrityError, InvalidInput, ReleaseNotFound
from ...domain.release import ExportOptions, Release, ReleaseStatus, check_release_name
from ...ports.releases import ReleaseDocument
from .catalogue import Catalogue, batches
from .datasets import check_live
from .freezing import Freezer
from .packing import Packed, unpack
from .stamps import parse_timestamp

PAGE = 500
FORMAT = "darwin_json_2"

_LIST = """
SELECT name, created_at, item_count, class_count, digest, class_names, url_token FROM releases
WHERE dataset = ? AND complete ORDER BY id DESC
"""

_FIND = """
SELECT releases.id, releases.item_count, releases.metadata
FROM releases JOIN datasets ON datasets.id = releases.dataset
WHERE datasets.team = ? AND datasets.slug = ? AND datasets.removed_at IS NULL
    AND releases.name = ? AND releases.complete
"""

_PAGE = """
SELECT release_documents.position, release_documents.name, documents.digest, documents.size, documents.body
FROM release_documents LEFT JOIN documents ON documents.id = release_documents.document
WHERE release_documents.release = ? AND release_documents.position >= ?
ORDER BY release_documents.position
"""


class Releases:
    """Implements `ports.releases.ReleaseDesk`."""

    def __init__(self, catalogue: Catalogue, freezer: Freezer) -> None:
        self._catalogue = catalogue
        self._freezer = freezer

    def list_releases(self, dataset: Dataset) -> Sequence[Release]:
        """Complete releases, newest first; others are nobody's business."""
        with self._catalogue.reading() as connection:
            check_live(connection, dataset)
            rows = connection.execute(_LIST, (dataset.id,)).fetchall()
        return [_release(dataset, row, latest=place == 0) for place, row in enumerate(rows)]

    def create_release(self, dataset: Dataset, name: str, options: ExportOptions) -> Release:
        """Make a release; it is complete when it returns."""
        check_release_name(name)
        if options.format not in {None, FORMAT}:
            raise InvalidInput(
                f"release format '{options.format}'", "is not made by the embedded hub", f"Use '{FORMAT}'"
            )
        self._freezer.freeze(dataset, name, options)
        return next(release for release in self.list_releases(dataset) if release.name == name)

    def documents(self, release: Release) -> Iterator[ReleaseDocument]:
        """Documents of a release, by the full path of their item."""
        release_id, count, _ = self._find(release)
        position, where = 0, f"of release '{release.reference}'"
        while position < count:
            page = self._page(release_id, position)
            if not page:
                # Removed meanwhile, or rows are missing; the first says so.
                self._find(release)
                raise _lost(release, count - position)
            for place, name, *packed in page:
                if place != position or packed[0] is None:
                    raise _lost(release, max(place - position, 1))
                yield ReleaseDocument(name, unpack(Packed(*packed), f"document '{name}' {where}"))
                position += 1

    def metadata(self, release: Release) -> bytes | None:
        """Companion of the release."""
        return self._find(release)[2]

    def _page(self, release_id: int, position: int) -> list[tuple[Any, ...]]:
        with self._catalogue.reading() as connection:
            rows = connection.execute(_PAGE, (release_id, position))
            return next(batches(rows, PAGE, lambda row: row[3] or 0), [])

    def _find(self, release: Release) -> tuple[int, int, bytes | None]:
        with self._catalogue.reading() as connection:
            row = connection.execute(_FIND, (release.team, release.dataset, release.name)).fetchone()
        if row is None:
            advice = "List what there is with 'groundtruth dataset releases'"
            raise ReleaseNotFound("release", release.name, f"{release.team}/{release.dataset}", advice)
        return row


def _release(dataset: Dataset, row: tuple[Any, ...], latest: bool) -> Release:
    name, created_at, item_count, class_count, digest, class_names, url_token = row
    return Release(
        name,
        dataset.team,
        dataset.slug,
        ReleaseStatus.COMPLETE,
        parse_timestamp(created_at),
        latest,
        item_count,
        class_count,
        Digest(digest.hex()),
        FORMAT,
        tuple(json.loads(class_names or "[]")),
        bool(url_token),
    )


def _lost(release: Release, count: int) -> IntegrityError:
    return IntegrityError(
        f"release '{release.reference}'",
        f"lacks {count} documents in the hub's catalogue",
        "Run 'groundtruth hub fsck' to see everything that is damaged",
    )
