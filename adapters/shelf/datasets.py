"""Datasets on the shelf."""

from __future__ import annotations

import attrs

from ...domain.array_dataset import ArrayDataset
from ...domain.artifact import ArtifactId, ArtifactKind
from ...domain.policies import ChecksumStrategy
from ...domain.publication import Publication
from ...ports.artifacts import DatasetDocument, DocumentStyle
from ...ports.benchmarks import Listing, Receipt
from .records import Draft
from .store import FILES, Part

KIND = ArtifactKind.DATASET


@attrs.frozen
class Datasets(Part):
    """Implements `ports.benchmarks.DatasetShelf`."""

    def list_datasets(self, limit: int, offset: int) -> Listing[ArtifactId]:
        """Datasets the actor may see."""
        return self.listing(KIND, limit, offset)

    def get_dataset(self, dataset: ArtifactId, strategy: ChecksumStrategy) -> ArrayDataset:
        """The dataset, read from the shelf's own files."""
        with self.store.catalogue.reading() as connection:
            record = self.store.records.find(connection, KIND, dataset, self.actor)
            revision = self.store.revisions.of(connection, record.row, FILES)
        return self.store.copies.open(revision, strategy, f"{KIND} '{dataset}'")

    def put_dataset(self, dataset: ArrayDataset, publication: Publication) -> Receipt:
        """Store a dataset."""
        meta, identity = publication.of(KIND, dataset.meta, self.actor)
        dataset = attrs.evolve(dataset, meta=meta)
        # Where the archive was says nothing about it, and may tell more of the owner's machine than they want.
        described = attrs.evolve(DatasetDocument.of(dataset), zarr_root=None, table=None)
        document = self.store.codec.dump_dataset(described, DocumentStyle.DISK)
        draft = Draft(KIND, identity, document, dataset.version)
        kept = self.receipt_if_kept(draft, publication)
        if kept is not None:
            return kept
        with self.store.copies.staged(dataset, identity) as staged:
            return self.put_files(draft, publication, {FILES: staged})
