"""Datasets, benchmarks, competitions, models and results of a benchmark hub: list, get and put them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import TypeVar

import attrs

from ..domain.array_dataset import ArrayDataset
from ..domain.artifact import ArtifactId, ArtifactKind
from ..domain.benchmark import Benchmark
from ..domain.competition import Competition
from ..domain.errors import InvalidInput
from ..domain.leaderboard import Keep
from ..domain.model import Model
from ..domain.policies import Access, ChecksumStrategy, ConflictPolicy
from ..domain.publication import Publication
from ..domain.results import AnyResults
from ..ports.benchmarks import PAGE, BenchmarkHub, BenchmarkShelf, DatasetShelf, Listing, Receipt
from .checksums import VerifyDataset, checksum_strategy

Word = TypeVar("Word", bound=enum.StrEnum)

PRIVATELY = Publication()
DEFAULT = ChecksumStrategy.VERIFY_UNLESS_ZARR


def publication(
    access: str = Access.PRIVATE,
    if_exists: str = ConflictPolicy.RAISE,
    owner: str | None = None,
    parent: str | None = None,
) -> Publication:
    """Read how to put an artifact by its words.

    Raises:
        InvalidInput: an unknown word, or a parent that is not `owner/slug`.
    """
    return Publication(
        _word(Access, access, "access"),
        _word(ConflictPolicy, if_exists, "policy for what exists"),
        owner,
        ArtifactId.parse(parent) if parent is not None else None,
    )


def keep_of(word: str) -> Keep:
    """Read which results of one model stand on a leaderboard.

    Raises:
        InvalidInput: an unknown word.
    """
    return _word(Keep, word, "choice of results")


def _word(kind: type[Word], given: str, what: str) -> Word:
    try:
        return kind(given)
    except ValueError:
        raise InvalidInput(f"{what} {given!r}", "is not known", f"Choose one of {', '.join(kind)}") from None


@attrs.frozen
class ListArtifacts:
    """List the artifacts of a kind that may be seen."""

    hub: BenchmarkHub

    def __call__(self, kind: ArtifactKind, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Part of the list, sorted.

        Raises:
            InvalidInput: a negative number, or a kind that has no list of its own.
        """
        if limit < 0 or offset < 0:
            raise InvalidInput(f"limit {limit} and offset {offset}", "cannot be negative", "Count from 0")
        return self._page(kind)(limit, offset)

    def every(self, kind: ArtifactKind) -> Iterator[ArtifactId]:
        """The whole list, fetched page by page; errors as a call."""
        page, offset = self._page(kind), 0
        while True:
            listing = page(PAGE, offset)
            yield from listing.items
            offset += len(listing.items)
            if not listing.items or offset >= listing.total:
                return

    def _page(self, kind: ArtifactKind) -> Callable[[int, int], Listing[ArtifactId]]:
        pages: dict[ArtifactKind, Callable[[int, int], Listing[ArtifactId]]] = {
            ArtifactKind.DATASET: self.hub.list_datasets,
            ArtifactKind.BENCHMARK: self.hub.list_benchmarks,
            ArtifactKind.COMPETITION: self.hub.list_competitions,
            ArtifactKind.MODEL: self.hub.list_models,
            ArtifactKind.RESULT: lambda limit, offset: self.hub.list_results(None, limit, offset),
        }
        if kind not in pages:
            raise InvalidInput(f"artifacts of the kind '{kind}'", "have no list", f"Choose one of {', '.join(pages)}")
        return pages[kind]


@attrs.frozen
class GetArtifact:
    """Get an artifact by its id, written `owner/slug`, and a checksum strategy by its word.

    Raises (every method):
        InvalidInput: not an id, or an unknown strategy.
        NotFound: there is none that may be seen.
        DigestMismatch: the strategy verifies, and bytes differ.
    """

    hub: BenchmarkHub

    def dataset(self, identity: str, strategy: str | bool = DEFAULT) -> ArrayDataset:
        """A dataset."""
        return self.hub.get_dataset(ArtifactId.parse(identity), checksum_strategy(strategy))

    def benchmark(self, identity: str, strategy: str | bool = DEFAULT) -> Benchmark:
        """A benchmark over its dataset."""
        return self.hub.get_benchmark(ArtifactId.parse(identity), checksum_strategy(strategy))

    def competition(self, identity: str, strategy: str | bool = DEFAULT) -> Competition:
        """A competition as participants see it."""
        return self.hub.get_competition(ArtifactId.parse(identity), checksum_strategy(strategy))

    def model(self, identity: str) -> Model:
        """A model."""
        return self.hub.get_model(ArtifactId.parse(identity))

    def results(self, identity: str) -> AnyResults:
        """Results."""
        return self.hub.get_results(ArtifactId.parse(identity))


@attrs.frozen
class PutDataset:
    """Put a dataset on a hub, with a checksum that is its own."""

    datasets: DatasetShelf
    verify: VerifyDataset

    def __call__(
        self, dataset: ArrayDataset, how: Publication = PRIVATELY, strategy: ChecksumStrategy = DEFAULT
    ) -> Receipt:
        """Compare the data with the checksum it claims, as the strategy has it, and put it.

        A version 1 dataset that claims none is given one: benchmarks on it are told apart by it.

        Raises:
            DigestMismatch: the data is not what its checksum says; nothing was put.
            NameTaken, AccessDenied: as `ports.benchmarks.DatasetShelf.put_dataset`.
        """
        if dataset.version == 1:
            unknown = dataset.md5sum is None
            report = self.verify(dataset, ChecksumStrategy.VERIFY if unknown else strategy)
            dataset = attrs.evolve(dataset, md5sum=report.md5sum)
        return self.datasets.put_dataset(dataset, how)


@attrs.frozen
class PutBenchmark:
    """Put a benchmark on a hub; its dataset has to be there."""

    benchmarks: BenchmarkShelf

    def __call__(self, benchmark: Benchmark, how: Publication = PRIVATELY) -> Receipt:
        """Put the benchmark, a version 1 one with its checksum if that of its dataset is known.

        Raises:
            NotFound: the dataset is not there.
            NameTaken, AccessDenied: as `ports.benchmarks.BenchmarkShelf.put_benchmark`.
        """
        if benchmark.version == 1 and benchmark.md5sum is None and benchmark.dataset.md5sum is not None:
            benchmark = attrs.evolve(benchmark, md5sum=benchmark.checksum())
        return self.benchmarks.put_benchmark(benchmark, how)
