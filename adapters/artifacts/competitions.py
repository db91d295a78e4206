"""Documents of competitions: a dataset, a task, a split and times in one object (reference: Polaris, 11.3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ...domain.array_dataset import ArrayDataset
from ...domain.artifact import ArtifactKind
from ...domain.benchmark_split import SplitV1
from ...domain.competition import Competition, SubmissionLimits
from ...ports.artifacts import DatasetDocument, DocumentStyle, Json
from .dataset import dump_dataset
from .reading import Reader, camel, reading
from .task_fields import (
    metric_list,
    pair,
    read_classes,
    read_columns,
    read_main_metric,
    read_metrics,
    read_target_types,
    without_nulls,
)
from .writing import identity_fields, meta_fields, styled

BEFORE_README = ("default_adapters", "zarr_root_path")
AFTER_README = ("annotations", "source", "license", "curation_reference")


def dump_competition(competition: Competition, style: DocumentStyle) -> Json:
    """Write a competition's document; what it says of its dataset is what the dataset says."""
    metrics = metric_list(competition.metrics)
    described = dump_dataset(DatasetDocument.of(competition.dataset), style)
    n_rows, n_columns = competition.dataset.size()
    identity = identity_fields(competition.meta, ArtifactKind.COMPETITION)
    fields: Json = {
        "split": pair(competition.split),
        "target_cols": list(competition.target_cols),
        "input_cols": list(competition.input_cols),
        **({"metrics": metrics, "main_metric": competition.main_metric} if metrics else {}),
        "target_types": {name: str(one) for name, one in competition.target_types.items()},
        **meta_fields(competition.meta),
        **_taken(described, BEFORE_README),
        "readme": competition.readme,
        **_taken(described, AFTER_README),
        "artifact_version": competition.artifact_version,
        "artifact_changelog": competition.artifact_changelog,
        "dataset": None,
        "start_time": _moment(competition.start_time),
        "end_time": _moment(competition.end_time),
        "n_classes": dict(competition.n_classes),
        "test_set_sizes": competition.test_set_sizes,
        "n_test_sets": len(competition.test_set_labels),
        "n_train_datapoints": competition.n_train_datapoints,
        "test_set_labels": list(competition.test_set_labels),
        "n_test_datapoints": competition.test_set_sizes,
        "task_type": str(competition.task_type),
        **identity,
        "version": 2,
        "n_rows": n_rows,
        "n_columns": n_columns,
        "dataset_artifact_id": identity["artifact_id"],
    }
    if style is DocumentStyle.WIRE:
        return without_nulls(styled(fields, style))
    limits = competition.limits
    return {**fields, "submission_limits": {"per_day": limits.per_day, "total": limits.total}}


def _taken(dataset: Json, names: tuple[str, ...]) -> Json:
    """Fields of the dataset's document, which are spelt as they have to be."""
    return {key: dataset[key] for name in names for key in (name, camel(name)) if key in dataset}


def _moment(moment: dt.datetime) -> str:
    text = moment.isoformat()
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text


# --- reading --------------------------------------------------------------------------------------------


def load_competition(document: Mapping[str, Any], dataset: ArrayDataset, source: str = "") -> Competition:
    """Read a competition on `dataset`, keys of either style.

    Raises:
        InvalidDocument: a field has another type or breaks a rule, those of competitions included.
    """
    with reading(document, "competition", source) as fields:
        with fields.part("split"):
            split = SplitV1.from_parts(fields.sequence("split"))
        return Competition(
            meta=fields.meta(),
            dataset=dataset,
            target_cols=read_columns(fields, "target_cols"),
            input_cols=read_columns(fields, "input_cols"),
            split=split,
            start_time=_read_moment(fields, "start_time"),
            end_time=_read_moment(fields, "end_time"),
            metrics=read_metrics(fields),
            main_metric=read_main_metric(fields),
            target_types=read_target_types(fields),
            n_classes=read_classes(fields),
            limits=_read_limits(fields),
            readme=fields.text("readme") or "",
            artifact_version=fields.whole("artifact_version", 1),
            artifact_changelog=fields.text("artifact_changelog"),
        )


def _read_moment(fields: Reader, name: str) -> dt.datetime:
    """Read a time; one without a zone is of UTC."""
    text = fields.required_text(name)
    with fields.part(name):
        moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)


def _read_limits(fields: Reader) -> SubmissionLimits:
    given = fields.inside(fields.mapping("submission_limits"), "submission_limits")
    per_day, total = (given.of_type(int, "a whole number", name) for name in ("per_day", "total"))
    return SubmissionLimits(per_day=per_day, total=total)
