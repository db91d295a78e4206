"""The shelf, put together."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ...domain.array_dataset import ArrayDataset
from ...domain.artifact import ArtifactId
from ...domain.benchmark import Benchmark
from ...domain.competition import Competition
from ...domain.evaluation import evaluate_submission
from ...domain.leaderboard import Keep, Leaderboard
from ...domain.maintenance import HubCheck, HubCollection
from ...domain.model import Model
from ...domain.policies import ChecksumStrategy
from ...domain.publication import Publication
from ...domain.results import AnyResults
from ...domain.submission import CompetitionPredictions
from ...ports.arrays import ArrayFiles
from ...ports.artifacts import ArtifactCodec
from ...ports.benchmarks import PAGE, Judge, Listing, Receipt, ServableBenchmarkHub, Submission
from ...ports.checksum import TreeHasher
from ...ports.clock import Clock
from ...ports.hub import HubMaintenance
from ...ports.index_sets import IndexSetCodec
from .benchmarks import Benchmarks
from .competitions import Competitions
from .datasets import Datasets
from .maintenance import Checker, Collector
from .models import Models
from .results import ResultShelf
from .store import Store

GRACE = timedelta(days=1)
DEFAULT = ChecksumStrategy.VERIFY_UNLESS_ZARR


class ShelfHub:
    """Implements `ports.benchmarks.ServableBenchmarkHub` and `HubMaintenance` in one folder.

    The folder is made by the first thing put; until then the hub is empty. Thread-safe, and several processes may
    use the same folder. Nothing is kept open between calls. `judge` scores submissions, by default with metrics that
    need no library; `grace` is how long `collect` leaves alone what was replaced or interrupted.
    """

    def __init__(
        self,
        root: Path,
        actor: str | None,
        arrays: ArrayFiles,
        codec: ArtifactCodec,
        index_sets: IndexSetCodec,
        hasher: TreeHasher,
        clock: Clock,
        judge: Judge = evaluate_submission,
        name: str = "local",
        grace: timedelta = GRACE,
    ) -> None:
        self._open(Store(root, arrays, codec, index_sets, hasher, clock, judge, name), actor, grace)

    def _open(self, store: Store, actor: str | None, grace: timedelta) -> None:
        self._store = store
        self._actor = actor
        self._grace = grace
        self._datasets = Datasets(store, actor)
        self._benchmarks = Benchmarks(store, actor)
        self._models = Models(store, actor)
        self._results = ResultShelf(store, actor)
        self._competitions = Competitions(store, actor)

    def as_actor(self, actor: str | None) -> ShelfHub:
        """The same hub for somebody else."""
        view = object.__new__(ShelfHub)
        view._open(self._store, actor, self._grace)
        return view

    @property
    def name(self) -> str:
        """Name of the hub in messages."""
        return self._store.name

    @property
    def actor(self) -> str | None:
        """Who asks."""
        return self._actor

    @property
    def root(self) -> Path:
        """Folder of the hub, whether it exists or not."""
        return self._store.root

    # --- datasets, benchmarks, models ---------------------------------------------------------------

    def list_datasets(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Datasets the actor may see."""
        return self._datasets.list_datasets(limit, offset)

    def get_dataset(self, dataset: ArtifactId, strategy: ChecksumStrategy = DEFAULT) -> ArrayDataset:
        """The dataset, whose rows are read when asked for."""
        return self._datasets.get_dataset(dataset, strategy)

    def put_dataset(self, dataset: ArrayDataset, publication: Publication) -> Receipt:
        """Store a dataset, rows and all."""
        return self._datasets.put_dataset(dataset, publication)

    def list_benchmarks(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Benchmarks the actor may see."""
        return self._benchmarks.list_benchmarks(limit, offset)

    def get_benchmark(self, benchmark: ArtifactId, strategy: ChecksumStrategy = DEFAULT) -> Benchmark:
        """The benchmark over its dataset."""
        return self._benchmarks.get_benchmark(benchmark, strategy)

    def put_benchmark(self, benchmark: Benchmark, publication: Publication) -> Receipt:
        """Store a benchmark; not its dataset."""
        return self._benchmarks.put_benchmark(benchmark, publication)

    def list_models(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Models the actor may see."""
        return self._models.list_models(limit, offset)

    def get_model(self, model: ArtifactId) -> Model:
        """The model."""
        return self._models.get_model(model)

    def put_model(self, model: Model, publication: Publication) -> Receipt:
        """Store a model."""
        return self._models.put_model(model, publication)

    # --- results ------------------------------------------------------------------------------------

    def put_results(self, results: AnyResults, publication: Publication) -> Receipt:
        """Publish results."""
        return self._results.put_results(results, publication)

    def list_results(
        self, benchmark: ArtifactId | None = None, limit: int = PAGE, offset: int = 0
    ) -> Listing[ArtifactId]:
        """Results the actor may see."""
        return self._results.list_results(benchmark, limit, offset)

    def get_results(self, results: ArtifactId) -> AnyResults:
        """The results as they were put."""
        return self._results.get_results(results)

    def leaderboard(self, benchmark: ArtifactId, keep: Keep = Keep.BEST) -> Leaderboard:
        """Results the actor may see, the best first."""
        return self._results.leaderboard(benchmark, keep)

    # --- competitions -------------------------------------------------------------------------------

    def list_competitions(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Competitions the actor may see."""
        return self._competitions.list_competitions(limit, offset)

    def get_competition(self, competition: ArtifactId, strategy: ChecksumStrategy = DEFAULT) -> Competition:
        """The competition without labels of test rows."""
        return self._competitions.get_competition(competition, strategy)

    def submit_predictions(self, predictions: CompetitionPredictions, publication: Publication) -> Submission:
        """Hand predictions in and have them scored."""
        return self._competitions.submit_predictions(predictions, publication)

    def list_submissions(self, competition: ArtifactId, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Submissions to a competition that the actor may see."""
        return self._competitions.list_submissions(competition, limit, offset)

    def get_submission(self, submission: ArtifactId) -> Submission:
        """A submission with its scores."""
        return self._competitions.get_submission(submission)

    def standings(self, competition: ArtifactId, keep: Keep = Keep.BEST) -> Leaderboard:
        """Scores of the submissions the actor may see, the best first."""
        return self._competitions.standings(competition, keep)

    def put_competition(self, competition: Competition, publication: Publication) -> Receipt:
        """Store a competition given with all its labels."""
        return self._competitions.put_competition(competition, publication)

    def labelled_competition(self, competition: ArtifactId) -> Competition:
        """The competition with its labels, for its owner."""
        return self._competitions.labelled_competition(competition)

    def submitted_predictions(self, submission: ArtifactId) -> CompetitionPredictions:
        """The predictions of a submission."""
        return self._competitions.submitted_predictions(submission)

    # --- maintenance --------------------------------------------------------------------------------

    def check(self) -> HubCheck:
        """Look at everything the hub stores; change nothing."""
        return Checker(self._store).check()

    def collect(self, dry_run: bool = False) -> HubCollection:
        """Free what nothing uses."""
        return Collector(self._store, Checker(self._store), self._grace).collect(dry_run)


if TYPE_CHECKING:

    def _proof(hub: ShelfHub) -> tuple[ServableBenchmarkHub, HubMaintenance]:
        # A type checker finds here what the hub lacks of a port.
        return hub, hub
