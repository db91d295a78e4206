from __future__ import annotations

import json
import math
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.artifacts import codec
from groundtruth.domain.artifact import ArtifactId, ArtifactMeta, Owner
from groundtruth.domain.benchmark_split import LabelledSplits, SplitV2
from groundtruth.domain.columns import object_array
from groundtruth.domain.competition import SubmissionLimits
from groundtruth.domain.errors import InvalidDocument, InvalidInput, InvalidPredictions, InvalidResult
from groundtruth.domain.evaluation import EvaluationOptions, evaluate, evaluate_submission
from groundtruth.domain.metrics.bootstrap import Resampling
from groundtruth.domain.metrics.detection import Detections
from groundtruth.domain.model import Model
from groundtruth.domain.provenance import Provenance
from groundtruth.domain.results import BenchmarkResultsV1, BenchmarkResultsV2, Interval, Score
from groundtruth.domain.submission import BenchmarkPredictions
from groundtruth.domain.value_digest import digest_of_tables
from groundtruth.ports.artifacts import DocumentStyle
from support.tasks import benchmark, competition, submission

DISK, WIRE = DocumentStyle.DISK, DocumentStyle.WIRE
BENCH = ArtifactId("test-org", "bench")
NAMED = {"test_set": "t", "target_label": "y", "metric": "r2"}


def stored(document: dict[str, Any]) -> dict[str, Any]:
    """A document that went to disk and came back."""
    return codec.decode(codec.encode(document, DISK))


def test_everything_of_a_result_is_kept_on_disk() -> None:
    options = EvaluationOptions(parts=True, resampling=Resampling(20, 0.9, 3))
    known = Provenance(software={"groundtruth": "1.0"})
    predicted = {"near": {"z": [1, 0, 1]}, "far": {"z": [1, 1, 1]}}
    results = evaluate(benchmark(["accuracy"], ["z"]), predicted, options=options, provenance=known)
    results = attrs.evolve(
        results.with_meta(name="Some_Result", owner=Owner("some-user"), tags=("a",)),
        code_url="https://example.org", contributors=["a_User"], model=ArtifactId("some-user", "model-1"),
    )  # fmt: skip
    assert results.scores[0].parts and results.scores[0].interval
    document = stored(codec.dump_results(results, DISK))
    assert codec.load_results(document) == results
    assert list(document)[-3:] == ["benchmark_version", "details", "evidence"]  # after all that the peer knows
    assert not {"details", "evidence", "benchmark_version"} & codec.dump_results(results, WIRE).keys()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_has_not(value: float) -> None:
    score = Score("t", "y", "r2", value, Interval(value, 1), {"class:0": value})
    for kind in (BenchmarkResultsV1, BenchmarkResultsV2):
        results = kind(benchmark=BENCH, scores=[score])
        assert codec.load_results(stored(codec.dump_results(results, DISK))) == results
        with pytest.raises(InvalidResult, match="'t/y/r2'"):
            codec.dump_results(results, WIRE)
    null = {"results": [{"test_set": "t", "target_label": "y", "scores": {"r2": None}}]}
    assert math.isnan(codec.load_results(null).scores[0].value)  # what the peer writes


def test_results_of_a_competition_on_disk() -> None:
    one = competition()
    results = evaluate_submission(one, submission(one, model=ArtifactId("some-user", "model-1")))
    assert codec.load_results(stored(codec.dump_results(results, DISK))) == results


@pytest.mark.parametrize(
    ("change", "location"),
    [
        ({"results": [{"test_set": 3}]}, "$.results[0].test_set"),
        ({"results": [{"test_set": "t", "target_label": "y", "scores": {"r2": "x"}}]}, "$.results[0].scores.r2"),
        ({"results": [{"test_set": "t", "target_label": "y", "scores": {"r2": True}}]}, "$.results[0].scores.r2"),
        ({"results": [{"test_set": "t", "target_label": "y", "scores": [1]}]}, "$.results[0].scores"),
        ({"contributors": [1]}, "$.contributors[0]"),
        ({"name": "no blanks"}, "$.name"),
        ({"benchmark_artifact_id": "none"}, "$"),
        ({"code_url": "ftp://x"}, "$"),
        ({"details": [{**NAMED, "interval": [1]}]}, "$.details[0].interval"),
        ({"evidence": []}, "$.evidence"),
        ({"evidence": {"software": {"a": 1}}}, "$.evidence.software.a"),
        ({"evidence": {"resampling": {"resamples": 1}}}, "$"),
        ({"competition_name": "comp-1"}, "$.competition_owner"),
    ],
)  # fmt: skip
def test_errors_say_where(change: dict[str, Any], location: str) -> None:
    document = {"results": [{"test_set": "t", "target_label": "y", "scores": {"r2": 1}}], **change}
    with pytest.raises(InvalidDocument) as caught:
        codec.load_results(document, source="results.json")
    assert (caught.value.source, caught.value.location) == ("results.json", location)


def test_submissions_need_a_name_and_a_report_on_the_wire() -> None:
    one = competition()
    bare = submission(one, meta=ArtifactMeta(), report_url=None)
    with pytest.raises(InvalidPredictions, match="no name and no owner and no report_url"):
        codec.dump_predictions(bare, WIRE)
    again = codec.load_predictions(stored(codec.dump_predictions(bare, DISK)))
    assert again.predictions.as_lists() == bare.predictions.as_lists()


def on_benchmark(values: Any, size: int) -> BenchmarkPredictions:
    task = competition(target_cols=["y"], n_classes={})
    made = submission(task, {"near": values, "far": values}).predictions
    assert size == 3
    meta = ArtifactMeta(name="Pred_1", owner=Owner("some-user"))
    return BenchmarkPredictions(benchmark=BENCH, predictions=made, meta=meta)


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3], [0.5, math.nan, -math.inf], [[0.1, math.nan]] * 3, ["a", "NaN", "c"], [None, 1.5, math.nan],
        [[Detections.of([[0, 0, 1, 2.5]], [3], [0.5])][0], None, Detections.of(np.zeros((0, 4)), [], [])],
        object_array([np.zeros((1, 6)), np.full((2, 6), math.nan), np.zeros((0, 6))]),
        np.arange(12).reshape(3, 2, 2),
    ],
)  # fmt: skip
def test_predictions_on_disk_are_the_same_predictions(values: Any) -> None:
    one = on_benchmark(values, 3)
    again = codec.load_predictions(stored(codec.dump_predictions(one, DISK)))
    assert isinstance(again, BenchmarkPredictions)
    assert digest_of_tables(again.predictions.values) == digest_of_tables(one.predictions.values)
    assert again.meta == one.meta and again.benchmark == BENCH


@given(st.lists(st.floats() | st.none() | st.integers(-(2**53), 2**53), min_size=3, max_size=3))
def test_any_numbers_survive_the_disk(values: list[Any]) -> None:
    one = on_benchmark(object_array(values), 3)
    again = codec.load_predictions(stored(codec.dump_predictions(one, DISK)))
    assert digest_of_tables(again.predictions.values) == digest_of_tables(one.predictions.values)


def test_predictions_that_a_document_has_no_form_for() -> None:
    with pytest.raises(InvalidPredictions, match=r"row 1 for target 'y' of test set '(near|far)'.*nan"):
        codec.dump_predictions(on_benchmark([1.0, math.nan, 2.0], 3), WIRE)
    with pytest.raises(InvalidPredictions, match="object"):
        codec.dump_predictions(on_benchmark([object()] * 3, 3), DISK)


@pytest.mark.parametrize(
    "change",
    [
        {"benchmarkArtifactId": None}, {"predictions": [1]}, {"predictions": {"near": [1, 2, 3]}},
        {"testSetSizes": {"near": "3"}}, {"targetLabels": ["z"]}, {"predictions": {"near": {"y": 1}}},
    ],
)  # fmt: skip
def test_predictions_that_are_none(change: dict[str, Any]) -> None:
    document = codec.dump_predictions(on_benchmark([1, 2, 3], 3), WIRE)
    with pytest.raises(InvalidDocument):
        codec.load_predictions({**document, **change})


def test_version_2_benchmarks_list_their_rows_on_disk_only() -> None:
    for split in (SplitV2.of([], [3, 1]), LabelledSplits({"b": SplitV2.of([0], [1, 2]), "a": SplitV2.of([1], [0])})):
        one = attrs.evolve(benchmark(split=split, version=2), n_classes={"y": 2}, readme="# r")
        again = codec.load_benchmark(stored(codec.dump_benchmark(one, DISK)), one.dataset)
        assert again.split == one.split and again.metrics == one.metrics and again.readme == "# r"
        assert again.n_classes == {"y": 2} and again.meta == one.meta and again.version == 2
        text = json.dumps(codec.dump_benchmark(one, WIRE, lambda indices: f"md5-{len(indices)}"))
        assert "indices" not in text and '"md5Checksum": "md5-' in text
        with pytest.raises(InvalidInput, match="MD5"):
            codec.dump_benchmark(one, WIRE)
        named = codec.dump_benchmark(one, WIRE, lambda indices: "md5")
        with pytest.raises(InvalidDocument, match="indices"):
            codec.load_benchmark(named, one.dataset)
        assert codec.load_benchmark(named, one.dataset, split).split == split


def test_competitions_on_disk() -> None:
    one = competition(limits=SubmissionLimits(per_day=3), n_classes={"z": None}, readme="# r")
    again = codec.load_competition(stored(codec.dump_competition(one, DISK)), one.dataset)
    for name in (
        "meta",
        "target_cols",
        "split",
        "start_time",
        "end_time",
        "metrics",
        "main_metric",
        "limits",
        "readme",
    ):
        assert getattr(again, name) == getattr(one, name)
    assert dict(again.n_classes) == {"z": None}
    naive = {**codec.dump_competition(one, WIRE), "startTime": "2025-01-01T00:00:00"}
    assert codec.load_competition(naive, one.dataset).start_time == one.start_time
    for wrong in ({"endTime": "soon"}, {"endTime": None}, {"split": [[0]]}, {"submission_limits": {"per_day": 0}}):
        with pytest.raises(InvalidDocument):
            codec.load_competition({**naive, **wrong}, one.dataset)


def test_models() -> None:
    model = Model(
        meta=ArtifactMeta(name="Model_1", owner=Owner("test-org")), readme="# m", artifact_changelog="first"
    )
    assert codec.load_model(stored(codec.dump_model(model, DISK))) == model
    assert (str(model.artifact_id), model.urn) == ("test-org/model-1", "urn:polaris:model:test-org:model-1")
    for wrong in ({"code_url": "ftp://x"}, {"artifact_version": "1"}, {"readme": 3}):
        with pytest.raises(InvalidDocument):
            codec.load_model({"name": "Model_1", **wrong})
