from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pytest

from groundtruth.adapters.artifacts import codec
from groundtruth.application.evaluate import EvaluatePredictions
from groundtruth.application.results import Claim, CompareResults, VerifyResults
from groundtruth.domain.artifact import ArtifactId
from groundtruth.domain.benchmark_split import SplitV1
from groundtruth.domain.columns import object_array
from groundtruth.domain.errors import InvalidPredictions, InvalidResult
from groundtruth.domain.evaluation import EvaluationOptions
from groundtruth.domain.metrics.bootstrap import Resampling
from groundtruth.domain.metrics.comparison import Winner
from groundtruth.domain.metrics.detection import (
    DetectedObjects,
    Detections,
    rows_of_detections,
    rows_of_objects,
)
from groundtruth.domain.results import AnyResults, Interval
from groundtruth.ports.artifacts import DocumentStyle
from support.tasks import benchmark, competition, submission, table

EVALUATE = EvaluatePredictions(software={"groundtruth": "1.0", "numpy": "2.0"})
VERIFY = VerifyResults(EVALUATE)
PREDICTED = {"near": [5, 6, 8], "far": [1, 9, 7.5]}
TASK = benchmark(["mean_absolute_error", "r2"])


def names(results: AnyResults, predicted: object = PREDICTED, **others: Any) -> list[str]:
    return [one.name for one in VERIFY(results, others.get("task", TASK), predicted).differences]


def test_evidence_has_the_checksums() -> None:
    evidence = EVALUATE(TASK, PREDICTED).evidence
    assert evidence is not None
    assert (evidence.dataset, evidence.benchmark) == ("0" * 32, TASK.checksum("0" * 32))
    assert evidence.software == {"groundtruth": "1.0", "numpy": "2.0"}
    computed = EvaluatePredictions(checksum=lambda dataset: "1" * 32)(TASK, PREDICTED).evidence
    assert computed is not None and computed.benchmark == TASK.checksum("1" * 32)
    unknown = EvaluatePredictions(checksum=lambda dataset: None)(benchmark(version=2), PREDICTED).evidence
    assert unknown is not None and unknown.dataset is None


class Counting:
    """Judges detections by their number."""

    labels = ("detection_map",)
    software: Mapping[str, str] = {"counting": "3.0"}

    def prepare(self, truth: Sequence[Any], predictions: Sequence[Any]) -> Counting:
        return self

    def score(self, label: str, rows: Any = None) -> float:
        return 1.0

    def details(self, label: str) -> Mapping[str, float]:
        return {}


def test_software_of_a_scorer_counts_where_it_computes() -> None:
    evaluate = attrs.evolve(EVALUATE, scorers=[Counting()])
    evidence = evaluate(TASK, PREDICTED).evidence
    assert evidence is not None and "counting" not in evidence.software
    dataset = table({"x": [1], "boxes": object_array([np.zeros((1, 7))])}, 2)
    task = benchmark(["detection_map"], ["boxes"], SplitV1.of([], [0]), dataset, version=2)
    evidence = evaluate(task, object_array([np.zeros((1, 6))])).evidence
    assert evidence is not None and evidence.software["counting"] == "3.0"


# --- verification -----------------------------------------------------------------------------------


def test_results_that_hold() -> None:
    options = EvaluationOptions(parts=True, resampling=Resampling(50, 0.9, 4))
    task = benchmark(["accuracy"], ["z"])
    predicted = {"near": [0, 1, 1], "far": [1, 1, 1]}
    results = EVALUATE(task, predicted, options=options)
    document = codec.encode(codec.dump_results(results, DocumentStyle.DISK), DocumentStyle.DISK)
    found = VERIFY(codec.load_results(codec.decode(document)), task, predicted)
    assert found.holds and found.differences == ()
    as_written = {"far": {"z": ["1", "1", "1"]}, "near": {"z": [0.0, 1.0, 1.0]}}
    assert VERIFY(results, task, {**as_written, "far": {"z": np.ones(3, "f4")}}).differences == ()


def test_every_lie_is_named() -> None:
    results = EVALUATE(TASK, PREDICTED)
    score = results.scores[0]
    assert str(score) == "far/y/mean_absolute_error"
    better = attrs.evolve(results, scores=[attrs.evolve(score, value=0.1), *results.scores[1:]])
    assert names(better) == ["score 'far/y/mean_absolute_error'"]
    assert names(attrs.evolve(results, scores=results.scores[1:])) == ["score 'far/y/mean_absolute_error'"]
    assert names(attrs.evolve(results, scores=[*results.scores, attrs.evolve(score, metric="new")])) == [
        "score 'far/y/new'"
    ]
    undefined = attrs.evolve(results, scores=[attrs.evolve(score, value=math.nan), *results.scores[1:]])
    assert names(undefined) == ["score 'far/y/mean_absolute_error'"]
    sure = attrs.evolve(results, scores=[attrs.evolve(score, interval=Interval(0, 1)), *results.scores[1:]])
    assert names(sure) == [f"{part} of score '{score}'" for part in ("level", "lower bound", "upper bound")]
    assert names(attrs.evolve(results, benchmark=ArtifactId("test-org", "other"))) == ["subject"]
    slightly = attrs.evolve(
        results, scores=[attrs.evolve(score, value=score.value * (1 + 1e-9)), *results.scores[1:]]
    )
    assert names(slightly) == []


def test_what_else_differs_is_named() -> None:
    results = EVALUATE(TASK, PREDICTED)
    assert names(results, {**PREDICTED, "near": [5, 6, 9]}) == [
        "score 'near/y/mean_absolute_error'", "score 'near/y/r2'", "digest of y_pred",
    ]  # fmt: skip
    other = attrs.evolve(TASK, split=SplitV1.of([0, 1], {"near": [4, 5, 6], "far": [9, 8, 7]}))
    assert names(results, task=other) == ["benchmark checksum", "rows of train"]
    without = attrs.evolve(results, evidence=None)
    found = VERIFY(without, TASK, PREDICTED)
    assert [one.name for one in found.differences] == ["evidence"] and found.holds
    newer = VerifyResults(attrs.evolve(EVALUATE, software={"groundtruth": "1.1", "numpy": "2.0"}))
    found = newer(results, TASK, PREDICTED)
    assert [str(one) for one in found.differences] == ["version of groundtruth: expected 1.0, found 1.1"]
    assert found.holds
    with pytest.raises(InvalidPredictions):
        VERIFY(results, TASK, [1, 2])


def test_submissions_are_verified_where_the_labels_are() -> None:
    one = competition()
    sent = submission(one)
    results = EVALUATE.submission(one, sent)
    assert VERIFY.submission(results, one, sent).differences == ()
    score = attrs.evolve(results.scores[0], value=9)
    lie = attrs.evolve(results, scores=[score, *results.scores[1:]])
    assert not VERIFY.submission(lie, one, sent).holds


# --- comparison -------------------------------------------------------------------------------------


def test_comparisons() -> None:
    worse = {"near": [4, 6, 9], "far": [1, 10, 8]}
    one, other = EVALUATE(TASK, PREDICTED), EVALUATE(TASK, worse)
    compare = CompareResults()
    found = compare(TASK, Claim(one), Claim(other))
    winners = {(each.test_set, each.metric): each.winner for each in found.scores}
    assert winners["near", "mean_absolute_error"] == winners["near", "r2"] == Winner.FIRST
    assert found.paired == {} and len(found.scores) == 4
    paired = compare(TASK, Claim(one, PREDICTED), Claim(other, worse), Resampling(50)).paired
    near = paired["near", "y", "mean_absolute_error"]
    assert near.difference == pytest.approx(2 / 3) and near.low <= near.difference <= near.high
    assert compare(TASK, Claim(one, PREDICTED), Claim(other)).paired == {}
    with pytest.raises(InvalidResult, match="not on test-org/bench-1"):
        compare(TASK, Claim(one), Claim(attrs.evolve(other, benchmark=None)))


def test_submissions_are_compared_where_the_labels_are() -> None:
    one = competition()
    first = submission(one)
    second = submission(one, {"near": {"y": [4, 6, 8], "z": [0, 0, 0]}, "far": {"y": [1, 9, 9], "z": [1, 1, 1]}})
    claims = [Claim(EVALUATE.submission(one, each), each.predictions) for each in (first, second)]
    found = CompareResults()(one, *claims, resampling=Resampling(20))
    assert len(found.paired) == 4 and found.paired["near", "y", "mean_absolute_error"].winner is Winner.FIRST


# --- detection --------------------------------------------------------------------------------------


def test_detections_as_objects_and_as_padded_rows() -> None:
    pytest.importorskip("faster_coco_eval")
    from groundtruth.adapters.scoring.coco import CocoScorer

    images = [[[0, 0, 10, 10], [20, 20, 5, 5]], [[1, 1, 8, 8]], []]
    truth = [DetectedObjects.of(np.reshape(boxes, (-1, 4)), [0] * len(boxes)) for boxes in images]
    boxes = np.stack([rows_of_objects(one, 4) for one in truth])
    dataset = table({"x": [0, 1, 2], "boxes": boxes}, 2)
    task = benchmark(
        ["detection_map_50", "detection_mar_1"], ["boxes"], SplitV1.of([], [0, 1, 2]), dataset, version=2
    )
    found = [Detections.of([[0, 0, 10, 9]], [0], [0.9]), Detections.of([[50, 50, 5, 5]], [0], [0.8])]
    found.append(Detections.of(np.zeros((0, 4)), [], []))
    padded = np.stack([rows_of_detections(one, 2) for one in found])
    evaluate = attrs.evolve(EVALUATE, scorers=[CocoScorer()])
    ragged = [rows_of_detections(one, len(one.boxes)) for one in found]
    as_objects, as_rows, as_lists = (evaluate(task, given_as) for given_as in (found, padded, ragged))
    assert as_objects.scores == as_rows.scores == as_lists.scores
    assert 0 < as_objects.scores[0].value < 1
    assert as_objects.evidence is not None and "faster-coco-eval" in as_objects.evidence.software
    assert VerifyResults(evaluate)(as_objects, task, found).holds
