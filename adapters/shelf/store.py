"""What all parts of the shelf work with."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from ...domain.artifact import ArtifactId, ArtifactKind
from ...domain.publication import Publication
from ...ports.arrays import ArrayFiles
from ...ports.artifacts import ArtifactCodec
from ...ports.benchmarks import Judge, Listing, Receipt
from ...ports.checksum import TreeHasher
from ...ports.clock import Clock
from ...ports.index_sets import IndexSetCodec
from .catalogue import Catalogue
from .copies import Copies
from .folders import Folders, Staged
from .records import Draft, Record, Records
from .revisions import Revisions

FILES = "files"
DATASET = "dataset"
LABELS = "labels"
"""Roles of revisions: an artifact's own files, the dataset of a benchmark, the labelled dataset of a competition."""


class Store:
    """Catalogue, folders and codecs of one shelf, whoever asks."""

    def __init__(
        self,
        root: Path,
        arrays: ArrayFiles,
        codec: ArtifactCodec,
        index_sets: IndexSetCodec,
        hasher: TreeHasher,
        clock: Clock,
        judge: Judge,
        name: str,
    ) -> None:
        self.root = root
        self.codec = codec
        self.index_sets = index_sets
        self.hasher = hasher
        self.clock = clock
        self.judge = judge
        self.name = name
        self.catalogue = Catalogue(root, clock)
        self.folders = Folders(root)
        self.revisions = Revisions(self.folders, hasher, clock)
        self.copies = Copies(self.revisions, arrays, codec, hasher)
        self.records = Records(clock, name)

    def location(self, draft: Draft) -> str:
        """Address of an artifact, as other tools of ours take it: the hub has no pages to look at."""
        return f"groundtruth://{self.name}/{draft.kind}/{draft.id}"


@attrs.frozen
class Part:
    """A part of the hub as one actor uses it."""

    store: Store
    actor: str | None

    def listing(
        self, kind: ArtifactKind, limit: int, offset: int, about: ArtifactId | None = None
    ) -> Listing[ArtifactId]:
        """Part of the list of a kind."""
        with self.store.catalogue.reading() as connection:
            return self.store.records.listing(connection, kind, self.actor, limit, offset, about)

    def find(self, kind: ArtifactKind, wanted: ArtifactId) -> Record:
        """The artifact of that id, or NotFound."""
        with self.store.catalogue.reading() as connection:
            return self.store.records.find(connection, kind, wanted, self.actor)

    def receipt_if_kept(self, draft: Draft, publication: Publication) -> Receipt | None:
        """The answer if the artifact is there and is to stay; asked before any work is done for it."""
        with self.store.catalogue.reading() as connection:
            if self.store.records.is_wanted(connection, draft, publication.if_exists):
                return None
        return Receipt(draft.id, self.store.location(draft), written=False)

    def write(
        self, connection: sqlite3.Connection, draft: Draft, publication: Publication, uses: Mapping[str, int]
    ) -> Receipt:
        """Write the row and what it uses; in a write transaction in which it `is_wanted`."""
        row = self.store.records.write(connection, draft, publication)
        self.store.revisions.use(connection, row, uses)
        return Receipt(draft.id, self.store.location(draft))

    def put_files(
        self,
        draft: Draft,
        publication: Publication,
        staged: Mapping[str, Staged],
        shared: Mapping[str, int] | None = None,
        check: Callable[[sqlite3.Connection, Draft], None] | None = None,
    ) -> Receipt:
        """Put an artifact with its files, by role, and with revisions of others that it shares.

        `check` is asked last, and may refuse.
        """
        with self.store.catalogue.writing() as connection:
            # Somebody else may have been first.
            if not self.store.records.is_wanted(connection, draft, publication.if_exists):
                return Receipt(draft.id, self.store.location(draft), written=False)
            if check is not None:
                check(connection, draft)
            uses = dict(shared or {})
            for role, files in staged.items():
                kind = LABELS if role == LABELS else str(draft.kind)
                parent = f"{kind}/{draft.id}"
                uses[role] = self.store.revisions.add(connection, files, parent, secret=role == LABELS)
            return self.write(connection, draft, publication, uses)

    def put_document(self, draft: Draft, publication: Publication) -> Receipt:
        """Put an artifact that has no files."""
        with self.store.catalogue.writing() as connection:
            if not self.store.records.is_wanted(connection, draft, publication.if_exists):
                return Receipt(draft.id, self.store.location(draft), written=False)
            return self.write(connection, draft, publication, {})
