"""Provenance: making the evidence of a result while it is evaluated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from .benchmark import Benchmark
from .benchmark_split import LabelledSplits, SplitV1, SplitV2
from .competition import Competition
from .digest import Digest
from .errors import InvalidInput
from .evidence import Evidence, MetricEvidence
from .metrics.bootstrap import Resampling
from .metrics.table import MetricInput
from .predictions import Predictions
from .value_digest import Encode, digest_of_rows, digest_of_tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Given", "Provenance", "Task", "make_evidence"]

Task = Benchmark | Competition
Given = Mapping[MetricInput, Predictions]
"""Predictions in normal form, by what they are."""


@attrs.frozen(kw_only=True)
class Provenance:
    """What evidence holds that a domain cannot know: checksums, versions of software, bytes of foreign values."""

    dataset_checksum: str | None = None
    benchmark_checksum: str | None = None
    software: Mapping[str, str] = attrs.field(factory=dict[str, str])
    encode: Encode | None = None


NOTHING_KNOWN = Provenance()


def make_evidence(task: Task, given: Given, provenance: Provenance, resampling: Resampling | None) -> Evidence:
    """State what the predictions and the task are, and with what they are scored."""
    splits = {name: str(digest_of_rows(rows)) for name, rows in _parts(task).items()}
    metrics = tuple(MetricEvidence(one.name, str(one), one.definition.version) for one in task.metrics)
    dataset = benchmark = None
    if isinstance(task, Benchmark):
        dataset = provenance.dataset_checksum or task.dataset.md5sum
        benchmark = provenance.benchmark_checksum or (
            task.md5sum if task.version == 1 else _version_2_digest(task, splits, metrics)
        )
    return Evidence(
        dataset=dataset,
        benchmark=benchmark,
        splits=splits,
        predictions={str(kind): _digest(predictions, provenance.encode) for kind, predictions in given.items()},
        metrics=metrics,
        software=dict(sorted(provenance.software.items())),
        resampling=resampling,
    )


def _version_2_digest(task: Benchmark, splits: Mapping[str, str], metrics: Iterable[MetricEvidence]) -> str:
    """Digest of what a version 2 benchmark asks, as the format has no checksum of it."""
    asked = [sorted(task.target_cols), sorted(task.input_cols), sorted(one.text for one in metrics), splits]
    return str(Digest(hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()))


def _parts(task: Task) -> dict[str, NDArray[Any]]:
    match task.split:
        case SplitV1(train=train, tests=tests):
            return {"train": train, **{f"test:{label}": rows for label, rows in tests.items()}}
        case SplitV2(training=training, test=test):
            return {"train": training.values, "test:test": test.values}
        case LabelledSplits(by_label=by_label):
            trains = {f"train:{label}": one.training.values for label, one in by_label.items()}
            return trains | {f"test:{label}": one.test.values for label, one in by_label.items()}


def _digest(predictions: Predictions, encode: Encode | None) -> str | None:
    try:
        return str(digest_of_tables(predictions.values, encode))
    except InvalidInput:  # values that only a library understands, and none was given
        return None
