"""Small benchmarks and competitions for tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from groundtruth.domain.array_dataset import ArrayDataset
from groundtruth.domain.artifact import ArtifactId, ArtifactMeta, Owner
from groundtruth.domain.benchmark import Benchmark
from groundtruth.domain.benchmark_split import AnySplit, SplitV1
from groundtruth.domain.columns import ArrayColumns, Columns, object_array
from groundtruth.domain.competition import Competition
from groundtruth.domain.metrics.spec import MetricSpec
from groundtruth.domain.predictions import Predictions
from groundtruth.domain.submission import CompetitionPredictions

OWNER = Owner("test-org")
START, END = dt.datetime(2025, 1, 1, tzinfo=dt.UTC), dt.datetime(2025, 2, 1, tzinfo=dt.UTC)

COLUMNS: dict[str, Any] = {
    "x": np.arange(10.0),
    "y": np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, np.nan]),
    "z": np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]),
    "group": object_array("aabbaabbaa"),
}
SPLIT = SplitV1.of([0, 1, 2, 3], {"near": [4, 5, 6], "far": [9, 8, 7]})


def table(columns: Mapping[str, Any] | Columns = COLUMNS, version: int = 1) -> ArrayDataset:
    """A dataset of these columns."""
    held = columns
    if isinstance(columns, Mapping):
        held = ArrayColumns({name: np.asarray(values) for name, values in columns.items()})
    meta = ArtifactMeta(name="dataset-1", owner=OWNER)
    return ArrayDataset(version, meta, held, md5sum="0" * 32 if version == 1 else None)


def benchmark(
    metrics: Sequence[Any] = ("mean_absolute_error",),
    targets: Sequence[str] = ("y",),
    split: AnySplit = SPLIT,
    dataset: ArrayDataset | None = None,
    inputs: Sequence[str] = ("x",),
    version: int = 1,
) -> Benchmark:
    """A benchmark on it."""
    specs = tuple(MetricSpec.parse(metric) for metric in metrics)
    return Benchmark(
        version=version,
        meta=ArtifactMeta(name="bench_1", owner=OWNER),
        dataset=dataset or table(version=version),
        target_cols=tuple(targets),
        input_cols=tuple(inputs),
        split=split,
        metrics=specs,
        main_metric=specs[0].name if specs else None,
    )


def competition(**changes: Any) -> Competition:
    """A competition on it, with labels."""
    fields: dict[str, Any] = {
        "meta": ArtifactMeta(name="Comp_1", owner=OWNER),
        "dataset": table(version=2),
        "target_cols": ["y", "z"],
        "input_cols": "x",
        "split": SPLIT,
        "start_time": START,
        "end_time": END,
        "metrics": [MetricSpec.parse("mean_absolute_error")],
        "main_metric": "mean_absolute_error",
        "n_classes": {"z": 2},
    }
    return Competition(**(fields | changes))


PREDICTED = {"near": {"y": [5, 6, 8], "z": [0, 1, 0]}, "far": {"y": [1, 9, 8], "z": [1, 1, 1]}}


def submission(to: Competition, predicted: object = PREDICTED, **changes: Any) -> CompetitionPredictions:
    """Predictions for it."""
    made = Predictions.of(predicted, to.target_cols, to.test_set_labels, to.test_set_sizes)
    fields: dict[str, Any] = {
        "competition": to.artifact_id or ArtifactId("test-org", "none"),
        "predictions": made,
        "meta": ArtifactMeta(name="Pred_1", owner=Owner("some-user")),
        "report_url": "https://example.org/report",
    }
    return CompetitionPredictions(**(fields | changes))
