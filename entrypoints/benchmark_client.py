"""The Python face of benchmarks: datasets as arrays, benchmarks, competitions, models and results.

from groundtruth import Client

client = Client.local()
benchmark = client.get_benchmark("example-team", "diabetes")
train, test = benchmark.get_train_test_split()
results = benchmark.evaluate(model.fit(train.X, train.y).predict(test.X))
client.upload_results(results.with_meta(name="linear"), access="public")
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ..domain.artifact import ArtifactId, ArtifactKind, Owner, check_artifact_slug, slugify_artifact
from ..domain.errors import InvalidInput, InvalidName

if TYPE_CHECKING:
    from ..application.results import ResultsComparison
    from ..domain.array_dataset import ArrayDataset
    from ..domain.benchmark import Benchmark
    from ..domain.competition import Competition
    from ..domain.evaluation import EvaluationOptions
    from ..domain.leaderboard import Leaderboard
    from ..domain.model import Model
    from ..domain.results import AnyResults, BenchmarkResultsV1, BenchmarkResultsV2, CompetitionResults
    from ..domain.submission import CompetitionPredictions
    from ..domain.verification import Verification
    from ..ports.benchmarks import Submission
    from .container import Container

R = TypeVar("R")
AnyPath = str | os.PathLike[str]
AnyOwner = str | Owner
Artifact = "ArrayDataset | Benchmark | Model | AnyResults"

VERIFY = "verify_unless_zarr"


def identity(owner: AnyOwner, name: str | None = None) -> str:
    """`owner/slug` of what is named by owner and name, or by both in one text; a name gives its slug.

    Raises:
        InvalidName: it is no such name.
    """
    if name is None:
        return str(ArtifactId.parse(str(owner)))
    try:
        slug = check_artifact_slug(name)
    except InvalidName:
        slug = slugify_artifact(name)
    return str(ArtifactId(str(owner), slug))


class BenchmarkMethods:
    """What a client does with benchmarks and all that belongs to them.

    `verify_checksum` is `verify`, `verify_unless_zarr` or `ignore`. `access` is `public` or `private`. Every value
    returned is frozen: what a hub added to it (owner, slug, checksum) is in the value that an upload returns.
    """

    container: Container

    # --- datasets --------------------------------------------------------------------------------------

    def list_datasets(self, limit: int = 100, offset: int = 0) -> list[str]:
        """Datasets of arrays that may be seen, as `owner/slug`, sorted."""
        return self._listed(ArtifactKind.DATASET, limit, offset)

    def get_dataset(
        self, owner: AnyOwner, name: str | None = None, verify_checksum: str | bool | None = VERIFY
    ) -> ArrayDataset:
        """A dataset, whose rows are read when asked for.

        Raises:
            NotFound: there is none that may be seen.
            DigestMismatch: its data are not what its checksum says; names the first file that differs.
        """
        return self.container.get_artifact().dataset(identity(owner, name), _strategy(verify_checksum))

    def upload_dataset(
        self,
        dataset: ArrayDataset,
        access: str = "private",
        timeout: object = None,
        owner: AnyOwner | None = None,
        if_exists: str = "replace",
        parent_artifact_id: str | None = None,
    ) -> ArrayDataset:
        """Put a dataset on the hub, rows and all; return the hub's. `timeout` matters to hubs on the web only.

        Raises:
            NameTaken: it exists, and `if_exists` is `raise`.
            DigestMismatch: its data are not what its checksum says.
        """
        del timeout
        receipt = self.container.put_dataset()(dataset, _publication(access, if_exists, owner, parent_artifact_id))
        return self.get_dataset(str(receipt.id), verify_checksum="ignore")

    def cache_dataset(self, dataset: ArrayDataset, folder: AnyPath, if_exists: str = "skip") -> ArrayDataset:
        """Copy the data of a dataset into a folder; return the dataset that reads the copy.

        An interrupted copy is taken up where it stopped. The dataset's document is not written: see `save`.
        """
        from ..application.artifacts import publication

        policy = publication(if_exists=if_exists).if_exists
        return self.container.array_files().cache(dataset, Path(folder), policy)

    # --- benchmarks ------------------------------------------------------------------------------------

    def list_benchmarks(self, limit: int = 100, offset: int = 0) -> list[str]:
        """Benchmarks that may be seen, as `owner/slug`, sorted."""
        return self._listed(ArtifactKind.BENCHMARK, limit, offset)

    def get_benchmark(
        self, owner: AnyOwner, name: str | None = None, verify_checksum: str | bool | None = VERIFY
    ) -> Benchmark:
        """A benchmark over its dataset; errors as `get_dataset`."""
        found = self.container.get_artifact().benchmark(identity(owner, name), _strategy(verify_checksum))
        return self._judged(found)

    def upload_benchmark(
        self,
        benchmark: Benchmark,
        access: str = "private",
        owner: AnyOwner | None = None,
        parent_artifact_id: str | None = None,
        if_exists: str = "raise",
    ) -> Benchmark:
        """Put a benchmark on the hub; not its dataset, which has to be there. Return the hub's.

        Raises:
            NotFound: the hub has no such dataset.
            NameTaken: it exists, and `if_exists` is `raise`.
        """
        receipt = self.container.put_benchmark()(
            benchmark, _publication(access, if_exists, owner, parent_artifact_id)
        )
        return self.get_benchmark(str(receipt.id), verify_checksum="ignore")

    def evaluate(
        self,
        benchmark: Benchmark,
        y_pred: object = None,
        y_prob: object = None,
        options: EvaluationOptions | None = None,
    ) -> BenchmarkResultsV1 | BenchmarkResultsV2:
        """Score predictions with evidence, whoever made the benchmark; as `benchmark.evaluate`."""
        return self._judged(benchmark).evaluate(y_pred, y_prob, options)

    def leaderboard(self, owner: AnyOwner, name: str | None = None, keep: str = "best") -> Leaderboard:
        """Results on a benchmark, the best first; of those of one model the `best`, the `latest` or `all`."""
        from ..application.artifacts import keep_of

        return self.container.benchmark_hub().leaderboard(ArtifactId.parse(identity(owner, name)), keep_of(keep))

    # --- results ---------------------------------------------------------------------------------------

    def list_results(self, benchmark: str | ArtifactId | None = None, limit: int = 100, offset: int = 0) -> list[str]:
        """Results that may be seen, of one benchmark or of all, as `owner/slug`, sorted."""
        about = ArtifactId.parse(str(benchmark)) if benchmark is not None else None
        return [str(one) for one in self.container.benchmark_hub().list_results(about, limit, offset).items]

    def get_results(self, owner: AnyOwner, name: str | None = None) -> AnyResults:
        """Results as they were published."""
        return self.container.get_artifact().results(identity(owner, name))

    def upload_results(
        self,
        results: AnyResults,
        access: str = "private",
        owner: AnyOwner | None = None,
        if_exists: str = "raise",
    ) -> AnyResults:
        """Publish results; return them with the owner and slug they have on the hub.

        Raises:
            NotFound: the hub has no such benchmark.
            NameTaken: results of that name exist, and `if_exists` is `raise`.
        """
        receipt = self.container.benchmark_hub().put_results(results, _publication(access, if_exists, owner))
        return self.get_results(str(receipt.id))

    def verify_results(
        self, results: AnyResults, benchmark: Benchmark, y_pred: object = None, y_prob: object = None
    ) -> Verification:
        """Compute results again from the predictions, and tell what differs."""
        return self.container.verify_results()(results, benchmark, y_pred, y_prob)

    def compare_results(
        self, benchmark: Benchmark | Competition, first: AnyResults, second: AnyResults
    ) -> ResultsComparison:
        """Compare two results on one benchmark, score by score."""
        from ..application.results import Claim

        return self.container.compare_results()(benchmark, Claim(first), Claim(second))

    # --- competitions ----------------------------------------------------------------------------------

    def list_competitions(self, limit: int = 100, offset: int = 0) -> list[str]:
        """Competitions that may be seen, as `owner/slug`, sorted."""
        return self._listed(ArtifactKind.COMPETITION, limit, offset)

    def get_competition(
        self, owner: AnyOwner, name: str | None = None, verify_checksum: str | bool | None = VERIFY
    ) -> Competition:
        """A competition by owner and name, or by its id alone; without what has to be predicted."""
        return self.container.get_artifact().competition(identity(owner, name), _strategy(verify_checksum))

    def upload_competition(
        self,
        competition: Competition,
        access: str = "private",
        owner: AnyOwner | None = None,
        if_exists: str = "raise",
    ) -> Competition:
        """Hold a competition: give it with all its labels, which stay on the hub. Return what participants get."""
        hub = self.container.benchmark_hub()
        receipt = hub.put_competition(competition, _publication(access, if_exists, owner))
        return self.get_competition(str(receipt.id), verify_checksum="ignore")

    def submit_competition_predictions(
        self,
        competition: Competition,
        competition_predictions: CompetitionPredictions | Any,
        access: str = "private",
        owner: AnyOwner | None = None,
    ) -> Submission:
        """Hand predictions in; the hub scores them. Bare predictions, in any shape, will do.

        Raises:
            SubmissionRefused: the competition has not begun or is over, or no submission is left.
            InvalidPredictions: they do not fit the competition.
        """
        predictions = self._for(competition, competition_predictions)
        return self.container.benchmark_hub().submit_predictions(predictions, _publication(access, "raise", owner))

    def evaluate_competition(
        self, competition: Competition, competition_predictions: CompetitionPredictions | Any
    ) -> CompetitionResults:
        """Hand predictions in and return their scores. It counts as a submission: the labels stay on the hub."""
        return self.submit_competition_predictions(competition, competition_predictions).results

    def standings(self, owner: AnyOwner, name: str | None = None, keep: str = "best") -> Leaderboard:
        """Submissions to a competition that may be seen, the best first; as `leaderboard`."""
        from ..application.artifacts import keep_of

        return self.container.benchmark_hub().standings(ArtifactId.parse(identity(owner, name)), keep_of(keep))

    # --- models ----------------------------------------------------------------------------------------

    def list_models(self, limit: int = 100, offset: int = 0) -> list[str]:
        """Models that may be seen, as `owner/slug`, sorted."""
        return self._listed(ArtifactKind.MODEL, limit, offset)

    def get_model(self, artifact_id: AnyOwner, name: str | None = None) -> Model:
        """A model, by its id or by owner and name."""
        return self.container.get_artifact().model(identity(artifact_id, name))

    def upload_model(
        self,
        model: Model,
        access: str = "private",
        owner: AnyOwner | None = None,
        parent_artifact_id: str | None = None,
        if_exists: str = "raise",
    ) -> Model:
        """Put a model on the hub. Of one that exists only the readme can be replaced."""
        hub = self.container.benchmark_hub()
        receipt = hub.put_model(model, _publication(access, if_exists, owner, parent_artifact_id))
        return self.get_model(str(receipt.id))

    # --- files -----------------------------------------------------------------------------------------

    def load_dataset(self, path: AnyPath, verify_checksum: str | bool | None = VERIFY) -> ArrayDataset:
        """A dataset of this machine (its JSON, its folder, a `.zarr` archive, a `.parquet` table), or of the hub."""
        if not is_local(path):
            return self.get_dataset(str(path), verify_checksum=verify_checksum)
        return self.container.artifact_files().load_dataset(Path(path), checked(verify_checksum))

    def load_benchmark(self, path: AnyPath, verify_checksum: str | bool | None = VERIFY) -> Benchmark:
        """A benchmark of this machine (its JSON, or the folder of it), or of the hub."""
        if not is_local(path):
            return self.get_benchmark(str(path), verify_checksum=verify_checksum)
        return self._judged(self.container.artifact_files().load_benchmark(Path(path), checked(verify_checksum)))

    def load_results(self, path: AnyPath) -> AnyResults:
        """Results of this machine (their JSON), or of the hub."""
        return (
            self.container.artifact_files().load_results(Path(path))
            if is_local(path)
            else self.get_results(str(path))
        )

    def load_model(self, path: AnyPath) -> Model:
        """A model of this machine (its JSON), or of the hub."""
        return self.container.artifact_files().load_model(Path(path)) if is_local(path) else self.get_model(str(path))

    def load_competition(self, path: AnyPath, verify_checksum: str | bool | None = VERIFY) -> Competition:
        """A competition of this machine (its JSON, the dataset beside it), or of the hub."""
        if not is_local(path):
            return self.get_competition(str(path), verify_checksum=verify_checksum)
        return self.container.artifact_files().load_competition(Path(path), checked(verify_checksum))

    def save(
        self,
        artifact: ArrayDataset | Benchmark | Model | AnyResults,
        destination: AnyPath,
        if_exists: str = "replace",
    ) -> Path:
        """Write an artifact as JSON, which the Polaris client reads too; return the path of the JSON.

        A dataset and a benchmark are written into the folder `destination`, with all data; results and models into
        the file `destination`, or into that folder under their name.
        """
        from ..application.artifacts import publication
        from ..domain.array_dataset import ArrayDataset
        from ..domain.benchmark import Benchmark
        from ..domain.model import Model
        from ..domain.results import Results

        policy, files, path = (
            publication(if_exists=if_exists).if_exists,
            self.container.artifact_files(),
            Path(destination),
        )
        if isinstance(artifact, ArrayDataset):
            return files.save_dataset(artifact, path, policy)
        if isinstance(artifact, Benchmark):
            return files.save_benchmark(artifact, path, policy)
        if isinstance(artifact, Model):
            return files.save_model(artifact, _json(path, artifact.meta.slug or "model"), policy)
        if isinstance(artifact, Results):
            return files.save_results(artifact, _json(path, artifact.meta.slug or "results"), policy)
        raise InvalidInput(f"a {type(artifact).__name__}", "is no artifact that has a file of its own")

    # --- parts -----------------------------------------------------------------------------------------

    def _listed(self, kind: ArtifactKind, limit: int, offset: int) -> list[str]:
        return [str(one) for one in self.container.list_artifacts()(kind, limit, offset).items]

    def _judged(self, benchmark: Benchmark) -> Benchmark:
        """The benchmark, with all that can score it."""
        if benchmark.judge is not None:
            return benchmark
        return attrs.evolve(benchmark, judge=self.container.evaluate_predictions())

    def _for(self, competition: Competition, given: CompetitionPredictions | Any) -> CompetitionPredictions:
        from ..domain.submission import CompetitionPredictions

        if isinstance(given, CompetitionPredictions):
            return given
        if competition.artifact_id is None:
            raise InvalidInput("competition", "has no owner or name", "Take it from the hub")
        return CompetitionPredictions(competition=competition.artifact_id, predictions=competition.predictions(given))


def _strategy(given: str | bool | None) -> str | bool:
    # None is documented by the Polaris client as "infer a default".
    return VERIFY if given is None else given


def checked(given: str | bool | None) -> Any:
    from ..application.checksums import checksum_strategy

    return checksum_strategy(_strategy(given))


def _publication(access: str, if_exists: str, owner: AnyOwner | None = None, parent: str | None = None) -> Any:
    from ..application.artifacts import publication

    return publication(access, if_exists, None if owner is None else str(owner), parent)


def is_local(path: AnyPath) -> bool:
    """Tell a path of this machine from `owner/slug`."""
    text = os.fspath(path)
    return Path(text).exists() or text.endswith((".json", ".zarr", ".parquet")) or not isinstance(path, str)


def _json(path: Path, name: str) -> Path:
    return path if path.suffix == ".json" else path / f"{name}.json"
