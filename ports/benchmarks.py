"""Benchmark hubs: datasets as arrays, benchmarks, competitions, models and results, each kind on a shelf of its own.

What holds for every method:

- **Who asks** is fixed when the hub is opened: a user or team (the actor), or nobody. Public artifacts are seen by
  everyone; a private one is, for anybody but its owner, not there: it is not listed, not counted, and `NotFound`.
- **Names.** An artifact is `owner/slug`, once for each kind. Only the actor's own names can be written: another
  owner is `AccessDenied`, as is writing when nobody asks. What has no name or slug is `InvalidInput`.
- **Putting is atomic.** Others see what was there before or all of what was put; a put that failed or was killed
  changes nothing that can be seen, and the same put again carries on where it can. Of several at once, one is
  first; the policy decides about the others.
- **Lists** are sorted by owner and slug, as text; `limit` 0 lists nothing and still tells the total.
- Every method may raise `AccessDenied` and `Unavailable`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import attrs

from ..domain.array_dataset import ArrayDataset
from ..domain.artifact import ArtifactId
from ..domain.benchmark import Benchmark
from ..domain.competition import Competition
from ..domain.leaderboard import Keep, Leaderboard
from ..domain.model import Model
from ..domain.policies import ChecksumStrategy
from ..domain.publication import Publication
from ..domain.results import AnyResults, CompetitionResults
from ..domain.submission import CompetitionPredictions

T = TypeVar("T")

PAGE = 100
"""Artifacts a list holds unless told otherwise (reference: Polaris, section 3.3)."""


@attrs.frozen
class Listing(Generic[T]):
    """Part of a list, and how long the whole of it is."""

    items: tuple[T, ...] = attrs.field(converter=tuple)
    total: int


@attrs.frozen
class Receipt:
    """What a hub answers to a put: the name it gave, where the artifact is shown, and whether anything was written.

    `written` is False where the policy is to skip and the artifact was there already.
    """

    id: ArtifactId
    location: str
    written: bool = True


class DatasetShelf(Protocol):
    """Datasets as arrays."""

    def list_datasets(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Datasets the actor may see."""
        ...

    def get_dataset(
        self, dataset: ArtifactId, strategy: ChecksumStrategy = ChecksumStrategy.VERIFY_UNLESS_ZARR
    ) -> ArrayDataset:
        """The dataset, whose rows are read when asked for. It stays readable while it is replaced.

        Raises:
            NotFound: there is none.
            DigestMismatch: the strategy verifies, and bytes differ from what was put; names the first such file.
        """
        ...

    def put_dataset(self, dataset: ArrayDataset, publication: Publication) -> Receipt:
        """Store a dataset, rows and all. Memory does not follow its size.

        Raises:
            NameTaken: it exists and the policy is to raise; nothing was read or copied.
        """
        ...


class BenchmarkShelf(Protocol):
    """Benchmarks on datasets of the same hub."""

    def list_benchmarks(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Benchmarks the actor may see."""
        ...

    def get_benchmark(
        self, benchmark: ArtifactId, strategy: ChecksumStrategy = ChecksumStrategy.VERIFY_UNLESS_ZARR
    ) -> Benchmark:
        """The benchmark over its dataset; a hub may keep it on the data it was put with, if that is replaced.

        Seeing a benchmark gives no right to its dataset.

        Raises:
            NotFound: there is none, or the actor may not see its dataset.
            DigestMismatch: the strategy verifies, and the dataset, the split or the benchmark's own checksum differs.
        """
        ...

    def put_benchmark(self, benchmark: Benchmark, publication: Publication) -> Receipt:
        """Store a benchmark; not its dataset, which has to be on the hub, under its own name and with its checksum.

        Raises:
            NotFound: the hub has no such dataset that the actor may see.
            DigestMismatch: the hub's dataset of that name is another one, as far as their sizes and checksums tell.
            NameTaken: it exists and the policy is to raise.
        """
        ...


class ModelShelf(Protocol):
    """Models: what made predictions."""

    def list_models(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Models the actor may see."""
        ...

    def get_model(self, model: ArtifactId) -> Model:
        """The model.

        Raises:
            NotFound: there is none.
        """
        ...

    def put_model(self, model: Model, publication: Publication) -> Receipt:
        """Store a model. Of one that exists only the readme can be replaced (reference: Polaris, section 11.4).

        Raises:
            NameTaken: it exists and the policy is to raise.
            Conflict: it exists, is to be replaced, and differs in more than its readme.
        """
        ...


class ResultDesk(Protocol):
    """Results on benchmarks, and who leads."""

    def put_results(self, results: AnyResults, publication: Publication) -> Receipt:
        """Publish results. Without a slug they are given one that follows from what they hold, so that sending the
        same again does not make them twice. They never change, unless the policy is to replace them as a whole.

        Raises:
            NotFound: the hub has no such benchmark that the actor may see.
            InvalidInput: they name no benchmark, or are of a competition, which gives its results itself.
            NameTaken: they exist and the policy is to raise.
        """
        ...

    def list_results(
        self, benchmark: ArtifactId | None = None, limit: int = PAGE, offset: int = 0
    ) -> Listing[ArtifactId]:
        """Results the actor may see, of one benchmark or of all. An unknown benchmark has none."""
        ...

    def get_results(self, results: ArtifactId) -> AnyResults:
        """The results as they were put, with owner and slug.

        Raises:
            NotFound: there are none.
        """
        ...

    def leaderboard(self, benchmark: ArtifactId, keep: Keep = Keep.BEST) -> Leaderboard:
        """Results on the benchmark that the actor may see, the best first; of those of one model, which `keep` says.

        Raises:
            NotFound: there is no such benchmark.
        """
        ...


@attrs.frozen
class Submission:
    """Predictions that a competition's hub took, and the scores it gave them."""

    id: ArtifactId
    competition: ArtifactId
    submitted_at: dt.datetime
    results: CompetitionResults


Judge = Callable[[Competition, CompetitionPredictions], CompetitionResults]
"""Scores a submission by a competition that has its labels; errors as `domain.evaluation.evaluate_submission`."""


class CompetitionDesk(Protocol):
    """Competitions as those who take part see them."""

    def list_competitions(self, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Competitions the actor may see."""
        ...

    def get_competition(
        self, competition: ArtifactId, strategy: ChecksumStrategy = ChecksumStrategy.VERIFY_UNLESS_ZARR
    ) -> Competition:
        """The competition without what has to be predicted: no test row has a target, and none can be reached.

        Its owner gets the same.

        Raises:
            NotFound: there is none.
            DigestMismatch: as `DatasetShelf.get_dataset`.
        """
        ...

    def submit_predictions(self, predictions: CompetitionPredictions, publication: Publication) -> Submission:
        """Hand predictions in and have them scored where the labels are. All or nothing.

        A private submission is seen by who made it and by the competition's owner.

        Raises:
            NotFound: there is no such competition.
            InvalidPredictions: they do not fit the competition; says how.
            SubmissionRefused: it has not begun or is over, or the actor has no submission left.
            NameTaken: the actor has a submission of that name; no policy replaces one. Predictions without a name
                get one that follows from what they hold.
        """
        ...

    def list_submissions(self, competition: ArtifactId, limit: int = PAGE, offset: int = 0) -> Listing[ArtifactId]:
        """Submissions to a competition that the actor may see.

        Raises:
            NotFound: there is no such competition.
        """
        ...

    def get_submission(self, submission: ArtifactId) -> Submission:
        """A submission with its scores.

        Raises:
            NotFound: there is none that the actor may see.
        """
        ...

    def standings(self, competition: ArtifactId, keep: Keep = Keep.BEST) -> Leaderboard:
        """Scores of the submissions that the actor may see, the best first; as `ResultDesk.leaderboard`.

        Raises:
            NotFound: there is no such competition.
        """
        ...


class CompetitionOffice(Protocol):
    """Competitions as those who hold them see them: with labels."""

    def put_competition(self, competition: Competition, publication: Publication) -> Receipt:
        """Store a competition given with all its labels. What participants can read is a copy without them.

        Raises:
            NameTaken: it exists and the policy is to raise.
            Conflict: it exists and has submissions, which were judged by what is there.
        """
        ...

    def labelled_competition(self, competition: ArtifactId) -> Competition:
        """The competition with its labels.

        Raises:
            NotFound: there is none.
            AccessDenied: the actor does not own it.
        """
        ...

    def submitted_predictions(self, submission: ArtifactId) -> CompetitionPredictions:
        """The predictions of a submission, for who made it and for the competition's owner.

        Raises:
            NotFound: there is no such submission that the actor may see.
            AccessDenied: the actor sees its scores only.
        """
        ...


class BenchmarkHub(DatasetShelf, BenchmarkShelf, ModelShelf, ResultDesk, CompetitionDesk, Protocol):
    """What an adapter for a benchmark hub implements."""

    @property
    def name(self) -> str:
        """Name of the hub in messages."""
        ...


class ServableBenchmarkHub(BenchmarkHub, CompetitionOffice, Protocol):
    """A benchmark hub of this machine, which can be given to others."""

    @property
    def actor(self) -> str | None:
        """Who asks; None: nobody, who sees what is public."""
        ...

    def as_actor(self, actor: str | None) -> ServableBenchmarkHub:
        """The same hub for somebody else. Cheap; what this one has open is shared."""
        ...
