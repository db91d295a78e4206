from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from groundtruth.adapters.artifacts.dataset import dump_dataset, load_dataset
from groundtruth.adapters.artifacts.models import dump_model, load_model
from groundtruth.adapters.artifacts.text import decode, encode
from groundtruth.domain.array_dataset import ColumnAdapter, Modality
from groundtruth.domain.errors import InvalidDocument, InvalidInput
from groundtruth.domain.tree_digest import FileDigest
from groundtruth.ports.artifacts import DatasetDocument, DocumentStyle

DISK, WIRE = DocumentStyle.DISK, DocumentStyle.WIRE

EVERYTHING: dict[str, Any] = {
    "name": "My_Data",
    "owner": {"slug": "some-team", "externalId": "org_1", "type": "organization"},
    "tags": ["a"],
    "userAttributes": {"some_key": "v"},
    "defaultAdapters": {"some_col": "SMILES_TO_MOL"},
    "annotations": {
        "some_col": {"modality": "molecule", "userAttributes": {"snake_key": "x"}, "contentType": "chemical/x-smiles"}
    },
    "source": "https://example.org",
    "license": "MIT",
    "artifactVersion": 3,
    "artifactChangelog": "more rows",
    "md5Sum": "0" * 32,
    "root": "https://example.org/table.parquet",
    "extension": "https://example.org/data.zarr",
    "zarrRootPath": "/home/someone/data.zarr",
    "zarrMd5SumManifest": [{"path": ".zgroup", "md5Sum": "1" * 32, "size": 24}],
    "nRows": 5,
    "nColumns": 1,
    "createdAt": "yesterday",
}


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def test_documents_of_version_1_are_read_and_written_byte_for_byte(vectors: Path) -> None:
    root = vectors / "polaris"
    for case in json.loads((root / "datasets_v1.json").read_text())["cases"]:
        data = (root / case["folder"] / "dataset.json").read_bytes()
        dataset = load_dataset(decode(data))
        assert list(dump_dataset(dataset, DISK)) == case["to_json_keys"]
        assert encode(dump_dataset(dataset, DISK), DISK) == data
        wire = without_nulls(case["dump_by_alias"])
        if "zarrRootPath" in wire:  # the archive was copied between the two
            wire["zarrRootPath"] = dataset.zarr_root
        dumped = dump_dataset(dataset, WIRE)
        assert (dumped, list(dumped)) == (wire, list(wire))
        assert load_dataset(dumped) == attrs.evolve(dataset, table=None)


def test_documents_of_version_2_are_read_and_written(vectors: Path) -> None:
    for case in json.loads((vectors / "polaris" / "datasets_v2.json").read_text())["valid_or_not"]:
        if "value" in case["expected"]:
            wire = without_nulls(case["expected"]["value"]["dump_by_alias"])
            dataset = load_dataset(wire)
            dumped = dump_dataset(dataset, WIRE)
            assert (dumped, list(dumped)) == (wire, list(wire))
            disk = dump_dataset(dataset, DISK)
            assert {"zarr_manifest_md5sum", "md5sum", "table"}.isdisjoint(disk)
            assert load_dataset(disk) == attrs.evolve(dataset, zarr_manifest_md5=None)


def test_uploads_of_former_clients_are_read(vectors: Path) -> None:
    bodies = [
        body
        for name in ("legacy_0_12_1_uploads.json", "legacy_0_10_0.json")
        for body in _bodies(json.loads((vectors / "polaris" / name).read_text()))
    ]
    assert bodies
    for body in bodies:
        dataset = load_dataset(body)
        dumped = dump_dataset(dataset, WIRE)
        assert {key: value for key, value in body.items() if key in dumped} == {
            key: dumped[key] for key in dumped if key in body
        }
        assert set(dumped) - set(body) <= {"artifactVersion", "slug", "version"}


def _bodies(value: Any) -> list[dict[str, Any]]:
    """Bodies of uploads of datasets, wherever they are in a golden file."""
    if isinstance(value, dict):
        if "defaultAdapters" in value and "annotations" in value:
            return [value]
        value = list(value.values())
    return [body for one in value for body in _bodies(one)] if isinstance(value, list) else []


def test_artifacts_of_the_golden_cases(vectors: Path) -> None:
    refused = {"slug shorter than its own rule", "only separators"}  # a derived slug has to be a slug
    for case in json.loads((vectors / "polaris" / "artifacts.json").read_text())["cases"]:
        if "error" in case["expected"] or case["kind"] in refused:
            with pytest.raises(InvalidDocument) as caught:
                load_model(case["input"])
            if "error" in case["expected"]:
                (told,) = case["expected"]["error"]["errors"]
                place = f"$.{'.'.join(told['loc'])}".replace("tags.0", "tags[0]")
                assert place.startswith(caught.value.location)
                assert caught.value.location != "$"
        else:
            dumped = dump_model(load_model(case["input"]), WIRE)
            assert dumped == without_nulls(case["expected"]["value"])


def test_a_hub_says_where_table_and_archive_are() -> None:
    dataset = load_dataset(EVERYTHING)
    assert (dataset.version, dataset.table, dataset.zarr_root) == (1, EVERYTHING["root"], EVERYTHING["extension"])
    assert dataset.annotations["some_col"].modality is Modality.MOLECULE
    assert dataset.annotations["some_col"].user_attributes == {"snake_key": "x"}
    assert dataset.default_adapters == {"some_col": ColumnAdapter.SMILES_TO_MOL}
    assert dataset.zarr_manifest == (FileDigest(".zgroup", 24, "1" * 32),)
    assert dataset.meta.owner is not None
    assert dataset.meta.owner.external_id == "org_1"
    second = load_dataset({"name": "data", "root": "https://example.org/a.zarr", "zarrRootPath": "/x"}, version=2)
    assert (second.version, second.table, second.zarr_root) == (2, None, "https://example.org/a.zarr")


def test_what_was_read_is_written_in_either_style() -> None:
    dataset = load_dataset(EVERYTHING)
    on_disk = dump_dataset(dataset, DISK)
    assert on_disk["zarr_root_path"] == EVERYTHING["extension"]
    assert load_dataset(decode(encode(on_disk, DISK))) == attrs.evolve(
        dataset, meta=attrs.evolve(dataset.meta, owner="some-team")
    )


def test_a_dataset_is_described_and_made_again(vectors: Path) -> None:
    del vectors
    from support.tables import table

    dataset = table({"a": [1, 2], "b": ["x", "y"]}, md5sum="0" * 32)
    said = DatasetDocument.of(dataset, table="t.parquet")
    assert (said.n_rows, said.n_columns, said.table, said.md5sum) == (2, 2, "t.parquet", "0" * 32)
    again = said.dataset(dataset.columns, zarr_root=None)
    assert (again.annotations, again.meta, again.version) == (dataset.annotations, dataset.meta, 1)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "a"),
        ("name", 5),
        ("name", "_ab_"),
        ("owner.slug", "Team"),
        ("owner.type", "team"),
        ("tags", "abc"),
        ("tags", [1]),
        ("userAttributes", {"a": 1}),
        ("defaultAdapters.some_col", "NONE_SUCH"),
        ("annotations", []),
        ("annotations.some_col", "x"),
        ("annotations.some_col.modality", "SOUND"),
        ("annotations.some_col.isPointer", "yes"),
        ("annotations.some_col.userAttributes", {"a": None}),
        ("annotations.some_col.dtype", 8),
        ("source", "example.org"),
        ("curationReference", "ftp://example.org"),
        ("license", "GPL-3.0"),
        ("artifactVersion", "three"),
        ("artifactVersion", True),
        ("md5Sum", "A" * 32),
        ("zarrMd5SumManifest", [{"path": "a"}]),
        ("zarrMd5SumManifest", [{"md5Sum": "0" * 32}]),
        ("version", 3),
        ("readme", 5),
        ("polarisVersion", "newest"),
        ("nRows", 2.5),
        ("root", 7),
    ],
)
def test_errors_say_where(path: str, value: Any) -> None:
    document = copy.deepcopy(EVERYTHING)
    *above, last = path.split(".")
    part = document
    for key in above:
        part = part[key]
    part[last] = value
    with pytest.raises(InvalidDocument) as caught:
        load_dataset(document, source="dataset.json")
    assert caught.value.source == "dataset.json"
    assert caught.value.location.startswith(f"$.{path}")


def test_json_is_strict_both_ways() -> None:
    for data in (b'{"a": NaN}', b'{"a": -Infinity}', b"[1]", b"", b"\xff", b"{", b"[" * 100_000):
        with pytest.raises(InvalidDocument, match=r"a\.json"):
            decode(data, "a.json")
    for style in DocumentStyle:
        with pytest.raises(InvalidInput, match=r"\$\.a\[1\]\.b"):
            encode({"a": [1, {"b": float("nan")}]}, style)
        with pytest.raises(InvalidInput):
            encode({"a": object()}, style)
    assert encode({"a": [1, "ü"]}, WIRE) == '{"a":[1,"ü"]}'.encode()
    assert encode({"a": [1, "ü"]}, DISK) == b'{"a": [1, "\\u00fc"]}'
