"""What is wrong with a document: file, JSON path and what was expected there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain.errors import InvalidDocument, NotReadable

CODEC = DarwinJsonCodec()
BOX = {"x": 1, "y": 2, "w": 3, "h": 4}
RASTER = {"dense_rle": [0, 3, 1, 1], "mask_annotation_ids_mapping": {"m": 1}, "total_pixels": 4}
STR_OR_NULL = "expected `str | null`, got `int`"


def fault(tree: Any) -> tuple[str, str]:
    with pytest.raises(InvalidDocument) as caught:
        CODEC.read(tree if isinstance(tree, bytes) else json.dumps(tree).encode(), "day1/a.json")
    assert caught.value.source == "day1/a.json"
    assert str(caught.value).startswith("annotation document day1/a.json at $")
    assert caught.value.remedy
    return caught.value.location, caught.value.reason


def document(*annotations: Any, **item: Any) -> dict[str, Any]:
    whole = {"name": "a.png", "path": "/", **item}
    return {"version": "2.0", "item": whole, "annotations": list(annotations)}


ANNOTATIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"id": "1"}, "", "has no 'name'"),
    ({"name": 3}, ".name", "expected `str`, got `int`"),
    ({"name": None}, ".name", "expected `str`, got `null`"),
    ({"name": "a", "bounding_box": {**BOX, "x": "1"}}, ".bounding_box.x", "expected `float`, got `str`"),
    ({"name": "a", "bounding_box": {**BOX, "x": True}}, ".bounding_box.x", "expected `float`, got `bool`"),
    ({"name": "a", "bounding_box": {**BOX, "x": None}}, ".bounding_box.x", "expected `float`, got `null`"),
    ({"name": "a", "bounding_box": {**BOX, "x": 10**400}}, ".bounding_box.x", "number out of range"),
    ({"name": "a", "bounding_box": []}, ".bounding_box", "expected `object`, got `array`"),
    ({"name": "a", "polygon": {}}, ".polygon", "has no 'paths'"),
    ({"name": "a", "polygon": {"paths": [[{"x": 1, "y": 2}, {"x": 1}]]}}, ".polygon.paths[0][1]", "has no 'y'"),
    ({"name": "a", "polygon": {"paths": [{"x": 1, "y": 2}]}}, ".polygon.paths[0]", "expected `array`, got `object`"),
    ({"name": "a", "line": {"path": [[1, 2]]}}, ".line.path[0]", "expected `object`, got `array`"),
    ({"name": "a", "mask": {"sparse_rle": []}}, ".mask.sparse_rle", "expected `null`, got `array`"),
    ({"name": "a", "raster_layer": {**RASTER, "dense_rle": []}}, ".raster_layer", "'dense_rle' is empty"),
    (
        {"name": "a", "raster_layer": {**RASTER, "mask_annotation_ids_mapping": {}}},
        ".raster_layer",
        "'mask_annotation_ids_mapping' is empty",
    ),
    ({"name": "a", "raster_layer": {**RASTER, "total_pixels": 0}}, ".raster_layer", "'total_pixels' is empty"),
    ({"name": "a", "raster_layer": {"dense_rle": [0, 1]}}, ".raster_layer", "has no 'mask_annotation_ids_mapping'"),
    (
        {"name": "a", "raster_layer": {**RASTER, "dense_rle": [0, 3, 1]}},
        ".raster_layer",
        "'dense_rle' is not a flat list of (value, run length) pairs",
    ),
    (
        {"name": "a", "raster_layer": {**RASTER, "dense_rle": [0, -3]}},
        ".raster_layer.dense_rle[1]",
        "expected `int` >= 0",
    ),
    (
        {"name": "a", "raster_layer": {**RASTER, "dense_rle": [0, 2**63]}},
        ".raster_layer.dense_rle[1]",
        "expected `int` <= 9223372036854775807",
    ),
    ({"name": "a", "frames": {"x1": {"tag": {}}}}, ".frames", "expected `int`, got `str`"),
    ({"name": "a", "frames": {"-1": {"tag": {}}}}, ".frames", "expected `int` >= 0"),
    ({"name": "a", "frames": {"01": {"tag": {}}}}, ".frames", "expected `int`, got `str`"),
    ({"name": "a", "frames": {"1.5": {"tag": {}}}}, ".frames", "expected `int`, got `str`"),
    ({"name": "a", "frames": {"1": {}, "7": {"tag": []}}}, '.frames["7"].tag', "expected `object`, got `array`"),
    ({"name": "a", "frames": {"7": None}}, '.frames["7"]', "expected `object`, got `null`"),
    ({"name": "a", "frames": [1]}, ".frames", "expected `object`, got `array`"),
    ({"name": "a", "sections": {"x": {"tag": {}}}}, ".frames", "expected `int`, got `str`"),
    ({"name": "a", "sections": [], "tag": 1}, ".tag", "expected `object`, got `int`"),
    ({"name": "a", "frames": {}, "ranges": [[1]]}, ".ranges[0]", "expected `array` of length 2, got 1"),
    ({"name": "a", "frames": {}, "segments": [["1", 2]]}, ".ranges[0][0]", "expected `int`, got `str`"),
    ({"name": "a", "tag": {}, "properties": [{"value": "v"}]}, ".properties[0]", "has no 'name'"),
    ({"name": "a", "properties": [{"name": "p", "value": 3}]}, ".properties[0].value", STR_OR_NULL),
    ({"name": "a", "tag": {}, "annotators": [{"email": "e"}]}, ".annotators[0]", "has no 'full_name'"),
    ({"name": "a", "tag": {}, "slot_names": "0"}, ".slot_names", "expected `array`, got `str`"),
    ({"name": "a", "tag": {}, "attributes": [1]}, ".attributes[0]", "expected `str`, got `int`"),
    ({"name": "a", "tag": {}, "measures": []}, ".measures", "expected `object`, got `array`"),
]  # fmt: skip


@pytest.mark.parametrize("unknown", [{}, {"unknown": 1}], ids=["known", "unknown keys"])
@pytest.mark.parametrize(("annotation", "place", "reason"), ANNOTATIONS)
def test_annotation(annotation: dict[str, Any], place: str, reason: str, unknown: dict[str, Any]) -> None:
    fine = {"name": "b", "tag": {}, **unknown}
    assert fault(document(fine, {**annotation, **unknown})) == (f"$.annotations[1]{place}", reason)


@pytest.mark.parametrize(
    ("item", "place", "reason"),
    [
        ({"path": None}, "$.item.path", "expected `str`, got `null`"),
        ({"slots": [{"type": "image"}]}, "$.item.slots[0]", "has no 'slot_name'"),
        ({"slots": [{"slot_name": "0"}]}, "$.item.slots[0]", "has no 'type'"),
        ({"slots": {}}, "$.item.slots", "expected `array`, got `object`"),
        (
            {"slots": [{"slot_name": "0", "type": "image", "width": 1.5}]},
            "$.item.slots[0].width",
            "expected `int`, got `float`",
        ),
        (
            {"slots": [{"slot_name": "0", "type": "image", "source_files": [{}]}]},
            "$.item.slots[0].source_files[0]",
            "has no 'file_name'",
        ),
        (
            {"slots": [{"slot_name": "0", "type": "image", "source_files": [{"file_name": "f", "digest": "md5:0"}]}]},
            "$.item.slots[0].source_files[0].digest",
            r"expected `str` matching regex '^sha256:[0-9a-f]{64}\\Z'",
        ),
        ({"source_info": {"team": []}}, "$.item.source_info.team", "expected `object`, got `array`"),
    ],
)
def test_item(item: dict[str, Any], place: str, reason: str) -> None:
    assert fault(document(**item)) == (place, reason)


@pytest.mark.parametrize(
    ("tree", "place", "reason"),
    [
        ([], "$", "expected `object`, got `array`"),
        ({}, "$", "has no 'annotations'"),
        ({"item": {"name": "a", "path": "/"}}, "$", "has no 'annotations'"),
        ({"annotations": []}, "$", "has no 'item'"),
        ({"annotations": {}, "item": {"name": "a", "path": "/"}}, "$.annotations", "expected `array`, got `object`"),
        ({"annotations": None, "item": {"name": "a", "path": "/"}}, "$.annotations", "expected `array`, got `null`"),
        (document(None), "$.annotations[0]", "expected `object`, got `null`"),
        ({"annotations": [], "item": {"path": "/"}}, "$.item", "has no 'name'"),
        ({"annotations": [], "item": {"name": "a"}}, "$.item", "has no 'path'"),
        ({**document(), "version": "two"}, "$.version", "'two' is not a version such as 2.0"),
        ({**document(), "version": 2.0}, "$.version", "expected `str`, got `float`"),
        ({**document(), "properties": [{"value": "v"}]}, "$.properties[0]", "has no 'name'"),
    ],
)  # fmt: skip
def test_root(tree: Any, place: str, reason: str) -> None:
    assert fault(tree) == (place, reason)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it ends too early at line 1, column 1 (byte 0)"),
        (b'{"item":\n {"name": "a"', "it ends too early at line 2, column 14 (byte 22)"),
        (b'{"item": 1,\n\n }', "trailing comma in object at line 3, column 2 (byte 14)"),
        (b'{"annotations": NaN}', "invalid character at line 1, column 17 (byte 16)"),
        (b"<xml/>", "invalid character at line 1, column 1 (byte 0)"),
        (b'{"annotations": []} x', "trailing characters at line 1, column 22 (byte 21)"),
        (b'{"item": {"name": "\xff"}}', "not UTF-8 at line 1, column 20 (byte 19)"),
        (b"\xff\xfe{", "invalid character at line 1, column 1 (byte 0)"),
        (b'{"unknown": 1, "annotations": [', "it ends too early at line 1, column 32 (byte 31)"),
    ],
)
def test_not_json(data: bytes, reason: str) -> None:
    assert fault(data) == ("$", f"is not JSON: {reason}")


def test_nested_too_deeply() -> None:
    assert fault(b'{"annotations": ' + b"[" * 100_000) == ("$", "is nested too deeply")
    assert fault(b'{"unknown": ' + b"[" * 100_000) == ("$", "is nested too deeply")


def test_number_that_does_not_fit_in_an_unknown_field() -> None:
    place, reason = fault(b'{"unknown": 1e999, "annotations": []}')
    assert place.startswith("$") and reason == "number out of range"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_other_encodings_are_read(encoding: str) -> None:
    text = json.dumps(document(name="ä.png"), ensure_ascii=False)
    assert CODEC.read(text.encode(encoding)).item.name == "ä.png"


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document()))
    assert CODEC.read_file(path) == CODEC.read_file(str(path)) == CODEC.read(path.read_bytes())
    big = json.dumps(document(*[{"name": "ä" * 100, "tag": {}}] * 1000), ensure_ascii=False)
    path.write_text(big, encoding="utf-8")
    assert len(CODEC.read_file(path).annotations) == 1000
    path.write_text("{}")
    with pytest.raises(InvalidDocument) as caught:
        CODEC.read_file(path)
    assert caught.value.source == str(path)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(NotReadable) as caught:
            CODEC.read_file(path)
        assert caught.value.path == str(path)
