"""Benchmarks on the shelf: a document, the rows of its splits, and the revision of the dataset it was made on."""

from __future__ import annotations

import contextlib
import secrets

import attrs

from ...domain.artifact import ArtifactId, ArtifactKind
from ...domain.benchmark import Benchmark
from ...domain.benchmark_split import SplitV1
from ...domain.errors import DigestMismatch, InvalidInput
from ...domain.hub_rules import check_same_dataset
from ...domain.policies import ChecksumStrategy
from ...domain.publication import Publication
from ...ports.artifacts import DocumentStyle
from ...ports.benchmarks import Listing, Receipt
from .folders import Staged
from .records import Draft, Record
from .revisions import Revision
from .split_files import read_split, write_split
from .store import DATASET, FILES, Part

KIND = ArtifactKind.BENCHMARK


@attrs.frozen
class Benchmarks(Part):
    """Implements `ports.benchmarks.BenchmarkShelf`."""

    def list_benchmarks(self, limit: int, offset: int) -> Listing[ArtifactId]:
        """Benchmarks the actor may see."""
        return self.listing(KIND, limit, offset)

    def get_benchmark(self, benchmark: ArtifactId, strategy: ChecksumStrategy) -> Benchmark:
        """The benchmark over the data it was put with, also if its dataset was replaced since."""
        with self.store.catalogue.reading() as connection:
            record = self.store.records.find(connection, KIND, benchmark, self.actor)
            assert record.about is not None
            self.store.records.find(connection, ArtifactKind.DATASET, record.about, self.actor)
            files = self.store.revisions.of(connection, record.row, DATASET)
            split = self.store.revisions.find(connection, record.row, FILES)
        found = self._load(record, files, split, strategy)
        if strategy is not ChecksumStrategy.IGNORE:
            _check(found, f"{KIND} '{benchmark}'")
        return found

    def described(self, benchmark: ArtifactId) -> Benchmark:
        """The benchmark for what it says of itself, whoever may see its dataset."""
        with self.store.catalogue.reading() as connection:
            record = self.store.records.find(connection, KIND, benchmark, self.actor)
            files = self.store.revisions.of(connection, record.row, DATASET)
            split = self.store.revisions.find(connection, record.row, FILES)
        return self._load(record, files, split, ChecksumStrategy.IGNORE)

    def _load(self, record: Record, files: Revision, split: Revision | None, strategy: ChecksumStrategy) -> Benchmark:
        what = f"{KIND} '{record.id}'"
        dataset = self.store.copies.open(files, strategy, f"dataset of {what}")
        if split is None:
            return self.store.codec.load_benchmark(record.document, dataset)
        # These files are small and decide what is measured.
        if strategy is not ChecksumStrategy.IGNORE:
            self.store.revisions.verify(split, what)
        rows = read_split(self.store.revisions.path(split, what), self.store.index_sets, len(dataset))
        return self.store.codec.load_benchmark(record.document, dataset, split=rows)

    def put_benchmark(self, benchmark: Benchmark, publication: Publication) -> Receipt:
        """Store a benchmark over the shelf's dataset of that name."""
        meta, identity = publication.of(KIND, benchmark.meta, self.actor)
        about = benchmark.dataset_artifact_id
        if about is None:
            raise InvalidInput(f"{KIND} '{identity}'", "has a dataset without owner or name", "Put the dataset first")
        with self.store.catalogue.reading() as connection:
            data = self.store.records.find(connection, ArtifactKind.DATASET, about, self.actor)
            files = self.store.revisions.of(connection, data.row, FILES)
        check_same_dataset(
            benchmark.dataset, self.store.copies.open(files, ChecksumStrategy.IGNORE, f"dataset '{about}'")
        )
        # On the wire index sets are named by size and digest only: theirs are files of their own here.
        named = attrs.evolve(benchmark, meta=meta)
        document = self.store.codec.dump_benchmark(named, DocumentStyle.WIRE, self.store.index_sets.md5)
        draft = Draft(KIND, identity, document, benchmark.version, about)
        with contextlib.ExitStack() as stack:
            staged: dict[str, Staged] = {}
            if not isinstance(benchmark.split, SplitV1):
                folder = stack.enter_context(self.store.revisions.stage(f"split-{secrets.token_hex(8)}"))
                write_split(benchmark.split, folder, self.store.index_sets)
                staged[FILES] = Staged(folder, self.store.revisions.seal(folder))
            return self.put_files(draft, publication, staged, {DATASET: files.id})


def _check(benchmark: Benchmark, what: str) -> None:
    """Compare the checksum a benchmark claims with its own (reference: Polaris, section 7.4)."""
    if benchmark.md5sum is None or benchmark.dataset.md5sum is None or benchmark.version != 1:
        return
    actual = benchmark.checksum()
    if actual != benchmark.md5sum:
        raise DigestMismatch(what, expected=benchmark.md5sum, actual=actual)
