"""Small array datasets, from plain lists and from the tables of the golden cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from groundtruth.domain.array_dataset import ArrayDataset
from groundtruth.domain.artifact import ArtifactMeta
from groundtruth.domain.columns import ArrayColumns

TEXT = np.dtype(str)


def number(value: Any) -> Any:
    """A value of a golden case: what is not finite is written as text there."""
    if isinstance(value, list):
        return [number(one) for one in value]
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


def column(values: Sequence[Any], dtype: str) -> np.ndarray:
    """An array as columns have it: text is held as objects."""
    if dtype in ("str", "object"):
        out = np.empty(len(values), dtype=object)
        out[:] = values
        return out
    return np.array([number(value) for value in values], dtype=dtype)


def table(columns: Mapping[str, Sequence[Any] | np.ndarray], version: int = 1, **facts: Any) -> ArrayDataset:
    """A dataset in memory; lists of text become a text column."""
    arrays, types = {}, {}
    for name, values in columns.items():
        text = not isinstance(values, np.ndarray) and any(isinstance(value, str) for value in values)
        arrays[name] = column(values, "str") if text else np.asarray(values)
        if text:
            types[name] = TEXT
    return ArrayDataset(version, facts.pop("meta", ArtifactMeta()), ArrayColumns(arrays, types=types), **facts)


def golden_table(columns: Mapping[str, Mapping[str, Any]], **facts: Any) -> ArrayDataset:
    """The dataset a golden case describes."""
    arrays = {name: column(one["values"], one["dtype"]) for name, one in columns.items()}
    types = {name: TEXT for name, one in columns.items() if one["dtype"] == "str"}
    return ArrayDataset(1, facts.pop("meta", ArtifactMeta()), ArrayColumns(arrays, types=types), **facts)


def plain(value: Any) -> Any:
    """What numpy gives as plain values; NaN is written as text, so that it equals itself."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return "NaN" if isinstance(value, float) and value != value else value
