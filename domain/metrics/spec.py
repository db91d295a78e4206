"""Metric specification: which metric, per group or not, under which name (reference: Polaris, section 10.2)."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

import attrs

from ..errors import InvalidInput
from .table import METRICS, MetricDefinition


class OnError(enum.StrEnum):
    """What becomes of a group that cannot be scored."""

    RAISE = "raise"
    IGNORE = "ignore"
    DEFAULT = "default"


class Aggregation(enum.StrEnum):
    """How the scores of the groups become one."""

    MEAN = "mean"
    MEDIAN = "median"


Choice = TypeVar("Choice", bound=enum.StrEnum)


def _choice(kind: type[Choice], key: str, value: Any) -> Choice:
    try:
        return kind(value)
    except ValueError as error:
        raise InvalidInput("metric config", f"has {key} {value!r}", f"Use one of: {', '.join(kind)}") from error


def _on_error(value: Any) -> OnError:
    return _choice(OnError, "on_error", value)


def _aggregation(value: Any) -> Aggregation:
    return _choice(Aggregation, "aggregation", value)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput("metric config", f"has a default {value!r} that is no number") from error


@attrs.frozen
class GroupedConfig:
    """Score each group of rows by itself, then aggregate.

    `group_by` is a column of the dataset; `default` replaces the score of a group when `on_error` says so.

    Raises:
        InvalidInput: no column, an unknown choice, or a default that is needed and missing.
    """

    group_by: str
    on_error: OnError = attrs.field(default=OnError.RAISE, converter=_on_error)
    default: float | None = attrs.field(default=None, converter=_number)
    aggregation: Aggregation = attrs.field(default=Aggregation.MEAN, converter=_aggregation)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.group_by, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput("metric config", f"has group_by {self.group_by!r}, which is no column's name")
        if self.on_error is OnError.DEFAULT and self.default is None:
            raise InvalidInput("metric config", "has no default for on_error 'default'", "Give a default")

    @classmethod
    def parse(cls, config: Any) -> GroupedConfig:
        """Config from its JSON object; keys it does not know are left aside.

        Raises:
            InvalidInput: not an object, or no `group_by`.
        """
        if isinstance(config, GroupedConfig):
            return config
        if not isinstance(config, Mapping) or "group_by" not in config:
            raise InvalidInput("metric config", "needs a 'group_by'", "Name the column to group by")
        given = cast("Mapping[str, Any]", config)
        return cls(**{key: given[key] for key in attrs.fields_dict(cls) if key in given})

    def dump(self) -> dict[str, Any]:
        """JSON object, snake case as on the wire."""
        return {
            "group_by": self.group_by,
            "on_error": str(self.on_error),
            "default": self.default,
            "aggregation": str(self.aggregation),
        }


@attrs.frozen(eq=False)
class MetricSpec:
    """A metric of a benchmark. Two are equal if their text forms are; the custom name is no part of it.

    Raises:
        InvalidInput: an unknown label, or a name that is no text.
    """

    label: str
    config: GroupedConfig | None = None
    custom_name: str | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.label, str) or self.label not in METRICS:  # pyright: ignore[reportUnnecessaryIsInstance]
            known = ", ".join(METRICS)
            raise InvalidInput("metric", f"has an unknown label {self.label!r}", f"Use one of: {known}")
        if self.custom_name is not None and not isinstance(self.custom_name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput(f"metric '{self.label}'", f"has a name {self.custom_name!r} that is no text")

    @classmethod
    def parse(cls, metric: MetricSpec | str | Mapping[str, Any]) -> MetricSpec:
        """Metric from its label, its JSON object, or itself. `kind` and unknown keys are left aside.

        Raises:
            InvalidInput: an unknown label or a config that breaks a rule.
        """
        if isinstance(metric, MetricSpec):
            return metric
        if isinstance(metric, str):
            return cls(metric)
        if not isinstance(metric, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput("metric", f"{metric!r} is neither a label nor an object")
        config = metric.get("config")
        return cls(
            metric.get("label"),  # pyright: ignore[reportArgumentType]
            None if config is None else GroupedConfig.parse(config),
            metric.get("name"),
        )

    @property
    def kind(self) -> Literal["default", "grouped"]:
        """Whether it is computed per group."""
        return "default" if self.config is None else "grouped"

    @property
    def name(self) -> str:
        """Name of its scores: the custom one, else the label, with `_grouped` per group."""
        if self.custom_name is not None:
            return self.custom_name
        return self.label if self.config is None else f"{self.label}_grouped"

    @property
    def definition(self) -> MetricDefinition:
        """What the label stands for."""
        return METRICS[self.label]

    def dump(self) -> dict[str, Any]:
        """JSON object, keys in the reference's order."""
        config = None if self.config is None else self.config.dump()
        return {"label": self.label, "config": config, "kind": self.kind, "name": self.name}

    def __str__(self) -> str:
        """Text form: part of a benchmark's checksum."""
        return self.label if self.config is None else self.label + json.dumps(self.config.dump(), sort_keys=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MetricSpec) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))
