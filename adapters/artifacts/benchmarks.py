"""Documents of benchmarks of both versions (reference: Polaris, sections 3.6, 3.7, 7 and 7.6).

Version 1 lists its rows. Version 2 names index sets by size and MD5 on the wire; on disk their rows are listed, so
that the file is all there is to it (the peer leaves them out and cannot read its own files; it reads these).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...domain.array_dataset import ArrayDataset
from ...domain.artifact import ArtifactKind
from ...domain.benchmark import Benchmark
from ...domain.benchmark_split import AnySplit, LabelledSplits, SplitV1, SplitV2
from ...domain.errors import InvalidInput
from ...domain.index_set import IndexSet
from ...ports.artifacts import DocumentStyle, Json
from .reading import Reader, reading
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

IndexMd5 = Callable[[IndexSet], str]


def dump_benchmark(benchmark: Benchmark, style: DocumentStyle, index_md5: IndexMd5 | None = None) -> Json:
    """Write a benchmark's document; its dataset is named, not contained.

    The checksum of version 1 is written if it is known, or that of the dataset is. `index_md5` is the checksum of an
    index set (`ports.index_sets.IndexSetCodec.md5`), which the wire of version 2 needs.

    Raises:
        InvalidInput: index sets, on the wire, without `index_md5`.
    """
    split = benchmark.split
    metrics = metric_list(benchmark.metrics)
    fields: Json = {
        "splits" if isinstance(split, LabelledSplits) else "split": _split(split, style, index_md5),
        **meta_fields(benchmark.meta),
        "target_cols": list(benchmark.target_cols),
        "input_cols": list(benchmark.input_cols),
        **({"metrics": metrics, "main_metric": benchmark.main_metric} if metrics else {}),
        "target_types": {name: str(one) for name, one in benchmark.target_types.items()},
        "readme": benchmark.readme,
        "artifact_version": benchmark.artifact_version,
        "artifact_changelog": benchmark.artifact_changelog,
        **identity_fields(benchmark.meta, ArtifactKind.BENCHMARK),
        "version": benchmark.version,
        "task_type": str(benchmark.task_type),
        "dataset_artifact_id": benchmark.dataset_artifact_id and str(benchmark.dataset_artifact_id),
        "md5sum": _checksum(benchmark),
        **_counts(benchmark),
        "n_classes": dict(benchmark.n_classes),
    }
    if benchmark.version != 1:
        del fields["md5sum"]
    return without_nulls(styled(fields, style)) if style is DocumentStyle.WIRE else fields


def _checksum(benchmark: Benchmark) -> str | None:
    if benchmark.version != 1 or benchmark.md5sum is not None or benchmark.dataset.md5sum is None:
        return benchmark.md5sum
    return benchmark.checksum()


def _counts(benchmark: Benchmark) -> Json:
    if isinstance(benchmark.split, LabelledSplits):
        return {
            "n_splits": benchmark.n_test_sets,
            "split_labels": list(benchmark.split.by_label),
            "n_train_datapoints": benchmark.n_train_datapoints,
            "n_test_datapoints": benchmark.test_set_sizes,
            "max_index": benchmark.split.highest,
        }
    return {
        "test_set_sizes": benchmark.test_set_sizes,
        "n_test_sets": benchmark.n_test_sets,
        "n_train_datapoints": benchmark.n_train_datapoints,
        "test_set_labels": list(benchmark.test_set_labels),
        "n_test_datapoints": benchmark.test_set_sizes,
    }


def _split(split: AnySplit, style: DocumentStyle, index_md5: IndexMd5 | None) -> Any:
    match split:
        case SplitV1():
            return pair(split)
        case SplitV2():
            parts = {"training": split.training, "test": split.test}
            return {name: _index_set(one, style, index_md5) for name, one in parts.items()}
        case LabelledSplits(by_label=by_label):
            return {label: _split(one, style, index_md5) for label, one in by_label.items()}


def _index_set(indices: IndexSet, style: DocumentStyle, index_md5: IndexMd5 | None) -> Json:
    fields: Json = {"datapoints": len(indices)}
    if index_md5 is not None:
        fields["md5_checksum"] = index_md5(indices)
    elif style is DocumentStyle.WIRE:
        raise InvalidInput("split of a version 2 benchmark", "cannot be named without the MD5 of its index sets")
    if style is DocumentStyle.DISK:
        fields["indices"] = indices.values.tolist()
    return styled(fields, style)


# --- reading --------------------------------------------------------------------------------------------


def load_benchmark(
    document: Mapping[str, Any], dataset: ArrayDataset, split: AnySplit | None = None, source: str = ""
) -> Benchmark:
    """Read a benchmark of `dataset`, keys of either style; `split` is that of a document which only says where it is.

    Raises:
        InvalidDocument: a field has another type or breaks a rule, those of benchmarks included.
    """
    with reading(document, "benchmark", source) as fields:
        if split is None:
            with fields.part("split"):
                split = _read_split(fields)
        version = fields.whole("version", 1 if isinstance(split, SplitV1) else 2)
        return Benchmark(
            version=version,
            meta=fields.meta(),
            dataset=dataset,
            target_cols=read_columns(fields, "target_cols"),
            input_cols=read_columns(fields, "input_cols"),
            split=split,
            metrics=read_metrics(fields),
            main_metric=read_main_metric(fields),
            target_types=read_target_types(fields),
            n_classes={} if version == 1 else read_classes(fields),
            readme=fields.text("readme") or "",
            artifact_version=fields.whole("artifact_version", 1),
            artifact_changelog=fields.text("artifact_changelog"),
            md5sum=fields.text("md5sum") if version == 1 else None,
        )


def _read_split(fields: Reader) -> AnySplit:
    labelled = fields.value("splits")
    if labelled is not None:
        by_label = fields.inside(labelled, "splits")
        return LabelledSplits({label: _read_pair(by_label, label) for label in by_label.fields})
    if isinstance(fields.value("split"), Mapping):
        return _read_pair(fields, "split")
    return SplitV1.from_parts(fields.sequence("split"))


def _read_pair(fields: Reader, name: str) -> SplitV2:
    parts = fields.inside(fields.fields[name], name)
    return SplitV2(_read_index_set(parts, "training"), _read_index_set(parts, "test"))


def _read_index_set(parts: Reader, name: str) -> IndexSet:
    one = parts.inside(parts.value(name), name)
    if not one.has("indices"):
        raise one.fail("indices", "is missing", "Fetch the files of the split and give them")
    return IndexSet.of(one.sequence("indices"))
