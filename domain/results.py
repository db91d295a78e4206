"""Results: the scores that predictions reached on a benchmark or in a competition (reference: Polaris, 11.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import attrs

from .artifact import ArtifactId, ArtifactKind, ArtifactMeta, Owner, slugify_artifact
from .credits import contributor_names, web_address
from .errors import InvalidResult, MissingExtra
from .evidence import Evidence
from .notebook import html_table

if TYPE_CHECKING:
    import pandas as pd  # pyright: ignore[reportMissingTypeStubs]

__all__ = [
    "AnyResults",
    "BenchmarkResultsV1",
    "BenchmarkResultsV2",
    "CompetitionResults",
    "Interval",
    "ResultRecord",
    "Results",
    "Score",
]

TABLE_COLUMNS = ("Test set", "Target label", "Metric", "Score")


def _copied(parts: Mapping[str, float]) -> dict[str, float]:
    return dict(parts)


def _exactly(parts: Mapping[str, float]) -> dict[str, str]:
    return {name: repr(value) for name, value in parts.items()}


@attrs.frozen
class Interval:
    """Confidence interval of a score: resampled scores lie in low..high with probability `level`."""

    low: float = attrs.field(converter=float, eq=repr)
    high: float = attrs.field(converter=float, eq=repr)
    level: float = 0.95


@attrs.frozen
class Score:
    """How good the predictions of one target are on one test set by one metric. NaN: not defined there.

    `parts` are the scores of classes and sizes that a metric reports besides its number, by name. Two undefined
    scores are equal, though NaN is not.
    """

    test_set: str
    target: str
    metric: str
    value: float = attrs.field(converter=float, eq=repr)
    interval: Interval | None = None
    parts: Mapping[str, float] = attrs.field(factory=dict[str, float], converter=_copied, eq=_exactly, hash=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """Test set, target and metric: what the score is the score of."""
        return self.test_set, self.target, self.metric

    def __str__(self) -> str:
        return f"{self.test_set}/{self.target}/{self.metric}"


@attrs.frozen
class ResultRecord:
    """All scores of one test set and target, by metric."""

    test_set: str
    target: str
    scores: Mapping[str, float] = attrs.field(hash=False)


def _scores(given: Iterable[Score]) -> tuple[Score, ...]:
    scores = tuple(given)
    if not scores:
        raise InvalidResult("results", "hold no score")
    seen: set[tuple[str, str, str]] = set()
    for score in scores:
        if score.key in seen:
            raise InvalidResult("results", f"hold two scores for '{score}'", "Give each metric one per target")
        seen.add(score.key)
    return scores


@attrs.frozen(kw_only=True)
class Results:
    """What all results have: scores, each named once by test set, target and metric, and who made them how.

    Values never change: `attrs.evolve` makes others, and checks names and addresses as construction does. The model
    is what a leaderboard groups results by.
    """

    scores: tuple[Score, ...] = attrs.field(converter=_scores)
    meta: ArtifactMeta = attrs.field(factory=ArtifactMeta)
    contributors: tuple[str, ...] = attrs.field(default=(), converter=contributor_names)
    code_url: str | None = attrs.field(default=None, validator=web_address)
    report_url: str | None = attrs.field(default=None, validator=web_address)
    model: ArtifactId | None = None
    evidence: Evidence | None = None

    def _repr_html_(self) -> str:
        caption = f"{self.meta.name or 'Results'} on {self.subject or 'a benchmark'}"
        return html_table(caption, (*TABLE_COLUMNS, "Interval"), (_cells(score) for score in self.scores))

    @property
    def subject(self) -> ArtifactId | None:
        """Id of the benchmark or competition."""
        return None

    @property
    def urn(self) -> str | None:
        """`urn:polaris:result:<owner>:<slug>`, or None until both are known."""
        return self.meta.urn(ArtifactKind.RESULT)

    def with_meta(self, **changes: Any) -> Self:
        """Change name, owner, description, ...; a first name also gives the slug.

        Raises:
            InvalidName: a name or slug breaks the rules of names.
        """
        return attrs.evolve(self, meta=attrs.evolve(self.meta, **changes))

    def score(self, metric: str, test_set: str, target: str) -> Score:
        """Return one score.

        Raises:
            InvalidResult: there is none of that name.
        """
        for score in self.scores:
            if score.key == (test_set, target, metric):
                return score
        raise InvalidResult("results", f"hold no score '{test_set}/{target}/{metric}'")

    def records(self) -> tuple[ResultRecord, ...]:
        """One record per test set and target, sorted by these; inside, scores keep their order."""
        found: dict[tuple[str, str], dict[str, float]] = {}
        for score in self.scores:
            found.setdefault((score.test_set, score.target), {})[score.metric] = score.value
        return tuple(ResultRecord(*key, found[key]) for key in sorted(found))

    def table(self) -> list[dict[str, Any]]:
        """Rows `Test set, Target label, Metric, Score`, in the order of the scores."""
        rows = ((score.test_set, score.target, score.metric, score.value) for score in self.scores)
        return [dict(zip(TABLE_COLUMNS, row, strict=True)) for row in rows]

    def as_dataframe(self) -> pd.DataFrame:
        """Return the table as a pandas data frame.

        Raises:
            MissingExtra: pandas is not installed.
        """
        try:
            import pandas as pd  # pyright: ignore[reportMissingTypeStubs]
        except ImportError:
            raise MissingExtra("a data frame of results", "pandas") from None
        return pd.DataFrame(self.table(), columns=list(TABLE_COLUMNS))


@attrs.frozen(kw_only=True)
class OnBenchmark(Results):
    """What results on benchmarks have.

    `benchmark_name` and `benchmark_owner` are the old way to name the benchmark; together they give its id.
    """

    benchmark: ArtifactId | None = None
    benchmark_name: str | None = None
    benchmark_owner: Owner | None = None

    def __attrs_post_init__(self) -> None:
        if self.benchmark is None and self.benchmark_name and self.benchmark_owner:
            identity = ArtifactId(self.benchmark_owner.slug, slugify_artifact(self.benchmark_name))
            object.__setattr__(self, "benchmark", identity)

    @property
    def subject(self) -> ArtifactId | None:
        """Id of the benchmark; None when it has no owner or name yet."""
        return self.benchmark


@attrs.frozen(kw_only=True)
class BenchmarkResultsV1(OnBenchmark):
    """Results on a benchmark of version 1."""


@attrs.frozen(kw_only=True)
class BenchmarkResultsV2(OnBenchmark):
    """Results on a benchmark of version 2."""


@attrs.frozen(kw_only=True)
class CompetitionResults(Results):
    """Results of a submission to a competition."""

    competition_name: str
    competition_owner: Owner

    @property
    def subject(self) -> ArtifactId:
        """Id of the competition."""
        return ArtifactId(self.competition_owner.slug, slugify_artifact(self.competition_name))


AnyResults = BenchmarkResultsV1 | BenchmarkResultsV2 | CompetitionResults


def _cells(score: Score) -> tuple[object, ...]:
    interval = "" if score.interval is None else f"{score.interval.low:.6g} to {score.interval.high:.6g}"
    return (*score.key[:2], score.metric, score.value, interval)


def scores_from_table(rows: Iterable[Mapping[str, Any]]) -> tuple[Score, ...]:
    """Read rows that have exactly the columns of `Results.table`.

    Raises:
        InvalidResult: other columns, or a score that is no number.
    """
    scores: list[Score] = []
    for row in rows:
        if set(row) != set(TABLE_COLUMNS):
            found, wanted = ", ".join(map(str, row)), ", ".join(TABLE_COLUMNS)
            raise InvalidResult("results table", f"has the columns {found}", f"Use exactly {wanted}")
        test_set, target, metric, value = (row[column] for column in TABLE_COLUMNS)
        scores.append(Score(str(test_set), str(target), str(metric), _number(value, str(metric))))
    return tuple(scores)


def scores_from_records(records: Sequence[ResultRecord]) -> tuple[Score, ...]:
    """Flatten records, in their order."""
    return tuple(
        Score(record.test_set, record.target, metric, value)
        for record in records
        for metric, value in record.scores.items()
    )


def _number(value: Any, metric: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidResult(f"score of '{metric}'", f"is {value!r}, not a number") from None
