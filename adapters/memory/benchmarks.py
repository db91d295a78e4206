"""A whole benchmark hub in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ...domain.array_dataset import ArrayDataset
from ...domain.artifact import ArtifactId, ArtifactKind
from ...domain.benchmark import Benchmark
from ...domain.columns import ArrayColumns
from ...domain.competition import Competition
from ...domain.errors import AccessDenied, Conflict, InvalidInput
from ...domain.evaluation import evaluate_submission
from ...domain.hub_rules import board, check_replaces, check_same_dataset, derived_slug, subject_of
from ...domain.leaderboard import Keep, Leaderboard
from ...domain.model import Model
from ...domain.policies import ChecksumStrategy, ConflictPolicy
from ...domain.publication import Publication
from ...domain.results import AnyResults
from ...domain.submission import CompetitionPredictions
from ...ports.benchmarks import PAGE, Judge, Listing, Receipt, ServableBenchmarkHub, Submission
from ...ports.clock import Clock
from .clock import FakeClock
from .faults import Faults
from .kept import SUBMISSION, ShelfState, ShelfView

DATASET, BENCHMARK, MODEL = ArtifactKind.DATASET, ArtifactKind.BENCHMARK, ArtifactKind.MODEL
RESULT, COMPETITION = ArtifactKind.RESULT, ArtifactKind.COMPETITION


class MemoryBenchmarkHub:
    """Implements `ports.benchmarks.ServableBenchmarkHub` for one process; datasets are read into memory when put."""

    def __init__(
        self,
        actor: str | None,
        clock: Clock | None = None,
        judge: Judge = evaluate_submission,
        name: str = "memory",
        state: ShelfState | None = None,
    ) -> None:
        self.actor = actor
        self.state = state or ShelfState(clock or FakeClock(), judge, name)
        self._view = ShelfView(actor, self.state)

    def as_actor(self, actor: str | None) -> MemoryBenchmarkHub:
        """The same hub for somebody else."""
        return MemoryBenchmarkHub(actor, state=self.state)

    @property
    def name(self) -> str:
        """Name of the hub in messages."""
        return self.state.name

    @property
    def faults(self) -> Faults:
        """What is to fail, by the names of the ports' methods."""
        return self.state.faults

    def damage(self, kind: ArtifactKind, identity: ArtifactId) -> None:
        """Have bytes of an artifact differ from what was put."""
        self.state.kept[kind, identity].is_damaged = True

    # --- datasets and benchmarks --------------------------------------------------------------------

    def list_datasets(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Datasets the actor may see."""
        self.faults.check("list_datasets", limit, offset)
        return self._view.listing(DATASET, limit, offset)

    def get_dataset(
        self, dataset: ArtifactId, strategy: ChecksumStrategy = ChecksumStrategy.VERIFY_UNLESS_ZARR
    ) -> ArrayDataset:
        """The dataset, in memory."""
        self.faults.check("get_dataset", dataset, strategy)
        return self._view.opened(DATASET, dataset, strategy)

    def put_dataset(self, dataset: ArrayDataset, publication: Publication) -> Receipt:
        """Read a dataset into memory."""
        self.faults.check("put_dataset", dataset, publication)
        meta, identity = publication.of(DATASET, dataset.meta, self.actor)
        with self.state.lock:
            wanted = self._view.is_wanted(DATASET, identity, publication.if_exists)
        loaded = attrs.evolve(dataset.load_to_memory(), meta=meta) if wanted else dataset
        return self._view.put(DATASET, identity, publication, loaded)

    def list_benchmarks(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Benchmarks the actor may see."""
        self.faults.check("list_benchmarks", limit, offset)
        return self._view.listing(BENCHMARK, limit, offset)

    def get_benchmark(
        self, benchmark: ArtifactId, strategy: ChecksumStrategy = ChecksumStrategy.VERIFY_UNLESS_ZARR
    ) -> Benchmark:
        """The benchmark over its dataset."""
        self.faults.check("get_benchmark", benchmark, strategy)
        found: Benchmark = self._view.opened(BENCHMARK, benchmark, strategy)
        assert found.dataset_artifact_id is not None
        self._view.opened(DATASET, found.dataset_artifact_id, strategy)
        return found

    def put_benchmark(self, benchmark: Benchmark, publication: Publication) -> Receipt:
        """Store a benchmark over the hub's dataset of that name."""
        self.faults.check("put_benchmark", benchmark, publication)
        meta, identity = publication.of(BENCHMARK, benchmark.meta, self.actor)
        if benchmark.dataset_artifact_id is None:
            raise InvalidInput(f"benchmark '{identity}'", "has a dataset without owner or name", "Put that first")
        dataset: ArrayDataset = self._view.find(DATASET, benchmark.dataset_artifact_id).value
        check_same_dataset(benchmark.dataset, dataset)
        kept = attrs.evolve(benchmark, meta=meta, dataset=dataset)
        return self._view.put(BENCHMARK, identity, publication, kept)

    # --- models -------------------------------------------------------------------------------------

    def list_models(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Models the actor may see."""
        self.faults.check("list_models", limit, offset)
        return self._view.listing(MODEL, limit, offset)

    def get_model(self, model: ArtifactId) -> Model:
        """The model."""
        self.faults.check("get_model", model)
        return self._view.find(MODEL, model).value

    def put_model(self, model: Model, publication: Publication) -> Receipt:
        """Store a model; of one that exists only the readme can be replaced."""
        self.faults.check("put_model", model, publication)
        meta, identity = publication.of(MODEL, model.meta, self.actor)
        model = attrs.evolve(model, meta=meta)
        with self.state.lock:
            there = self.state.kept.get((MODEL, identity))
            if there is not None and publication.if_exists is ConflictPolicy.REPLACE:
                check_replaces(model, there.value)
            return self._view.put(MODEL, identity, publication, model)

    # --- results ------------------------------------------------------------------------------------

    def put_results(self, results: AnyResults, publication: Publication) -> Receipt:
        """Publish results."""
        self.faults.check("put_results", results, publication)
        subject = subject_of(results)
        self._view.find(BENCHMARK, subject)
        meta, identity = publication.of(RESULT, results.meta, self.actor, _fallback(RESULT, results))
        return self._view.put(RESULT, identity, publication, attrs.evolve(results, meta=meta), subject)

    def list_results(
        self, benchmark: ArtifactId | None = None, limit: int = PAGE, offset: int = 0
    ) -> Listing[ArtifactId]:
        """Results the actor may see."""
        self.faults.check("list_results", benchmark, limit, offset)
        return self._view.listing(RESULT, limit, offset, benchmark)

    def get_results(self, results: ArtifactId) -> AnyResults:
        """The results as they were put."""
        self.faults.check("get_results", results)
        return self._view.find(RESULT, results).value

    def leaderboard(self, benchmark: ArtifactId, keep: Keep = Keep.BEST) -> Leaderboard:
        """Results the actor may see, the best first."""
        self.faults.check("leaderboard", benchmark, keep)
        subject: Benchmark = self._view.find(BENCHMARK, benchmark).value
        found = [(one.value, one.published) for one in self._view.seen(RESULT, benchmark)]
        return board(benchmark, subject, found, keep)

    # --- competitions -------------------------------------------------------------------------------

    def list_competitions(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Competitions the actor may see."""
        self.faults.check("list_competitions", limit, offset)
        return self._view.listing(COMPETITION, limit, offset)

    def get_competition(
        self, competition: ArtifactId, strategy: ChecksumStrategy = ChecksumStrategy.VERIFY_UNLESS_ZARR
    ) -> Competition:
        """The competition without labels of test rows."""
        self.faults.check("get_competition", competition, strategy)
        return self._view.opened(COMPETITION, competition, strategy)

    def put_competition(self, competition: Competition, publication: Publication) -> Receipt:
        """Store a competition, and what participants get of it."""
        self.faults.check("put_competition", competition, publication)
        meta, identity = publication.of(COMPETITION, competition.meta, self.actor)
        dataset = attrs.evolve(competition.dataset.load_to_memory(), meta=meta)
        labelled = attrs.evolve(competition, meta=meta, dataset=dataset)
        public = labelled.public()
        public = attrs.evolve(public, dataset=_without_origin(public.dataset))
        with self.state.lock:
            wanted = self._view.is_wanted(COMPETITION, identity, publication.if_exists)
            if wanted and any(
                one.about == identity for (kind, _), one in self.state.kept.items() if kind is SUBMISSION
            ):
                raise Conflict(f"competition '{identity}'", "has submissions", "Hold another one")
            return self._view.put(COMPETITION, identity, publication, public, secret=labelled)

    def labelled_competition(self, competition: ArtifactId) -> Competition:
        """The competition with its labels, for its owner."""
        self.faults.check("labelled_competition", competition)
        one = self._view.find(COMPETITION, competition)
        if competition.owner != self.actor:
            raise AccessDenied(f"hub {self.name}", f"shows the labels of {competition} to its owner only")
        return one.secret

    def submit_predictions(self, predictions: CompetitionPredictions, publication: Publication) -> Submission:
        """Score predictions and keep both."""
        self.faults.check("submit_predictions", predictions, publication)
        competition: Competition = self._view.find(COMPETITION, predictions.competition).secret
        slug = _fallback(SUBMISSION, predictions.predictions.values)
        meta, identity = publication.of(SUBMISSION, predictions.meta, self.actor, slug)
        predictions = attrs.evolve(predictions, meta=meta)
        with self.state.lock:
            now = self.state.clock.now()
            mine = [
                one.published
                for one in self._view.seen(SUBMISSION, predictions.competition)
                if one.id.owner == self.actor
            ]
            competition.check_submission(predictions, now, mine)
            self._view.is_wanted(SUBMISSION, identity, ConflictPolicy.RAISE)
            results = self.state.judge(competition, predictions)
            self._view.put(SUBMISSION, identity, publication, results, predictions.competition, predictions)
        return Submission(identity, predictions.competition, now, results)

    def list_submissions(self, competition: ArtifactId, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Submissions the actor may see."""
        self.faults.check("list_submissions", competition, limit, offset)
        self._view.find(COMPETITION, competition)
        return self._view.listing(SUBMISSION, limit, offset, competition)

    def get_submission(self, submission: ArtifactId) -> Submission:
        """A submission with its scores."""
        self.faults.check("get_submission", submission)
        one = self._view.find(SUBMISSION, submission)
        assert one.about is not None
        return Submission(one.id, one.about, one.published, one.value)

    def submitted_predictions(self, submission: ArtifactId) -> CompetitionPredictions:
        """The predictions of a submission."""
        self.faults.check("submitted_predictions", submission)
        one = self._view.find(SUBMISSION, submission)
        if self.actor not in {one.id.owner, one.about and one.about.owner}:
            raise AccessDenied(f"hub {self.name}", "shows predictions to who made them and who holds the competition")
        return one.secret

    def standings(self, competition: ArtifactId, keep: Keep = Keep.BEST) -> Leaderboard:
        """Scores of the submissions the actor may see, the best first."""
        self.faults.check("standings", competition, keep)
        subject: Competition = self._view.find(COMPETITION, competition).value
        found = [(one.value, one.published) for one in self._view.seen(SUBMISSION, competition)]
        return board(competition, subject, found, keep)


def _fallback(kind: ArtifactKind, content: object) -> str:
    return derived_slug(kind, repr(content).encode())


def _without_origin(dataset: ArrayDataset) -> ArrayDataset:
    """A copy in memory that knows nothing of where it comes from."""
    columns = dataset.columns
    arrays = {name: columns.read(name, slice(None)) for name in columns.names}
    return attrs.evolve(dataset, columns=ArrayColumns(arrays, columns.labels, dataset.dtypes))


if TYPE_CHECKING:

    def _proof(hub: MemoryBenchmarkHub) -> ServableBenchmarkHub:
        # A type checker finds here what the hub lacks of a port.
        return hub
