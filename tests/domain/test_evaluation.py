from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.array_dataset import ColumnAdapter
from groundtruth.domain.benchmark import Benchmark
from groundtruth.domain.benchmark_split import LabelledSplits, SplitV1, SplitV2
from groundtruth.domain.columns import ArrayColumns, Columns, object_array
from groundtruth.domain.errors import InvalidBenchmark, InvalidPredictions, MissingExtra, UndefinedScore
from groundtruth.domain.evaluation import EvaluationOptions, evaluate
from groundtruth.domain.evidence import Evidence
from groundtruth.domain.metrics.bootstrap import Resampling
from groundtruth.domain.metrics.detection import Detections
from groundtruth.domain.metrics.spec import GroupedConfig, MetricSpec
from groundtruth.domain.provenance import Provenance
from groundtruth.domain.results import BenchmarkResultsV1, BenchmarkResultsV2, Interval, Results
from support.tasks import COLUMNS, benchmark, table

NEAR_AND_FAR = {"near": [5, 6, 8], "far": [1, 9, 8]}


def scores(results: Results) -> dict[str, float]:
    return {str(score): score.value for score in results.scores}


def test_every_metric_target_and_test_set_in_order() -> None:
    predicted = {"near": {"y": [5, 6, 8], "z": [0, 1, 1]}, "far": {"y": [1, 9, 8], "z": [1, 1, 1]}}
    results = evaluate(benchmark(["mean_absolute_error", "mean_squared_error"], ["y", "z"]), predicted)
    assert isinstance(results, BenchmarkResultsV1) and str(results.subject) == "test-org/bench-1"
    assert scores(results) == {
        "far/y/mean_absolute_error": 0, "far/y/mean_squared_error": 0,  # row 9 has no truth and does not count
        "far/z/mean_absolute_error": 1 / 3, "far/z/mean_squared_error": 1 / 3,
        "near/y/mean_absolute_error": 1 / 3, "near/y/mean_squared_error": 1 / 3,
        "near/z/mean_absolute_error": 1 / 3, "near/z/mean_squared_error": 1 / 3,
    }  # fmt: skip
    assert [str(score) for score in results.scores] == list(scores(results))


def test_both_kinds_of_predictions() -> None:
    task = benchmark(["accuracy", "roc_auc"], ["z"], SplitV1.of([0], [1, 2, 3, 4]))
    results = evaluate(task, y_pred=[1, 0, 0, 0], y_prob=[0.9, 0.2, 0.3, 0.8])
    assert scores(results) == {"test/z/accuracy": 0.75, "test/z/roc_auc": 0.75}


def test_version_2_and_labelled_splits() -> None:
    one = evaluate(benchmark(split=SplitV2.of([], [3, 1, 2]), version=2), [2, 3, 5])
    assert isinstance(one, BenchmarkResultsV2) and scores(one) == {"test/y/mean_absolute_error": 1 / 3}
    folds = LabelledSplits({"b": SplitV2.of([0], [1, 2]), "a": SplitV2.of([1], [0])})
    two = evaluate(benchmark(split=folds, version=2), {"a": [1], "b": [2, 4]})
    assert scores(two) == {"a/y/mean_absolute_error": 0, "b/y/mean_absolute_error": 0.5}
    with pytest.raises(InvalidBenchmark, match="no metric"):
        evaluate(benchmark([], split=folds, version=2), {"a": [1], "b": [2, 4]})


def test_groups() -> None:
    metric = MetricSpec("mean_absolute_error", GroupedConfig("group"), "per group")
    results = evaluate(benchmark([metric]), NEAR_AND_FAR)
    assert scores(results)["near/y/per group"] == 0.5  # a: rows 4 and 5 are right, b: row 6 is 1 off
    images = table({**COLUMNS, "image": np.zeros((10, 2, 2))}, version=2)
    with pytest.raises(InvalidBenchmark, match="'image' has an array in each row"):
        evaluate(benchmark([metric], dataset=images, inputs=["image"], version=2), NEAR_AND_FAR)


@attrs.frozen
class Counted:
    """Columns that note what is read of them."""

    inner: Columns
    reads: list[str] = attrs.field(factory=list)

    names = property(lambda self: self.inner.names)
    n_rows = property(lambda self: self.inner.n_rows)
    labels = property(lambda self: self.inner.labels)

    def dtype(self, name: str) -> Any:
        return self.inner.dtype(name)

    def read(self, name: str, rows: Any) -> Any:
        self.reads.append(name)
        return self.inner.read(name, rows)

    def row(self, name: str, position: int) -> Any:
        return self.inner.row(name, position)

    def project(self, names: Any) -> Columns:
        return self.inner.project(names)


def test_truth_and_groups_are_read_once_for_each_test_set() -> None:
    columns = Counted(ArrayColumns(COLUMNS))
    grouped = [MetricSpec(label, GroupedConfig("group")) for label in ("mean_absolute_error", "mean_squared_error")]
    task = benchmark(["mean_absolute_error", "r2", *grouped], dataset=table(columns))
    columns.reads.clear()
    evaluate(task, NEAR_AND_FAR)
    assert sorted(columns.reads) == ["group", "group", "y", "y"]


def test_truth_is_adapted() -> None:
    dataset = attrs.evolve(
        table({"x": [1, 2], "y": object_array(["3", "4"])}, version=2),
        default_adapters={"y": ColumnAdapter.SMILES_TO_MOL},
        adapt=lambda adapter, value: float(value),
    )
    results = evaluate(benchmark(split=SplitV1.of([], [0, 1]), dataset=dataset, version=2), [3, 5])
    assert scores(results) == {"test/y/mean_absolute_error": 0.5}


def test_label_images_are_read_in_batches() -> None:
    images = np.zeros((40, 512, 512), dtype=np.int64)
    images[:, :256] = 1
    columns = Counted(ArrayColumns({"x": np.arange(40), "y": images}))
    task = benchmark(["mean_iou", "pixel_accuracy"], split=SplitV1.of([], range(40)), dataset=table(columns))
    columns.reads.clear()
    results = evaluate(task, images)
    assert scores(results) == {"test/y/mean_iou": 1, "test/y/pixel_accuracy": 1}
    assert len(columns.reads) > 5


class OneScorer:
    """Judges detections by how many there are."""

    labels = ("detection_map",)

    def prepare(self, truth: Sequence[Any], predictions: Sequence[Any]) -> OneScorer:
        self.counts = [(len(one), len(other.boxes)) for one, other in zip(truth, predictions, strict=True)]
        return self

    def score(self, label: str, rows: Any = None) -> float:
        return sum(one == other for one, other in self.counts) / len(self.counts)

    def details(self, label: str) -> Mapping[str, float]:
        return {"class:0": 0.5}


def test_metrics_of_a_library_need_its_scorer() -> None:
    truth = object_array([np.zeros((1, 7)), np.zeros((2, 7))])
    dataset = table({"x": [1, 2], "boxes": truth}, version=2)
    task = benchmark(["detection_map"], ["boxes"], SplitV1.of([], [0, 1]), dataset, version=2)
    images = [Detections.of([[0, 0, 1, 1]], [0], [0.5])] * 2
    results = evaluate(task, images, scorers=[OneScorer()], options=EvaluationOptions(parts=True))
    assert (results.scores[0].value, results.scores[0].parts) == (0.5, {"class:0": 0.5})
    assert results.evidence is not None and results.evidence.predictions["y_pred"] is not None
    with pytest.raises(MissingExtra, match="detection"):
        evaluate(task, images)


@pytest.mark.parametrize(
    ("metric", "target", "given_as", "words"),
    [
        (
            "mean_absolute_error",
            "y",
            {"y_pred": [1, math.nan, 3]},
            ["mean_absolute_error", "1 of 3", "first in row 1"],
        ),
        ("mean_absolute_error", "y", {"y_pred": [1, None, 3]}, ["1 of 3", "first in row 1"]),
        ("mean_absolute_error", "y", {"y_pred": ["a", "b", "c"]}, ["mean_absolute_error"]),
        ("accuracy", "z", {"y_pred": [0.5, 0.1, 1]}, ["accuracy"]),
        ("roc_auc", "z", {"y_prob": np.full((3, 2), 0.5)}, ["roc_auc"]),
    ],
)
def test_values_that_cannot_be_scored(metric: str, target: str, given_as: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InvalidPredictions) as caught:
        evaluate(benchmark([metric], [target], SplitV1.of([0], {"rest": [1, 2, 3]})), **given_as)
    assert (caught.value.test_set, caught.value.target) == ("rest", target)
    assert all(word in caught.value.message for word in (*words, "'rest'", f"'{target}'")), caught.value.message


def test_predictions_that_are_missing_or_do_not_fit() -> None:
    for given_as, words in [
        ({}, "are missing"), ({"y_prob": NEAR_AND_FAR}, "needs y_pred"),
        ({"y_pred": {"near": [1]}}, "y_pred: .*'far'"),
    ]:  # fmt: skip
        with pytest.raises(InvalidPredictions, match=words):
            evaluate(benchmark(), **given_as)
    lone = benchmark(["pearsonr"], split=SplitV1.of([0], {"one": [1]}))
    with pytest.raises((UndefinedScore, InvalidPredictions), match=r"pearsonr.*'one'|'one'.*pearsonr"):
        evaluate(lone, [1.0])


def test_intervals_are_seeded() -> None:
    task = benchmark(split=SplitV1.of([0], range(1, 9)))
    predicted = np.arange(2.0, 10.0) + np.array([0, 1, 0, 2, 0, 1, 0, 3])
    options = EvaluationOptions(resampling=Resampling(200, 0.9, 7))
    one, again = (evaluate(task, predicted, options=options) for _ in range(2))
    other = evaluate(task, predicted, options=EvaluationOptions(resampling=Resampling(200, 0.9, 8)))
    interval = one.scores[0].interval
    assert one == again != other and isinstance(interval, Interval)
    assert interval.low < one.scores[0].value < interval.high and interval.level == 0.9


# --- evidence -------------------------------------------------------------------------------------------


def evidence_of(task: Benchmark, predicted: Any, **others: Any) -> Evidence:
    found = evaluate(task, predicted, **others).evidence
    assert found is not None
    return found


def test_what_evidence_holds() -> None:
    known = Provenance(dataset_checksum="d" * 32, benchmark_checksum="b" * 32, software={"numpy": "2"})
    found = evidence_of(benchmark(["r2"]), NEAR_AND_FAR, provenance=known)
    assert (found.dataset, found.benchmark, found.software) == ("d" * 32, "b" * 32, {"numpy": "2"})
    assert list(found.splits) == ["train", "test:near", "test:far"] and list(found.predictions) == ["y_pred"]
    assert [(one.name, one.text, one.version) for one in found.metrics] == [("r2", "r2", 1)]
    second = evidence_of(benchmark(version=2), NEAR_AND_FAR)
    assert second.dataset is None and str(second.benchmark).startswith("sha256:")


def test_predictions_without_canonical_form_have_no_digest() -> None:
    class Molecule: ...

    class Scorer(OneScorer):
        labels = ("rmsd_coverage",)

        def prepare(self, truth: Sequence[Any], predictions: Sequence[Any]) -> OneScorer:
            self.counts = [(1, 1)]
            return self

    dataset = table({"x": [1], "m": object_array([Molecule()])}, version=2)
    task = benchmark(["rmsd_coverage"], ["m"], SplitV1.of([], [0]), dataset, version=2)
    assert evidence_of(task, [Molecule()], scorers=[Scorer()]).predictions == {"y_pred": None}
    encoded = Provenance(encode=lambda value: b"C")
    assert evidence_of(task, [Molecule()], scorers=[Scorer()], provenance=encoded).predictions["y_pred"] is not None


def test_evidence_changes_when_anything_changes() -> None:
    same = evidence_of(benchmark(), NEAR_AND_FAR)
    assert same == evidence_of(benchmark(), {"far": {"y": (1, 9, 8.0)}, "near": {"y": np.array([5, 6, 8], "f4")}})
    other_split = SplitV1.of([0, 1, 2], {"near": [4, 5, 6], "far": [9, 8, 7]})
    other_order = SplitV1.of([0, 1, 2, 3], {"near": [4, 6, 5], "far": [9, 8, 7]})
    changed = {
        "digest of y_pred": evidence_of(benchmark(), {**NEAR_AND_FAR, "near": [5, 6, 9]}),
        "rows of train": evidence_of(benchmark(split=other_split), NEAR_AND_FAR),
        "rows of test:near": evidence_of(benchmark(split=other_order), NEAR_AND_FAR),
        "metric mean_squared_error": evidence_of(
            benchmark(["mean_absolute_error", "mean_squared_error"]), NEAR_AND_FAR
        ),
        "dataset checksum": evidence_of(benchmark(), NEAR_AND_FAR, provenance=Provenance(dataset_checksum="1" * 32)),
        "resampling": evidence_of(benchmark(), NEAR_AND_FAR, options=EvaluationOptions(resampling=Resampling(5))),
        "version of numpy": evidence_of(benchmark(), NEAR_AND_FAR, provenance=Provenance(software={"numpy": "2"})),
    }
    for name, found in changed.items():
        assert [one.name for one in same.differences(found)] == [name]
    fatal = {name: all(one.fatal for one in same.differences(found)) for name, found in changed.items()}
    assert [name for name, is_fatal in fatal.items() if not is_fatal] == ["version of numpy"]
    assert same.differences(same) == ()


@given(st.integers(0, 5), st.floats(-100, 100), st.lists(st.floats(-9, 9), min_size=6, max_size=6))
def test_any_other_prediction_is_other_evidence(place: int, value: float, numbers: list[float]) -> None:
    changed = [*numbers]
    changed[place] = value
    one, other = ({"near": values[:3], "far": values[3:]} for values in (numbers, changed))
    differences = evidence_of(benchmark(), one).differences(evidence_of(benchmark(), other))
    assert bool(differences) == (changed != numbers)


def test_a_benchmark_without_owner_has_no_id_to_name() -> None:
    unowned = attrs.evolve(benchmark(), meta=attrs.evolve(benchmark().meta, owner=None))
    assert evaluate(unowned, NEAR_AND_FAR).subject is None
