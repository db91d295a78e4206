"""Documents of datasets of both versions (reference: Polaris, sections 3.4, 3.5, 5.2 and 5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.array_dataset import ColumnAdapter, ColumnAnnotation, Modality
from ...domain.artifact import ArtifactKind, License, check_attributes, check_url
from ...domain.tree_digest import FileDigest, check_md5
from ...ports.artifacts import DatasetDocument, DocumentStyle, Json
from .reading import Reader, reading
from .writing import identity_fields, meta_fields, styled


def dump_dataset(dataset: DatasetDocument, style: DocumentStyle) -> Json:
    """Write a dataset's document; see `ports.artifacts.DatasetCodec`."""
    fields: Json = {
        **meta_fields(dataset.meta),
        "default_adapters": {column: adapter.value for column, adapter in dataset.default_adapters.items()},
        "zarr_root_path": dataset.zarr_root,
        "readme": dataset.readme,
        "annotations": {column: _annotation(one, style) for column, one in dataset.annotations.items()},
        "source": dataset.source,
        "license": None if dataset.license is None else dataset.license.value,
        "curation_reference": dataset.curation_reference,
        "artifact_version": dataset.artifact_version,
        "artifact_changelog": dataset.artifact_changelog,
        "md5sum": dataset.md5sum if dataset.version == 1 else None,
        **identity_fields(dataset.meta, ArtifactKind.DATASET),
        "version": dataset.version,
        "n_rows": dataset.n_rows,
        "n_columns": dataset.n_columns,
    }
    if dataset.version == 1:
        fields["zarr_md5sum_manifest"] = [_file(one, style) for one in dataset.zarr_manifest]
    elif style is DocumentStyle.WIRE:
        fields["zarr_manifest_md5sum"] = dataset.zarr_manifest_md5
    if style is DocumentStyle.DISK:
        fields["table"] = dataset.table
    return _without_nulls(fields, style)


def _without_nulls(fields: Json, style: DocumentStyle) -> Json:
    return styled({name: value for name, value in fields.items() if value is not None}, style)


def _annotation(one: ColumnAnnotation, style: DocumentStyle) -> Json:
    fields: Json = {
        "is_pointer": one.is_pointer,
        "modality": one.modality.value,
        "description": one.description,
        "user_attributes": dict(one.user_attributes),
        "dtype": one.dtype,
        "content_type": one.content_type,
    }
    return _without_nulls(fields, style)


def _file(one: FileDigest, style: DocumentStyle) -> Json:
    return styled({"path": one.path, "md5sum": one.md5, "size": one.size}, style)


def load_dataset(document: Mapping[str, Any], version: int | None = None, source: str = "") -> DatasetDocument:
    """Read a dataset's document; see `ports.artifacts.DatasetCodec`."""
    with reading(document, "dataset", source) as fields:
        version = _version(fields, version)
        table, zarr_root = _places(fields, version)
        return DatasetDocument(
            version=version,
            meta=fields.meta(),
            annotations={name: _read_annotation(one) for name, one in _parts(fields, "annotations")},
            default_adapters=_adapters(fields),
            readme=fields.text("readme") or "",
            source=fields.checked("source", check_url),
            license=fields.checked("license", _license),
            curation_reference=fields.checked("curation_reference", check_url),
            artifact_version=fields.whole("artifact_version", 1),
            artifact_changelog=fields.text("artifact_changelog"),
            md5sum=fields.checked("md5sum", check_md5) if version == 1 else None,
            table=table,
            zarr_root=zarr_root,
            zarr_manifest=tuple(_read_file(one) for one in fields.objects("zarr_md5sum_manifest")),
            zarr_manifest_md5=fields.checked("zarr_manifest_md5sum", check_md5),
            n_rows=fields.of_type(int, "a whole number", "n_rows"),
            n_columns=fields.of_type(int, "a whole number", "n_columns"),
        )


def _version(fields: Reader, known: int | None) -> int:
    """The version a document says, or that of where it came from, or what only a version 1 document has tells."""
    looks_like_a_table = fields.has("table") or fields.has("md5sum")
    version = fields.whole("version", known or (1 if looks_like_a_table else 2))
    if version not in (1, 2):
        raise fields.fail("version", f"is {version}; 1 and 2 are known")
    return version


def _places(fields: Reader, version: int) -> tuple[str | None, str | None]:
    """Where the table and the archive are.

    A hub says so in `root` and `extension`; what it repeats of `zarrRootPath` is a path of whoever uploaded it.
    """
    root = fields.text("root")
    if root is None:
        return fields.text("table"), fields.text("zarr_root_path")
    return (root, fields.text("extension")) if version == 1 else (None, root)


def _license(text: str) -> License:
    try:
        return License(text)
    except ValueError:
        raise ValueError(f"licence '{text}' is not known; choose one of {', '.join(License)}") from None


def _adapters(fields: Reader) -> dict[str, ColumnAdapter]:
    given = fields.inside(fields.mapping("default_adapters"), "default_adapters")
    found = {column: given.checked(column, ColumnAdapter.parse) for column in given.fields}
    return {column: adapter for column, adapter in found.items() if adapter is not None}


def _parts(fields: Reader, name: str) -> list[tuple[str, Reader]]:
    return [(key, fields.inside(value, f"{name}.{key}")) for key, value in fields.mapping(name).items()]


def _read_annotation(one: Reader) -> ColumnAnnotation:
    with one.part("user_attributes"):
        attributes = check_attributes(one.mapping("user_attributes"))
    return ColumnAnnotation(
        is_pointer=one.of_type(bool, "true or false", "is_pointer") or False,
        modality=one.checked("modality", Modality.parse) or Modality.UNKNOWN,
        description=one.text("description"),
        user_attributes=attributes,
        dtype=one.text("dtype"),
        content_type=one.text("content_type"),
    )


def _read_file(one: Reader) -> FileDigest:
    size = one.whole("size", 0)
    md5 = one.checked("md5sum", check_md5)
    if md5 is None:
        raise one.fail("md5sum", "is missing")
    return FileDigest(one.required_text("path"), size, md5)
