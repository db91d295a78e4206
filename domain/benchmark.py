"""Benchmark: a dataset, what to predict from what, a split and the metrics that judge (reference: Polaris, 7)."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from .array_dataset import ArrayDataset
from .artifact import ArtifactId, ArtifactKind, ArtifactMeta
from .benchmark_checksum import benchmark_checksum, checksum_parts
from .benchmark_split import TEST, AnySplit, LabelledSplits, SplitV1, SplitV2
from .errors import InvalidBenchmark, NotFound
from .metrics.spec import MetricSpec
from .notebook import html_facts
from .subset import Featurize, Subset, column_names
from .target_types import TargetType, count_classes, infer_target_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .arrays import np
    from .evaluation import EvaluationOptions
    from .results import BenchmarkResultsV1, BenchmarkResultsV2

    Judge = Callable[["Benchmark", object, object, EvaluationOptions], BenchmarkResultsV1 | BenchmarkResultsV2]

__all__ = ["Benchmark", "TaskType"]


class TaskType(enum.StrEnum):
    """How many targets a benchmark has."""

    SINGLE_TASK = "single_task"
    MULTI_TASK = "multi_task"


def _types(given: Mapping[str, TargetType | str | None]) -> dict[str, TargetType]:
    """Target types as declared; null means that nothing is."""
    known: dict[str, TargetType] = {}
    for name, one in given.items():
        if one is not None:
            try:
                known[name] = TargetType(one)
            except ValueError:
                raise InvalidBenchmark(
                    f"target type {one!r} of '{name}'", "is not known", f"Choose one of {', '.join(TargetType)}"
                ) from None
    return known


def _metrics(given: Iterable[MetricSpec | str | Mapping[str, Any]]) -> tuple[MetricSpec, ...]:
    if isinstance(given, str | Mapping):
        raise InvalidBenchmark("metrics", "are not a list", "Put a single metric in a list, too")
    return tuple(map(MetricSpec.parse, given))


def _named(metric: MetricSpec | str | None) -> str | None:
    return metric.name if isinstance(metric, MetricSpec) else metric


@attrs.frozen(eq=False, repr=False)
class Benchmark:
    """A task that others can be measured on.

    The split says which kind it is: `SplitV1` trains on one set and tests on several; `SplitV2` is the one split of
    version 2; `LabelledSplits` are several of them. Version 1 infers target types and counts classes, version 2
    takes what is declared. Version 2 may leave scoring to the hub, and then has no metrics.

    Columns keep the order given, each once. `md5sum` is the checksum a document claims; `checksum` computes it.
    `judge` is who `evaluate` has the predictions scored by, where metrics need a library (detection, poses).
    """

    version: int
    meta: ArtifactMeta
    dataset: ArrayDataset
    target_cols: tuple[str, ...] = attrs.field(converter=column_names)
    input_cols: tuple[str, ...] = attrs.field(converter=column_names)
    split: AnySplit
    metrics: tuple[MetricSpec, ...] = attrs.field(default=(), converter=_metrics)
    main_metric: str | None = attrs.field(default=None, converter=_named)
    declared_types: Mapping[str, TargetType] = attrs.field(
        factory=dict[str, TargetType], converter=_types, alias="target_types"
    )
    declared_classes: Mapping[str, int | None] = attrs.field(factory=dict[str, int | None], alias="n_classes")
    readme: str = ""
    artifact_version: int = 1
    artifact_changelog: str | None = None
    md5sum: str | None = None
    judge: Judge | None = None

    def __attrs_post_init__(self) -> None:
        if self.version not in (1, 2):
            raise InvalidBenchmark(f"version {self.version}", "of a benchmark is not known", "Use 1 or 2")
        if self.version == 1 and not isinstance(self.split, SplitV1):
            raise InvalidBenchmark("split", "is one of version 2", "Give version 1 one training set and named tests")
        if self.version == 1 and self.dataset.version != 1:
            raise InvalidBenchmark("dataset", "is one of version 2", "Make a benchmark of version 2")
        self._check_columns()
        self._check_metrics()
        self.split.check_rows(len(self.dataset))

    def _check_columns(self) -> None:
        known = self.dataset.column_names
        for role, names in (("target", self.target_cols), ("input", self.input_cols)):
            if not names:
                raise InvalidBenchmark("benchmark", f"has no {role} column", "Name at least one")
            for name in names:
                if name not in known:
                    raise InvalidBenchmark(
                        f"{role} column '{name}'", "is none of the dataset", f"Columns: {', '.join(known)}"
                    )
        classes = tuple(self.declared_classes) if self.version == 2 else ()  # version 1 counts, whatever is said
        for what, given in (("target types", tuple(self.declared_types)), ("class numbers", classes)):
            for name in given:
                if name not in self.target_cols:
                    raise InvalidBenchmark(
                        what, f"name '{name}', which is no target", f"Targets: {', '.join(self.target_cols)}"
                    )

    def _check_metrics(self) -> None:
        if self.version == 1 and not self.metrics:
            raise InvalidBenchmark("benchmark", "has no metric", "Name at least one")
        for what, values in (
            ("the same metric", [str(one) for one in self.metrics]),
            ("metrics of one name", [one.name for one in self.metrics]),
        ):
            twice = next((value for i, value in enumerate(values) if value in values[:i]), None)
            if twice is not None:
                raise InvalidBenchmark(
                    "benchmark", f"has {what} twice: {twice}", "Drop one, or give it a name of its own"
                )
        names = [one.name for one in self.metrics]
        if self.main_metric not in (names or [None]):
            raise InvalidBenchmark(
                f"main metric {self.main_metric!r}", "is none of the metrics", f"Metrics: {', '.join(names)}"
            )

    def __repr__(self) -> str:
        return f"Benchmark({self.meta.name or 'unnamed'}, version {self.version}, {self.split!r})"

    def _repr_html_(self) -> str:
        # Types of targets are those that are declared: to infer the others would be to read them.
        targets = ", ".join(f"{name} ({self.declared_types.get(name, '?')})" for name in self.target_cols)
        facts = [
            ("Dataset", self.dataset_artifact_id),
            ("Targets", targets.replace(" (?)", "")),
            ("Inputs", ", ".join(self.input_cols)),
            ("Training rows", self.n_train_datapoints),
            *((f"Test rows, {label}", size) for label, size in self.test_set_sizes.items()),
            ("Metrics", ", ".join(one.name for one in self.metrics)),
            ("Main metric", self.main_metric),
        ]
        return html_facts(repr(self), facts)

    # --- what it says of itself ------------------------------------------------------------------------

    @property
    def artifact_id(self) -> ArtifactId | None:
        """`owner/slug`, or None until both are known."""
        return self.meta.artifact_id

    @property
    def urn(self) -> str | None:
        """`urn:polaris:benchmark:<owner>:<slug>`, or None until both are known."""
        return self.meta.urn(ArtifactKind.BENCHMARK)

    @property
    def dataset_artifact_id(self) -> ArtifactId | None:
        """`owner/slug` of the dataset."""
        return self.dataset.meta.artifact_id

    @property
    def task_type(self) -> TaskType:
        """Single-task with one target, multi-task with several."""
        return TaskType.SINGLE_TASK if len(self.target_cols) == 1 else TaskType.MULTI_TASK

    def check_task_type(self, expected: TaskType) -> None:
        """Check that it has as many targets as `expected` says; raise InvalidBenchmark."""
        if self.task_type is not expected:
            raise InvalidBenchmark(
                f"a {expected} benchmark",
                f"cannot have {len(self.target_cols)} target columns",
                "A single task has one, a multi task at least two",
            )

    @cached_property
    def target_types(self) -> Mapping[str, TargetType]:
        """Type of each target that has one: as declared, else (version 1) as its column tells."""
        known = {name: self.declared_types.get(name) or self._inferred_type(name) for name in self.target_cols}
        return {name: one for name, one in known.items() if one is not None}

    def _inferred_type(self, name: str) -> TargetType | None:
        return infer_target_type(self.dataset.columns.stored, name) if self.version == 1 else None

    @cached_property
    def n_classes(self) -> Mapping[str, int | None]:
        """Number of classes per classification target: counted over all rows (version 1), else as declared.

        Of pointers it is their texts that are counted.
        """
        if self.version != 1:
            return self.declared_classes
        return {
            name: count_classes(self.dataset.columns.stored, name)
            for name, one in self.target_types.items()
            if one is TargetType.CLASSIFICATION
        }

    def metric(self, name: str) -> MetricSpec:
        """The metric of that name.

        Raises:
            NotFound: there is none.
        """
        for one in self.metrics:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.metrics)
        raise NotFound("metric", name, "the benchmark", f"Metrics: {known}")

    # --- rows ------------------------------------------------------------------------------------------

    def test_rows(self, label: str = TEST) -> NDArray[np.intp]:
        """Positions of the rows of a test set, in the order predictions have; raises NotFound."""
        return self.split.test_rows(label)

    @property
    def test_set_labels(self) -> tuple[str, ...]:
        """Labels of the test sets, sorted."""
        return tuple(sorted(self.split.test_sizes))

    @property
    def test_set_sizes(self) -> dict[str, int]:
        """Rows of each test set, in the order given."""
        return self.split.test_sizes

    n_test_datapoints = test_set_sizes

    @property
    def n_test_sets(self) -> int:
        """Number of test sets."""
        return len(self.split.test_sizes)

    @property
    def n_train_datapoints(self) -> int | dict[str, int]:
        """Training rows; of labelled splits, of each."""
        return self.split.train_size

    # --- subsets ---------------------------------------------------------------------------------------

    def get_train_test_split(self, featurization_fn: Featurize | None = None) -> Any:
        """Make the subsets to train and test on; test subsets hide their targets.

        `(train, test)`: for `SplitV1` test is a subset if there is one test set, else a dict by label; for
        `SplitV2` it is `{"test": subset}`. `LabelledSplits` give `{label: (train, test)}`.
        """
        match self.split:
            case SplitV1():
                tests = {
                    label: self._subset(rows, featurization_fn, True) for label, rows in self.split.tests.items()
                }
                test = next(iter(tests.values())) if len(tests) == 1 else tests
                return self._subset(self.split.train, featurization_fn), test
            case SplitV2():
                train, test = self._pair(self.split, featurization_fn)
                return train, {TEST: test}
            case LabelledSplits():
                return {label: self._pair(one, featurization_fn) for label, one in self.split.by_label.items()}

    def _pair(self, split: SplitV2, featurization_fn: Featurize | None) -> tuple[Subset, Subset]:
        train = self._subset(split.training.positions, featurization_fn)
        return train, self._subset(split.test.positions, featurization_fn, True)

    def _subset(self, rows: NDArray[np.intp], fn: Featurize | None, hide_targets: bool = False) -> Subset:
        return Subset.of(self.dataset, rows, self.input_cols, self.target_cols, None, fn, hide_targets)

    # --- evaluation ------------------------------------------------------------------------------------

    def evaluate(
        self, y_pred: object = None, y_prob: object = None, options: EvaluationOptions | None = None
    ) -> BenchmarkResultsV1 | BenchmarkResultsV2:
        """Score predictions by every metric, for every target and test set.

        `y_pred` are values and class labels, `y_prob` probabilities and scores: an array for one target and test
        set, a dict by target or by test set, or `{test set: {target: array}}`. Errors as `evaluation.evaluate`.
        """
        from .evaluation import SCORES_ONLY, evaluate  # which needs this module

        chosen = options or SCORES_ONLY
        if self.judge is not None:
            return self.judge(self, y_pred, y_prob, chosen)
        return evaluate(self, y_pred, y_prob, options=chosen)

    # --- checksum --------------------------------------------------------------------------------------

    def checksum_parts(self, dataset_md5sum: str | None = None) -> Iterator[str]:
        """Yield the texts that make up the checksum of a version 1 benchmark.

        `dataset_md5sum` is by default the known one of the dataset; a benchmark neither computes nor checks it.

        Raises:
            InvalidBenchmark: it is of version 2, which has no checksum, or that of the dataset is not known.
        """
        known = dataset_md5sum or self.dataset.md5sum
        if not isinstance(self.split, SplitV1) or self.version != 1:
            raise InvalidBenchmark("benchmark", "is of version 2, which has no checksum", "Compare its index sets")
        if known is None:
            raise InvalidBenchmark(
                "checksum of the benchmark", "depends on that of its dataset, which is not known", "Compute it first"
            )
        texts = [str(one) for one in self.metrics]
        return checksum_parts(known, self.target_cols, self.input_cols, texts, self.split)

    def checksum(self, dataset_md5sum: str | None = None) -> str:
        """Compute the hex md5 of a version 1 benchmark; errors as `checksum_parts`."""
        return benchmark_checksum(self.checksum_parts(dataset_md5sum))
