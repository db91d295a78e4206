"""Evaluations of the golden cases: the same results, or a refusal."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundtruth.domain.array_dataset import ArrayDataset
from groundtruth.domain.artifact import ArtifactMeta, Owner
from groundtruth.domain.benchmark import Benchmark
from groundtruth.domain.benchmark_split import SplitV1, SplitV2
from groundtruth.domain.columns import ArrayColumns, object_array
from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.evaluation import evaluate
from groundtruth.domain.metrics.spec import MetricSpec
from groundtruth.domain.results import BenchmarkResultsV1, BenchmarkResultsV2, Results


def column(values: list[Any], dtype: str) -> Any:
    if dtype in {"str", "object", "string"}:
        return object_array(None if value == "NaN" else value for value in values)
    return np.array([math.nan if value == "NaN" else value for value in values], dtype=dtype)


def benchmark_of(case: dict[str, Any]) -> Benchmark:
    spec = case["spec"]
    arrays = {name: column(one["values"], one["dtype"]) for name, one in case["table"].items()}
    meta = ArtifactMeta(name=case["name"], slug=spec["slug"], owner=Owner("test-org"))
    return Benchmark(
        version=1,
        meta=meta,
        dataset=ArrayDataset(1, meta, ArrayColumns(arrays), md5sum=case["dataset_md5sum"]),
        target_cols=spec["targetCols"],
        input_cols=spec["inputCols"],
        split=SplitV1.from_parts(spec["split"]),
        metrics=tuple(map(MetricSpec.parse, spec["metrics"])),
        main_metric=spec["mainMetric"],
        target_types=spec["targetTypes"],
    )


def check(results: Results, expected: list[dict[str, Any]]) -> None:
    records = results.records()
    assert [(one.test_set, one.target) for one in records] == [
        (one["testSet"], one["targetLabel"]) for one in expected
    ]
    for record, one in zip(records, expected, strict=True):
        assert record.scores.keys() == one["scores"].keys()
        for metric, value in one["scores"].items():
            assert record.scores[metric] == pytest.approx(float(value), rel=1e-9, abs=1e-12, nan_ok=True), metric


def test_version_1(vectors: Path) -> None:
    cases = json.loads((vectors / "polaris" / "benchmarks_v1.json").read_text())["cases"]
    number = 0
    for case in cases:
        benchmark = benchmark_of(case)
        for evaluation in case["evaluations"]:
            number += 1
            given = {name: evaluation.get(name) for name in ("y_pred", "y_prob")}
            expected = evaluation["expected"].get("value")
            if expected is None:
                with pytest.raises(InvalidInput):
                    evaluate(benchmark, **given)
                continue
            results = evaluate(benchmark, **given)
            assert isinstance(results, BenchmarkResultsV1)
            assert str(results.benchmark) == expected["payload"]["benchmarkArtifactId"]
            check(results, expected["results"])
    assert number > 10


def test_version_2(vectors: Path) -> None:
    zarr = pytest.importorskip("zarr")
    root = zarr.open_group(str(vectors / "polaris" / "benchmarks_v2.zarr"), mode="r")
    arrays = {name: np.asarray(one[:]) for name, one in root.arrays()}
    meta = ArtifactMeta(name="v2-data", owner=Owner("test-org"))
    dataset = ArrayDataset(2, meta, ArrayColumns(arrays))
    number = 0
    for case in json.loads((vectors / "polaris" / "benchmarks_v2.json").read_text())["specs"]:
        expected = case.get("evaluation", {}).get("expected", case.get("evaluation"))
        if expected is None:
            continue
        benchmark = Benchmark(
            version=2,
            meta=ArtifactMeta(name="v2-bench", owner=Owner("test-org")),
            dataset=dataset,
            target_cols=case["target_cols"],
            input_cols=case["input_cols"],
            split=SplitV2.of(case["train"], case["test"]),
            metrics=tuple(map(MetricSpec.parse, case["metrics"])),
            main_metric=case["main_metric"],
        )
        number += 1
        if "error" in expected:
            with pytest.raises(InvalidInput):
                evaluate(benchmark, case["y_pred"])
            continue
        results = evaluate(benchmark, case["y_pred"])
        assert isinstance(results, BenchmarkResultsV2)
        check(results, expected["value"]["results"])
    assert number >= 2
