"""What documents of benchmarks and competitions share: columns, metrics, splits (reference: Polaris, 7 and 10.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ...domain.benchmark_split import SplitV1
from ...domain.metrics.spec import MetricSpec
from ...domain.target_types import TargetType
from ...ports.artifacts import Json
from .reading import Reader


def without_nulls(value: Any) -> Any:
    """A value without the nulls in it, as they are left out on the wire."""
    if isinstance(value, Mapping):
        known = cast("Mapping[str, Any]", value)
        return {key: without_nulls(part) for key, part in known.items() if part is not None}
    return [without_nulls(part) for part in cast("list[Any]", value)] if isinstance(value, list) else value


def pair(split: SplitV1) -> list[Any]:
    """Write a split as training rows and test rows by label."""
    return [split.train.tolist(), {label: rows.tolist() for label, rows in split.tests.items()}]


def metric_list(metrics: tuple[MetricSpec, ...]) -> list[Json]:
    """Write metrics; their configs have snake case in any style."""
    return [metric.dump() for metric in metrics]


def read_columns(fields: Reader, name: str) -> tuple[str, ...]:
    """Read one column or several."""
    value = fields.value(name)
    return (value,) if isinstance(value, str) else fields.texts(name)


def read_metrics(fields: Reader) -> tuple[MetricSpec, ...]:
    """Read metrics, each a label or an object."""
    found: list[MetricSpec] = []
    for place, value in enumerate(fields.sequence("metrics")):
        with fields.part(f"metrics[{place}]"):
            found.append(MetricSpec.parse(value))
    return tuple(found)


def read_main_metric(fields: Reader) -> str | None:
    """Read the name of the main metric, which some documents give as an object."""
    value = fields.value("main_metric")
    return MetricSpec.parse(value).name if isinstance(value, Mapping) else fields.text("main_metric")


def read_target_types(fields: Reader) -> dict[str, TargetType]:
    """Read types of targets; null stands for one that is not declared."""
    given = fields.inside(fields.mapping("target_types"), "target_types")
    types: dict[str, TargetType] = {}
    for name in given.fields:
        value = given.fields[name]
        if value is None:
            continue
        with given.part(name):
            types[name] = TargetType(value)
    return types


def read_classes(fields: Reader) -> dict[str, int | None]:
    """Read numbers of classes."""
    found = fields.mapping("n_classes")
    for name, value in found.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise fields.fail(f"n_classes.{name}", f"is {type(value).__name__}, not a whole number")
    return found
