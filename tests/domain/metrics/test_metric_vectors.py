"""Every golden case of scores and of metric specifications."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.metrics import METRICS, MetricSpec, score

SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def cases(vectors: Path, name: str) -> dict[str, Any]:
    return json.loads((vectors / "polaris" / name).read_text())


def numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return SPECIAL.get(value, value) if isinstance(value, str) else value


def array(case: dict[str, Any], key: str) -> Any:
    if key not in case:
        return None
    values, dtype = numbers(case[key]), case[f"{key}_dtype"]
    return values if dtype == "list" else np.array(values, dtype=dtype)


def as_the_peer_saw_it(values: Any) -> Any:
    # pandas 3, with which these cases were made, hands a missing text on as the text 'nan'
    return ["nan" if value is None else value for value in values]


def computed(case: dict[str, Any]) -> float:
    truth, groups = array(case, "y_true"), case.get("group")
    if "depends_on_pandas_version" in case:
        truth = as_the_peer_saw_it(truth)
        groups = groups and as_the_peer_saw_it(groups)
    spec = MetricSpec.parse({"label": case["label"], "config": case.get("config")})
    return score(spec, truth, array(case, "y_pred"), array(case, "y_prob"), numbers(groups))


def test_scores(vectors: Path) -> None:
    document = cases(vectors, "metrics.json")
    wrong: list[str] = []
    for case in document["cases"]:
        expected = case["expected"]
        tolerance = case.get("relative_tolerance", document["relative_tolerance"])
        try:
            actual: Any = computed(case)
        except InvalidInput as error:
            actual = error
        if "error" in expected:
            agrees = isinstance(actual, InvalidInput)
        else:
            value = numbers(expected["value"])
            agrees = not isinstance(actual, InvalidInput) and (
                actual == pytest.approx(value, rel=tolerance, abs=1e-12, nan_ok=True)
            )
        if not agrees:
            wrong.append(f"{case['id']} {case['label']} {case['kind']}: {actual!r}, expected {expected}")
    assert not wrong, "\n".join(wrong)


def test_table(vectors: Path) -> None:
    table = cases(vectors, "metrics.json")["metrics"]
    assert set(table) == {label for label, metric in METRICS.items() if not metric.extension}
    for label, row in table.items():
        metric = METRICS[label]
        assert (metric.direction, metric.y_type, dict(metric.kwargs)) == (
            row["direction"],
            row["y_type"],
            row["kwargs"],
        )


def test_specs(vectors: Path) -> None:
    for case in cases(vectors, "metric_specs.json")["cases"]:
        if "error" in case["expected"]:
            with pytest.raises(InvalidInput):
                MetricSpec.parse(case["spec"])
            continue
        spec, expected = MetricSpec.parse(case["spec"]), case["expected"]["value"]
        assert json.dumps(spec.dump()) == json.dumps(expected["dump"])
        found = (spec.name, spec.kind, str(spec), spec.definition.direction, spec.definition.y_type)
        assert found == tuple(expected[key] for key in ("name", "kind", "str", "direction", "y_type"))
        assert MetricSpec.parse(spec.dump()) == spec and hash(MetricSpec.parse(spec.dump())) == hash(spec)
