from __future__ import annotations

import math

import pytest

from groundtruth.domain.benchmark import Benchmark, Target, TargetType, TaskType
from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.reference import DatasetReference
from groundtruth.domain.results import Results, Score

SET = DatasetReference("team", "set", "0.1")


def test_task_types() -> None:
    one = Benchmark("b", SET, [Target("car")], ["map"])  # type: ignore[arg-type]
    two = Benchmark("b", SET, (Target("x", TargetType.REGRESSION), Target("y")), ("mae", "r2"), main_metric="r2")
    assert (one.task_type, two.task_type) == (TaskType.SINGLE_TASK, TaskType.MULTI_TASK)
    assert (one.targets, one.metrics, one.split) == ((Target("car"),), ("map",), "default")


@pytest.mark.parametrize(
    ("targets", "metrics", "main", "reason"),
    [
        ((), ("map",), None, "at least one target"),
        ((Target("car"),), (), None, "one metric"),
        ((Target("car"),), ("map", "map"), None, "twice"),
        ((Target("car"),), ("map",), "iou", "main metric 'iou'"),
    ],
)
def test_what_is_no_benchmark(
    targets: tuple[Target, ...], metrics: tuple[str, ...], main: str | None, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason) as caught:
        Benchmark("cars", SET, targets, metrics, main_metric=main)
    assert "'cars'" in caught.value.message


def test_the_best_score() -> None:
    scores = [Score("mae", 0.5), Score("mae", 0.2, "hard"), Score("mae", math.nan, target="y"), Score("r2", 9.0)]
    results = Results("cars", scores)  # type: ignore[arg-type]
    assert results.best("mae") == scores[0]
    assert results.best("mae", higher_is_better=False) == scores[1]
    assert results.best("r2") == scores[3]
    assert results.best("map") is None
    assert Results("cars", (Score("mae", math.nan),)).best("mae") is None
    assert Results("cars", ()).best("mae") is None


def test_a_score_is_named_once() -> None:
    with pytest.raises(InvalidInput, match="two scores"):
        Results("cars", (Score("mae", 0.5), Score("mae", 0.4)))
    Results("cars", (Score("mae", 0.5), Score("mae", 0.4, "hard"), Score("mae", 0.5, target="y")))
