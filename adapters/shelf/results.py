"""Results on the shelf."""

from __future__ import annotations

import json

import attrs

from ...domain.artifact import ArtifactId, ArtifactKind
from ...domain.hub_rules import board, derived_slug, subject_of
from ...domain.leaderboard import Keep, Leaderboard
from ...domain.publication import Publication
from ...domain.results import AnyResults
from ...ports.artifacts import DocumentStyle
from ...ports.benchmarks import Listing, Receipt
from .benchmarks import Benchmarks
from .records import Draft
from .stamps import parse_timestamp
from .store import Part

KIND = ArtifactKind.RESULT


@attrs.frozen
class ResultShelf(Part):
    """Implements `ports.benchmarks.ResultDesk`."""

    def put_results(self, results: AnyResults, publication: Publication) -> Receipt:
        """Publish results."""
        subject = subject_of(results)
        self.find(ArtifactKind.BENCHMARK, subject)
        codec = self.store.codec
        content = json.dumps(codec.dump_results(results, DocumentStyle.DISK), sort_keys=True).encode()
        meta, identity = publication.of(KIND, results.meta, self.actor, derived_slug(KIND, content))
        document = codec.dump_results(attrs.evolve(results, meta=meta), DocumentStyle.DISK)
        return self.put_document(Draft(KIND, identity, document, about=subject), publication)

    def list_results(self, benchmark: ArtifactId | None, limit: int, offset: int) -> Listing[ArtifactId]:
        """Results the actor may see."""
        return self.listing(KIND, limit, offset, benchmark)

    def get_results(self, results: ArtifactId) -> AnyResults:
        """The results as they were put."""
        return self.store.codec.load_results(self.find(KIND, results).document)

    def leaderboard(self, benchmark: ArtifactId, keep: Keep) -> Leaderboard:
        """Results the actor may see, the best first."""
        records, codec = self.store.records, self.store.codec
        subject = Benchmarks(self.store, self.actor).described(benchmark)
        with self.store.catalogue.reading() as connection:
            found = list(records.about(connection, KIND, benchmark, self.actor))
        return board(
            benchmark,
            subject,
            ((codec.load_results(one.document), parse_timestamp(one.published_at)) for one in found),
            keep,
        )
