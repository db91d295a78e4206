"""Models on the shelf."""

from __future__ import annotations

import contextlib
import sqlite3

import attrs

from ...domain.artifact import ArtifactId, ArtifactKind
from ...domain.errors import NotFound
from ...domain.hub_rules import check_replaces
from ...domain.model import Model
from ...domain.publication import Publication
from ...ports.artifacts import DocumentStyle
from ...ports.benchmarks import Listing, Receipt
from .records import Draft
from .store import Part

KIND = ArtifactKind.MODEL


@attrs.frozen
class Models(Part):
    """Implements `ports.benchmarks.ModelShelf`."""

    def list_models(self, limit: int, offset: int) -> Listing[ArtifactId]:
        """Models the actor may see."""
        return self.listing(KIND, limit, offset)

    def get_model(self, model: ArtifactId) -> Model:
        """The model."""
        return self.store.codec.load_model(self.find(KIND, model).document)

    def put_model(self, model: Model, publication: Publication) -> Receipt:
        """Store a model; of one that exists only the readme can be replaced."""
        meta, identity = publication.of(KIND, model.meta, self.actor)
        model = attrs.evolve(model, meta=meta)
        draft = Draft(KIND, identity, self.store.codec.dump_model(model, DocumentStyle.DISK))
        with self.store.catalogue.writing() as connection:
            if not self.store.records.is_wanted(connection, draft, publication.if_exists):
                return Receipt(identity, self.store.location(draft), written=False)
            self._check_unchanged(connection, model, identity)
            return self.write(connection, draft, publication, {})

    def _check_unchanged(self, connection: sqlite3.Connection, model: Model, identity: ArtifactId) -> None:
        with contextlib.suppress(NotFound):
            record = self.store.records.find(connection, KIND, identity, self.actor)
            check_replaces(model, self.store.codec.load_model(record.document))
