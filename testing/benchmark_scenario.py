"""What the suites of benchmark hubs share: small artifacts of every kind. Subclass a suite and provide the hub:

class TestMyHub(BenchmarkHubContract):
    @pytest.fixture
    def open_hub(self) -> OpenHub:
        hub = MyHub(...)
        return hub.as_actor
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from ..domain.array_dataset import ArrayDataset
from ..domain.artifact import ArtifactId, ArtifactKind, ArtifactMeta, License
from ..domain.benchmark import Benchmark
from ..domain.benchmark_split import LabelledSplits, SplitV1, SplitV2
from ..domain.columns import ArrayColumns
from ..domain.competition import Competition
from ..domain.metrics.spec import MetricSpec
from ..domain.model import Model
from ..domain.policies import Access, ConflictPolicy
from ..domain.predictions import Predictions
from ..domain.publication import Publication
from ..domain.results import BenchmarkResultsV1, Score
from ..domain.submission import CompetitionPredictions
from ..domain.target_types import TargetType
from ..ports.benchmarks import ServableBenchmarkHub

OpenHub = Callable[[str | None], ServableBenchmarkHub]

ACTOR, OTHER = "example-team", "someone-else"
ROWS = 40
LABEL = 7919.0
"""Labels of test rows are whole multiples of it, and nothing else is: what a search for labels looks for."""

PUBLIC, PRIVATE = Publication(Access.PUBLIC), Publication(Access.PRIVATE)
REPLACE = Publication(Access.PUBLIC, ConflictPolicy.REPLACE)
SKIP = Publication(Access.PUBLIC, ConflictPolicy.SKIP)


def meta(name: str, owner: str | None = ACTOR, **others: Any) -> ArtifactMeta:
    """Metadata of an artifact."""
    return ArtifactMeta(name=name, owner=owner, **others)


def table(name: str = "molecules", rows: int = ROWS, scale: float = 1.0, **others: Any) -> ArrayDataset:
    """A version 1 dataset: text, whole and real numbers, some of them missing."""
    numbers = np.arange(rows)
    values = numbers * scale
    values[3] = np.nan
    text = np.empty(rows, dtype=object)
    text[:] = [f"día {number}" if number % 5 else None for number in numbers]
    columns = ArrayColumns({"x": numbers, "note": text, "y": values, "z": numbers % 3})
    return ArrayDataset(1, meta(name), columns, readme="All of *it*", license=License.MIT, **others)


def archive(name: str = "pictures", rows: int = ROWS) -> ArrayDataset:
    """A version 2 dataset in memory: pictures and numbers."""
    numbers = np.arange(rows)
    pictures = (numbers[:, None, None] + np.arange(12).reshape(3, 4)).astype(np.uint8)
    labels = numbers * LABEL
    labels[: rows // 2] = numbers[: rows // 2] + 0.5
    return ArrayDataset(2, meta(name), ArrayColumns({"picture": pictures, "y": labels, "z": numbers % 3}))


def same_rows(one: ArrayDataset, other: ArrayDataset) -> bool:
    """True if two datasets hold the same values."""
    assert one.column_names == other.column_names
    for name in one.column_names:
        found, expected = (list(dataset.columns.read(name, slice(None))) for dataset in (one, other))
        np.testing.assert_array_equal(np.array(found), np.array(expected), name)
    return True


def benchmark_v1(dataset: ArrayDataset, name: str = "bench-one") -> Benchmark:
    """Two targets, two test sets."""
    split = SplitV1.of(range(4, 20), {"near": range(20, 30), "far away": range(30, ROWS)})
    metrics = ("mean_absolute_error", "r2")
    return Benchmark(1, meta(name), dataset, ("y", "z"), ("x",), split, metrics, "mean_absolute_error", readme="How")


def benchmark_v2(dataset: ArrayDataset, name: str = "bench-two", labelled: bool = False) -> Benchmark:
    """One target on pictures; one split, or several."""
    split = SplitV2.of(range(20), range(20, ROWS))
    if labelled:
        labelled_splits = LabelledSplits({"../é 1": split, "b": SplitV2.of([], [5, 7])})
        return Benchmark(2, meta(name), dataset, "y", "picture", labelled_splits)
    types = {"y": TargetType.REGRESSION}
    return Benchmark(2, meta(name), dataset, "y", "picture", split, ["r2"], "r2", target_types=types)


def results_on(benchmark: ArtifactId, value: float, name: str | None = None, **others: Any) -> BenchmarkResultsV1:
    """Results by the first metric of `benchmark_v1`."""
    scores = [Score(test, "y", "mean_absolute_error", value) for test in ("near", "far away")]
    scores.append(Score("near", "z", "r2", float("nan")))
    return BenchmarkResultsV1(
        scores=scores, benchmark=benchmark, meta=meta(name, None) if name else ArtifactMeta(), **others
    )


def model(name: str = "model-one", **others: Any) -> Model:
    """A model with all that can be said of it."""
    said: dict[str, Any] = {"code_url": "https://example.org/code", "report_url": "https://example.org/report"}
    return Model(meta=meta(name, description="A forest", tags=("tree",)), **{**said, "readme": "Grown", **others})


def competition(dataset: ArrayDataset, now: datetime, name: str = "challenge", **others: Any) -> Competition:
    """Pictures to a number, for a day from an hour ago."""
    half, rows = len(dataset) // 2, len(dataset)
    split = SplitV1.of(range(half), {"early": range(half, rows - 5), "late": range(rows - 5, rows)})
    fields: dict[str, Any] = {
        "meta": meta(name),
        "dataset": dataset,
        "target_cols": "y",
        "input_cols": "picture",
        "split": split,
        "metrics": (MetricSpec("mean_absolute_error"),),
        "main_metric": "mean_absolute_error",
        "target_types": {"y": TargetType.REGRESSION},
        "start_time": now - timedelta(hours=1),
        "end_time": now + timedelta(days=1),
    }
    return Competition(**(fields | others))


def submission(
    held: Competition, error: float = 0.0, name: str | None = None, **others: Any
) -> CompetitionPredictions:
    """Predictions that are off by `error`; by a formula, not by the labels."""
    rows = {label: held.split.tests[label] * LABEL + error for label in held.test_set_labels}
    given = Predictions.of(rows, held.target_cols, held.test_set_labels, held.test_set_sizes)
    assert held.artifact_id is not None
    named = meta(name, None) if name else ArtifactMeta()
    return CompetitionPredictions(competition=held.artifact_id, predictions=given, meta=named, **others)


class BenchmarkHubScenario:
    """Fixtures of the suites: the hub as its owner, somebody else and nobody see it."""

    @pytest.fixture
    def open_hub(self) -> OpenHub:
        """Opens an empty hub, the same one for every actor."""
        raise AssertionError("provide the fixture 'open_hub'")

    @pytest.fixture
    def hub(self, open_hub: OpenHub) -> ServableBenchmarkHub:
        """The hub, asked by `ACTOR`."""
        return open_hub(ACTOR)

    @pytest.fixture
    def other(self, open_hub: OpenHub) -> ServableBenchmarkHub:
        """The hub, asked by `OTHER`."""
        return open_hub(OTHER)

    @pytest.fixture
    def nobody(self, open_hub: OpenHub) -> ServableBenchmarkHub:
        """The hub, asked by nobody."""
        return open_hub(None)

    @pytest.fixture
    def now(self) -> datetime:
        """The hub's time."""
        return datetime.now(UTC)

    @pytest.fixture
    def pictures(self) -> ArrayDataset:
        """A version 2 dataset that the hub takes."""
        return archive()

    def damage(self, hub: ServableBenchmarkHub, kind: ArtifactKind, identity: ArtifactId) -> None:
        """Change a byte of an artifact's files behind the hub's back."""
        pytest.skip("the files of this hub are out of reach")
