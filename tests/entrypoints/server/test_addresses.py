"""Addresses of files in documents: all of the hub's are replaced, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.memory import FakeClock
from groundtruth.domain.annotation import Annotation
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.errors import IntegrityError
from groundtruth.domain.item import ItemDescription, Slot, SourceFile, VideoSegment
from groundtruth.domain.shapes import Tag
from groundtruth.entrypoints.server.darwin.addresses import FileAddresses
from groundtruth.entrypoints.server.links import Links

LINKS = Links(b"s" * 32, FakeClock(), "https://hub.example")
ADDRESSES = FileAddresses(LINKS, "acme", frozenset({"blob", "stored"}))
CODEC = DarwinJsonCodec()

URL_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
OWN = URL_TEXT.map(lambda text: f"blob:{text}") | URL_TEXT.map(lambda text: f"stored:{text}")
URLS = OWN | st.sampled_from(["https://elsewhere/a.png", "blobs:x", "blob", "", "BLOB:x"]) | URL_TEXT
PIECES = ['"', "\\", "{", ",", "url", ":", "blob:x", "frame_urls", "[", "]", "item", "é"]
TRAPS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def address(url: str) -> str:
    return LINKS.file("acme", url) if url.partition(":")[0] in {"blob", "stored"} else url


def as_expected(tree: Any, key: str = "") -> Any:
    """The item with addresses replaced where the format has URLs."""
    if isinstance(tree, Mapping):
        return {name: as_expected(value, name) for name, value in tree.items()}
    if isinstance(tree, list):
        return [as_expected(value, key if key == "frame_urls" else "") for value in tree]
    return address(tree) if key in {"url", "thumbnail_url", "frame_urls"} and isinstance(tree, str) else tree


@settings(max_examples=150, deadline=None)
@given(st.lists(URLS, max_size=4), URLS, TRAPS, TRAPS, st.booleans())
def test_every_url_of_the_item_and_nothing_else(
    urls: list[str], thumbnail: str, trap: str, other: str, nested: bool
) -> None:
    slot = Slot(
        trap,
        "video",
        source_files=tuple(SourceFile(f"{trap}{number}", url, trap) for number, url in enumerate(urls)),
        frame_urls=tuple(urls),
        segments=tuple(VideoSegment(url, 1.5) for url in urls),
        frame_manifests=tuple(urls),
        thumbnail_url=thumbnail,
        metadata={trap: {other: [trap], "urls": urls, "my_url": "blob:x", "annotations": []}} if nested else None,
    )
    annotation = Annotation(
        "car",
        Tag(),
        slot_names=("0",),
        extra={("url",): "blob:x", ("note",): {"url": "blob:x", trap: '"url":"blob:x"'}},
    )
    item = ItemDescription(trap or "a", "/", slots=(slot, slot))
    before = CODEC.write(AnnotationDocument(item, [annotation], extra={("url",): "blob:x"}))
    after = ADDRESSES.rewrite(before)
    wanted = json.loads(before)
    wanted["item"] = as_expected(wanted["item"])
    assert json.loads(after) == wanted
    # Everything outside of the item is the same to the byte.
    assert after[after.index(b',"annotations":[{') :] == before[before.index(b',"annotations":[{') :]


def test_token_goes_with_every_address() -> None:
    slot = Slot(
        "0", "image", source_files=(SourceFile("a", "blob:x"),), frame_urls=("blob:y",), thumbnail_url="blob:z"
    )
    document = CODEC.write(AnnotationDocument(ItemDescription("a", slots=(slot,))))
    rewritten = FileAddresses(LINKS, "acme", frozenset({"blob"}), "1.t").rewrite(document)
    (found,) = json.loads(rewritten)["item"]["slots"]
    urls = [found["source_files"][0]["url"], *found["frame_urls"], found["thumbnail_url"]]
    assert urls == [f"{LINKS.file('acme', url)}?token=1.t" for url in ("blob:x", "blob:y", "blob:z")]


def test_item_that_does_not_come_first() -> None:
    document = b'{"annotations":[{"item":{"url":"blob:x"}}],"item":{"name":"a","slots":[{"url":"blob:y"}]}}'
    wanted = document.replace(b"blob:y", LINKS.file("acme", "blob:y").encode())
    assert ADDRESSES.rewrite(document) == wanted


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b'{"item":'])
def test_what_is_no_document(document: bytes) -> None:
    with pytest.raises(IntegrityError):
        ADDRESSES.rewrite(document)
