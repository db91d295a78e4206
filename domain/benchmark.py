"""Benchmark: a dataset, a task on it, a split and the metrics that judge predictions."""

from __future__ import annotations

import enum

import attrs

from .errors import InvalidInput
from .reference import DatasetReference


class TaskType(enum.StrEnum):
    """How many targets a benchmark has."""

    SINGLE_TASK = "single_task"
    MULTI_TASK = "multi_task"


class TargetType(enum.StrEnum):
    """What kind of value a target takes."""

    REGRESSION = "regression"
    CLASSIFICATION = "classification"
    DETECTION = "detection"
    SEGMENTATION = "segmentation"


@attrs.frozen
class Target:
    """What has to be predicted: a column or annotation kind, and its type (None: told by the data)."""

    name: str
    type: TargetType | None = None


@attrs.frozen
class Benchmark:
    """A task that others can be measured on.

    `split` names the split of the dataset's release that it uses; `main_metric` is the one results are
    ranked by.
    """

    name: str
    dataset: DatasetReference
    targets: tuple[Target, ...] = attrs.field(converter=tuple)
    metrics: tuple[str, ...] = attrs.field(converter=tuple)
    split: str = "default"
    main_metric: str | None = None

    def __attrs_post_init__(self) -> None:
        if not self.targets or not self.metrics:
            raise InvalidInput(f"benchmark '{self.name}'", "needs at least one target and one metric")
        if len(set(self.metrics)) != len(self.metrics):
            raise InvalidInput(f"benchmark '{self.name}'", "lists a metric twice")
        if self.main_metric is not None and self.main_metric not in self.metrics:
            raise InvalidInput(
                f"benchmark '{self.name}'", f"has a main metric '{self.main_metric}' it does not compute"
            )

    @property
    def task_type(self) -> TaskType:
        """Single-task with one target, multi-task with several."""
        return TaskType.SINGLE_TASK if len(self.targets) == 1 else TaskType.MULTI_TASK
