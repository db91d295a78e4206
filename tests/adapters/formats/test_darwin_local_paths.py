"""Where source files are on this machine, said in a document that otherwise stays as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain.document import AnnotationDocument

CODEC = DarwinJsonCodec()


def document(*slots: dict[str, Any], **more: Any) -> dict[str, Any]:
    described = [{"slot_name": str(number), "type": "image", **slot} for number, slot in enumerate(slots)]
    item = {"name": "a.png", "path": "/", "slots": described}
    return {"version": "2.0", "annotations": [{"name": "x", "tag": {}}], "item": item, **more}


def files(*urls: str | None, **more: Any) -> dict[str, Any]:
    return {"source_files": [{"file_name": "f", "url": url, **more} for url in urls]}


def test_only_source_files_change() -> None:
    before = json.dumps(document(files("u:1", "u:2"), {}, files("u:3", None)), indent=3).encode()
    after = CODEC.add_local_paths(before, {"u:1": "/a/1", "u:3": "/ä/3"})
    first, last = b'"source_files": ', b'"source_files": '
    assert after.startswith(before[: before.index(first) + len(first)])
    assert after.endswith(before[before.rindex(last) :].partition(b"\n            ]")[2])
    tree = json.loads(after)
    listed = [slot.get("source_files", []) for slot in tree["item"]["slots"]]
    assert [[file.pop("local_path", None) for file in files] for files in listed] == [
        ["/a/1", None],
        [],
        ["/ä/3", None],
    ]
    assert tree == json.loads(before)


def test_what_is_not_asked_for_stays_byte_for_byte() -> None:
    for data in (json.dumps(document(files("u:1"))).encode(), b'{"item": {"slots": null}}', b'{"annotations": []}'):
        assert CODEC.add_local_paths(data, {"u:2": "/a"}) is data


def test_an_older_path_is_replaced() -> None:
    data = json.dumps(document(files("u:1", local_path="/elsewhere", odd=[1, 2.50]))).encode()
    [file] = json.loads(CODEC.add_local_paths(data, {"u:1": "/here"}))["item"]["slots"][0]["source_files"]
    assert file == {"file_name": "f", "url": "u:1", "local_path": "/here", "odd": [1, 2.5]}


def test_lists_that_look_alike_are_told_apart() -> None:
    slots = [{"source_files": []}, files("u:1"), files("u:1"), {"source_files": None}]
    tree = document(*slots, properties=[])
    tree["item"]["name"] = json.dumps(slots[1]["source_files"])
    after = json.loads(CODEC.add_local_paths(json.dumps(tree).encode(), {"u:1": "/p"}))
    listed = [slot["source_files"] or [] for slot in after["item"]["slots"]]
    assert [sum("local_path" in file for file in files) for files in listed] == [0, 1, 1, 0]
    assert after["item"]["name"] == tree["item"]["name"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-le"])
def test_other_encodings_become_utf8(encoding: str) -> None:
    text = json.dumps(document(files("u:1")))
    after = json.loads(CODEC.add_local_paths(text.encode(encoding), {"u:1": "/p"}))
    assert after["item"]["slots"][0]["source_files"][0]["local_path"] == "/p"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
some_files = st.lists(st.builds(lambda url: {"file_name": "f", "url": url}, texts), max_size=3)


@given(st.lists(some_files, max_size=3), st.dictionaries(texts, texts), st.booleans())
def test_any_document(slots: list[list[dict[str, str]]], paths: dict[str, str], ascii_only: bool) -> None:
    tree = document(*({"source_files": listed} for listed in slots))
    data = json.dumps(tree, ensure_ascii=ascii_only).encode()
    after = CODEC.add_local_paths(data, paths)
    for slot in tree["item"]["slots"]:
        for file in slot["source_files"]:
            file.update({"local_path": paths[file["url"]]} if file["url"] in paths else {})
    assert json.loads(after) == tree
    assert CODEC.read(after).item.name == "a.png"


MAIN = {
    "bounding_box": {"x": 1, "y": 2, "w": 3, "h": 4},
    "polygon": {"paths": [[{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 1, "y": 1}]]},
    "tag": {},
    "keypoint": {"x": 1, "y": 2},
    "novel": {"odd": 1},
}


some_types = st.sets(st.sampled_from(sorted(MAIN)), max_size=3)
videos = st.dictionaries(st.integers(0, 12).map(str), some_types)


@given(st.lists(st.tuples(st.sampled_from(["car", " car ", "bus"]), some_types, st.none() | videos), max_size=4))
def test_classes_are_those_of_the_annotations(chosen: list[tuple[str, set[str], dict[str, set[str]] | None]]) -> None:
    annotations: list[dict[str, Any]] = []
    for name, kinds, frames in chosen:
        made: dict[str, Any] = {"name": name, **{kind: MAIN[kind] for kind in kinds}}
        if frames is not None:
            made = {"name": name, "frames": {index: {k: MAIN[k] for k in held} for index, held in frames.items()}}
        annotations.append(made)
    read = CODEC.read(json.dumps(document(annotations=annotations)).encode())
    assert read.classes() == AnnotationDocument.classes(read)
