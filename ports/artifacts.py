"""Artifacts as JSON documents: snake case on disk, camel case to and from hubs (reference: Polaris, section 3)."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from ..domain.array_dataset import Adapt, ArrayDataset, ColumnAdapter, ColumnAnnotation
from ..domain.artifact import ArtifactMeta, License
from ..domain.columns import Columns
from ..domain.tree_digest import FileDigest

if TYPE_CHECKING:
    from ..domain.benchmark import Benchmark
    from ..domain.benchmark_split import AnySplit
    from ..domain.competition import Competition
    from ..domain.index_set import IndexSet
    from ..domain.model import Model
    from ..domain.results import AnyResults
    from ..domain.submission import BenchmarkPredictions, CompetitionPredictions

Json = dict[str, Any]
"""A JSON object: only text keys, and values that JSON has."""


class DocumentStyle(enum.StrEnum):
    """How the keys of a document are written."""

    DISK = "disk"
    """Snake case, as files are."""
    WIRE = "wire"
    """Camel case, as bodies of requests are."""


@attrs.frozen(kw_only=True)
class DatasetDocument:
    """Everything a dataset's document says; the columns themselves are in the files it names.

    `table` and `zarr_root` are paths or addresses, as they stand in the document. Of the manifests, version 1
    lists the files of its archive, version 2 has the MD5 of its manifest file.
    """

    version: int
    meta: ArtifactMeta
    annotations: Mapping[str, ColumnAnnotation] = attrs.field(factory=dict[str, ColumnAnnotation])
    default_adapters: Mapping[str, ColumnAdapter] = attrs.field(factory=dict[str, ColumnAdapter])
    readme: str = ""
    source: str | None = None
    license: License | None = None
    curation_reference: str | None = None
    artifact_version: int = 1
    artifact_changelog: str | None = None
    md5sum: str | None = None
    table: str | None = None
    zarr_root: str | None = None
    zarr_manifest: tuple[FileDigest, ...] = ()
    zarr_manifest_md5: str | None = None
    n_rows: int | None = None
    n_columns: int | None = None

    @classmethod
    def of(
        cls, dataset: ArrayDataset, *, table: str | None = None, zarr_manifest: tuple[FileDigest, ...] = ()
    ) -> DatasetDocument:
        """Describe a dataset, whose archive it names as the dataset does. Reads none of its values."""
        said: dict[str, Any] = {name: getattr(dataset, name) for name in _SHARED}
        n_rows, n_columns = dataset.size()
        return cls(**said, table=table, zarr_manifest=zarr_manifest, n_rows=n_rows, n_columns=n_columns)

    def dataset(self, columns: Columns, *, zarr_root: str | None, adapt: Adapt | None = None) -> ArrayDataset:
        """Make the dataset that has these columns, and its archive where it was found."""
        said: dict[str, Any] = {name: getattr(self, name) for name in _SHARED}
        said |= {"columns": columns, "zarr_root": zarr_root}
        return ArrayDataset(**said) if adapt is None else ArrayDataset(**said, adapt=adapt)


_SHARED = (
    "version", "meta", "annotations", "default_adapters", "readme", "source", "license", "curation_reference",
    "artifact_version", "artifact_changelog", "md5sum", "zarr_root",
)  # fmt: skip


class JsonText(Protocol):
    """JSON as bytes: strict, so that NaN and infinity are refused both ways."""

    def encode(self, document: Mapping[str, Any], style: DocumentStyle) -> bytes:
        """Write a document: with blanks on disk, compact on the wire, UTF-8.

        Raises:
            InvalidInput: it holds NaN, infinity or what JSON cannot express; says where.
        """
        ...

    def decode(self, data: bytes, source: str = "") -> Json:
        """Read a JSON object; `source` names it in errors.

        Raises:
            InvalidDocument: not strict JSON, or no object.
        """
        ...


class DatasetCodec(Protocol):
    """Documents of datasets (reference: sections 3.4, 3.5, 5.5)."""

    def dump_dataset(self, dataset: DatasetDocument, style: DocumentStyle) -> Json:
        """Write a dataset's document, keys in the order of the format, nulls left out."""
        ...

    def load_dataset(
        self, document: Mapping[str, Any], version: int | None = None, source: str = ""
    ) -> DatasetDocument:
        """Read a dataset's document, keys of either style; fields that are not known are dropped.

        `version` is that of the address it came from, where the document does not say; `source` names it in errors.

        Raises:
            InvalidDocument: a field has another type or breaks a rule; `location` says which.
        """
        ...


class BenchmarkCodec(Protocol):
    """Documents of benchmarks (reference: sections 3.6, 3.7, 7)."""

    def dump_benchmark(
        self, benchmark: Benchmark, style: DocumentStyle, index_md5: Callable[[IndexSet], str] | None = None
    ) -> Json:
        """Write a benchmark's document; its dataset is named, not contained.

        On disk index sets are listed; the wire names them by the checksum that `index_md5` computes.

        Raises:
            InvalidInput: index sets, on the wire, without `index_md5`.
        """
        ...

    def load_benchmark(
        self, document: Mapping[str, Any], dataset: ArrayDataset, split: AnySplit | None = None, source: str = ""
    ) -> Benchmark:
        """Read a benchmark of `dataset`; `split` is that of a document which only says where it is.

        Raises:
            InvalidDocument: as `load_dataset`, and where a rule of benchmarks is broken.
        """
        ...


class ResultsCodec(Protocol):
    """Documents of results (reference: sections 3.8, 11.1)."""

    def dump_results(self, results: AnyResults, style: DocumentStyle) -> Json:
        """Write results; on disk with intervals and evidence, NaN and infinities as texts, which the peer reads.

        Raises:
            InvalidResult: the wire has no form for a score (NaN, infinity).
        """
        ...

    def load_results(self, document: Mapping[str, Any], source: str = "") -> AnyResults:
        """Read results; errors as `load_dataset`."""
        ...


class PredictionsCodec(Protocol):
    """Documents of predictions (reference: sections 3.9, 9.3 and 9.4)."""

    def dump_predictions(
        self, submission: BenchmarkPredictions | CompetitionPredictions, style: DocumentStyle
    ) -> Json:
        """Write predictions with who made them.

        Raises:
            InvalidPredictions: the wire wants a name, owner or report that is not there, or has no form for a value.
        """
        ...

    def load_predictions(
        self, document: Mapping[str, Any], source: str = ""
    ) -> BenchmarkPredictions | CompetitionPredictions:
        """Read predictions of either kind; errors as `load_dataset`."""
        ...


class CompetitionCodec(Protocol):
    """Documents of competitions (reference: sections 3.9, 11.3)."""

    def dump_competition(self, competition: Competition, style: DocumentStyle) -> Json:
        """Write a competition's document."""
        ...

    def load_competition(self, document: Mapping[str, Any], dataset: ArrayDataset, source: str = "") -> Competition:
        """Read a competition on `dataset`; errors as `load_benchmark`."""
        ...


class ModelCodec(Protocol):
    """Documents of models (reference: sections 3.10, 11.4)."""

    def dump_model(self, model: Model, style: DocumentStyle) -> Json:
        """Write a model's document."""
        ...

    def load_model(self, document: Mapping[str, Any], source: str = "") -> Model:
        """Read a model; errors as `load_dataset`."""
        ...


class ArtifactCodec(
    JsonText, DatasetCodec, BenchmarkCodec, ResultsCodec, PredictionsCodec, CompetitionCodec, ModelCodec, Protocol
):
    """Documents of every kind of artifact. Pure functions: nothing is opened, nothing remembered."""
