"""Competition: a task whose labels stay on the hub; predictions go in, scores come out (reference: Polaris, 11.3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .array_dataset import ArrayDataset
from .artifact import ArtifactId, ArtifactKind, ArtifactMeta
from .benchmark import TaskType
from .benchmark_split import SplitV1
from .errors import InvalidCompetition, InvalidPredictions, SubmissionRefused
from .masked_columns import MaskedColumns
from .metrics.spec import MetricSpec
from .notebook import html_facts
from .predictions import Predictions
from .submission import CompetitionPredictions
from .subset import Subset
from .target_types import TargetType

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .arrays import np

__all__ = ["Competition", "CompetitionPredictions", "SubmissionLimits"]

_DAY = dt.timedelta(days=1)


@attrs.frozen(kw_only=True)
class SubmissionLimits:
    """How often one owner may submit: on one day (UTC) and in all. None: as often as they like."""

    per_day: int | None = None
    total: int | None = None

    def __attrs_post_init__(self) -> None:
        for what, number in (("per day", self.per_day), ("in all", self.total)):
            if number is not None and number < 1:
                reason = f"allows {number} {what}"
                raise InvalidCompetition("submission limit", reason, "Allow at least 1, or set no limit")

    def check(self, earlier: Iterable[dt.datetime], now: dt.datetime) -> None:
        """Refuse one more submission where `earlier` ones of the same owner use up the limit.

        Raises:
            SubmissionRefused: says which limit, and when the next day begins.
        """
        made = [moment.astimezone(dt.UTC) for moment in earlier]
        if self.total is not None and len(made) >= self.total:
            raise SubmissionRefused("submission", f"is one too many: {self.total} are allowed in all")
        today = now.astimezone(dt.UTC).date()
        if self.per_day is not None and sum(moment.date() == today for moment in made) >= self.per_day:
            tomorrow = dt.datetime.combine(today + _DAY, dt.time(), dt.UTC).isoformat()
            reason = f"is one too many: {self.per_day} are allowed a day"
            raise SubmissionRefused("submission", reason, f"Submit again from {tomorrow}", tomorrow)


NO_LIMITS = SubmissionLimits()


def _aware(_: Any, field: Any, moment: dt.datetime) -> None:
    if moment.tzinfo is None:
        raise InvalidCompetition(f"{field.name} of the competition", "has no time zone", "Give it one, such as UTC")


def _names(values: str | Iterable[str]) -> tuple[str, ...]:
    # Order is kept, duplicates vanish: the peer makes sets of them.
    return (values,) if isinstance(values, str) else tuple(dict.fromkeys(values))


@attrs.frozen(eq=False, kw_only=True)
class Competition:
    """A dataset, a task on it, a split and the time to take part.

    Where the labels are, `dataset` holds them; `public()` is what participants get. `metrics` may be empty: then
    only the hub knows how it scores.
    """

    meta: ArtifactMeta
    dataset: ArrayDataset
    target_cols: tuple[str, ...] = attrs.field(converter=_names)
    input_cols: tuple[str, ...] = attrs.field(converter=_names)
    split: SplitV1
    start_time: dt.datetime = attrs.field(validator=_aware)
    end_time: dt.datetime = attrs.field(validator=_aware)
    metrics: tuple[MetricSpec, ...] = attrs.field(default=(), converter=tuple)
    main_metric: str | None = None
    target_types: Mapping[str, TargetType] = attrs.field(factory=dict[str, TargetType])
    n_classes: Mapping[str, int | None] = attrs.field(factory=dict[str, "int | None"])
    limits: SubmissionLimits = NO_LIMITS
    readme: str = ""
    artifact_version: int = 1
    artifact_changelog: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.end_time <= self.start_time:
            raise InvalidCompetition("competition", f"ends {self.end_time} but starts {self.start_time}")
        self._check_columns()
        self._check_metrics()
        self.split.check_rows(len(self.dataset))

    def _check_columns(self) -> None:
        known = self.dataset.column_names
        for what, columns in (("target", self.target_cols), ("input", self.input_cols)):
            if not columns:
                raise InvalidCompetition("competition", f"has no {what} column")
            for column in columns:
                if column not in known:
                    advice = f"Columns: {', '.join(known)}"
                    raise InvalidCompetition(f"{what} column '{column}'", "is none of the dataset", advice)
        for what, keys in (("target types", self.target_types), ("numbers of classes", self.n_classes)):
            if foreign := [key for key in keys if key not in self.target_cols]:
                raise InvalidCompetition(what, f"are given for columns that are no targets: {foreign}")

    def _check_metrics(self) -> None:
        names = [metric.name for metric in self.metrics]
        if len(set(names)) != len(names) or len(set(map(str, self.metrics))) != len(names):
            raise InvalidCompetition("competition", f"lists a metric twice: {', '.join(names)}")
        if self.main_metric not in (names or [None]):
            advice = f"Metrics: {', '.join(names)}"
            raise InvalidCompetition(f"main metric {self.main_metric!r}", "is none of the metrics", advice)

    def __repr__(self) -> str:
        return f"Competition({self.meta.name or 'unnamed'}, {self.start_time} to {self.end_time}, {self.dataset!r})"

    def _repr_html_(self) -> str:
        facts = [
            ("Begins", self.start_time),
            ("Ends", self.end_time),
            ("Targets", ", ".join(self.target_cols)),
            ("Inputs", ", ".join(self.input_cols)),
            ("Training rows", self.n_train_datapoints),
            *((f"Test rows, {label}", size) for label, size in self.test_set_sizes.items()),
            ("Metrics", ", ".join(metric.name for metric in self.metrics)),
        ]
        return html_facts(f"Competition {self.artifact_id or self.meta.name or 'unnamed'}", facts)

    @property
    def artifact_id(self) -> ArtifactId | None:
        """`owner/slug`, or None until both are known."""
        return self.meta.artifact_id

    @property
    def urn(self) -> str | None:
        """`urn:polaris:competition:<owner>:<slug>`."""
        return self.meta.urn(ArtifactKind.COMPETITION)

    @property
    def task_type(self) -> TaskType:
        """Single-task with one target, multi-task with several."""
        return TaskType.SINGLE_TASK if len(self.target_cols) == 1 else TaskType.MULTI_TASK

    @property
    def test_set_labels(self) -> tuple[str, ...]:
        """Labels of the test sets, sorted."""
        return tuple(sorted(self.split.tests))

    @property
    def test_set_sizes(self) -> dict[str, int]:
        """Rows of each test set, in the order of the split."""
        return {label: len(rows) for label, rows in self.split.tests.items()}

    @property
    def n_train_datapoints(self) -> int:
        """Rows to train on."""
        return len(self.split.train)

    def test_rows(self, label: str) -> NDArray[np.intp]:
        """Positions of the rows of a test set, in the order in which they are predicted."""
        return self.split.tests[label]

    def get_train_test_split(
        self, featurization_fn: Callable[[Any], Any] | None = None
    ) -> tuple[Subset, Subset | dict[str, Subset]]:
        """Return training and test rows, whose targets are hidden; several test sets come by label."""

        def subset(rows: NDArray[Any], hidden: bool) -> Subset:
            return Subset.of(
                self.dataset, rows, self.input_cols, self.target_cols,
                featurization_fn=featurization_fn, hide_targets=hidden,
            )  # fmt: skip

        tests = {label: subset(self.split.tests[label], True) for label in self.test_set_labels}
        return subset(self.split.train, False), next(iter(tests.values())) if len(tests) == 1 else tests

    def public(self) -> Competition:
        """Return what participants may have: the same, over a dataset that holds no target of any test row."""
        shown = self.dataset
        hidden = MaskedColumns.of(shown.columns, self.target_cols, list(self.split.tests.values()))
        annotations = {
            name: attrs.evolve(known, is_pointer=known.is_pointer and name not in self.target_cols)
            for name, known in shown.annotations.items()
        }
        # Where the labelled archive is, and its checksum, are nobody's business either.
        root = shown.zarr_root if any(known.is_pointer for known in annotations.values()) else None
        public = attrs.evolve(shown, columns=hidden, annotations=annotations, md5sum=None, zarr_root=root)
        return attrs.evolve(self, dataset=public)

    def predictions(self, given: object) -> Predictions:
        """Bring predictions for this competition into normal form; errors as `Predictions.of`."""
        return Predictions.of(given, self.target_cols, self.test_set_labels, self.test_set_sizes)

    def check_submission(
        self, submission: CompetitionPredictions, now: dt.datetime, earlier: Sequence[dt.datetime] = ()
    ) -> None:
        """Refuse what cannot be scored now; `earlier` are the times of the same owner's submissions.

        Raises:
            SubmissionRefused: the competition has not begun or is over, or the limit is reached.
            InvalidPredictions: they are for something else, or other test sets or targets.
        """
        if now < self.start_time:
            opens = self.start_time.isoformat()
            raise SubmissionRefused("competition", f"has not begun: it opens {opens}", f"Submit from {opens}", opens)
        if now >= self.end_time:
            raise SubmissionRefused("competition", f"is over since {self.end_time.isoformat()}")
        self.limits.check(earlier, now)
        if submission.competition != self.artifact_id:
            raise InvalidPredictions("predictions", f"are for {submission.competition}, not for {self.artifact_id}")
        self.predictions(submission.predictions.values)
