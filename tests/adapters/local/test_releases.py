from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.memory import FakeClock
from groundtruth.domain.annotation import Annotation, AnyAnnotation, Author, Frame, VideoAnnotation
from groundtruth.domain.classes import AnnotationClass
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.digest import Digest
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.errors import DatasetNotFound, GroundtruthError, InvalidInput, NameTaken
from groundtruth.domain.geometry import RunLengths
from groundtruth.domain.item import ItemUpdate, StatusChange
from groundtruth.domain.names import RemotePath
from groundtruth.domain.release import ExportOptions, Release
from groundtruth.domain.shapes import RASTER_LAYER_CLASS, Mask, RasterLayer
from groundtruth.domain.upload import NewItem, NewSlot, UploadOptions
from groundtruth.ports.annotations import ImportMode
from groundtruth.ports.media import MediaProbe
from groundtruth.testing.scenario import PIXEL, Workbench, car, nothing, uuid

OVERWRITE = ImportMode.OVERWRITE


class MeddlingCodec(DarwinJsonCodec):
    """Does something once, while the first document is written."""

    def __init__(self) -> None:
        super().__init__()
        self.action: Callable[[], object] | None = None

    def write(self, document: AnnotationDocument) -> bytes:
        action, self.action = self.action, None
        if action is not None:
            action()
        return super().write(document)


@pytest.fixture
def codec() -> MeddlingCodec:
    return MeddlingCodec()


@pytest.fixture
def slow(root: Path, codec: MeddlingCodec, probe: MediaProbe, clock: FakeClock) -> Iterator[LocalHub]:
    """The same hub, in which something happens during an export."""
    with LocalHub(root, codec, probe, clock) as hub:
        yield hub


def stored_documents(hub: LocalHub) -> int:
    with closing(sqlite3.connect(hub.root / "catalogue.sqlite3")) as connection:
        return connection.execute("SELECT count(*) FROM documents").fetchone()[0]


# --- one moment -------------------------------------------------------------------------------------


def test_release_is_one_moment(
    hub: LocalHub, slow: LocalHub, codec: MeddlingCodec, dataset: Dataset, bench: Workbench
) -> None:
    items = bench.push(dataset, *(f"/{number:04d}.png" for number in range(2100)))

    def meddle() -> None:
        hub.import_annotations(dataset, items[-1].id, [car()], [], OVERWRITE)
        hub.change_status(dataset, [items[-2].id], StatusChange.ARCHIVED)
        bench.push(dataset, "/0000-before.png", "/z-after.png")

    codec.action = meddle
    release = slow.create_release(dataset, "1", ExportOptions())
    documents = bench.documents(release)
    assert sorted(documents) == [item.full_path for item in items]
    assert documents[items[-1].full_path]["annotations"] == []
    assert codec.action is None


def test_blob_that_is_freed_meanwhile(
    hub: LocalHub, slow: LocalHub, codec: MeddlingCodec, dataset: Dataset, bench: Workbench
) -> None:
    items = bench.push(dataset, "/a.png", "/b.png", "/c.png")

    def meddle() -> None:
        hub.delete_items(dataset, [items[2].id])
        assert hub.collect().objects == 1

    codec.action = meddle
    release = slow.create_release(dataset, "1", ExportOptions())
    assert sorted(bench.documents(release)) == ["/a.png", "/b.png"]
    assert hub.check().is_clean


def test_item_that_is_moved_while_it_is_annotated(
    hub: LocalHub, slow: LocalHub, codec: MeddlingCodec, dataset: Dataset, bench: Workbench
) -> None:
    (item,) = bench.push(dataset, "/a.png")
    codec.action = lambda: hub.update_items(dataset, [item.id], ItemUpdate(RemotePath("/moved")))
    slow.import_annotations(dataset, item.id, [car()], [], OVERWRITE)
    assert codec.action is None
    (document,) = bench.documents(bench.export(dataset, "1")).items()
    assert (document[0], len(document[1]["annotations"])) == ("/moved/a.png", 1)


def test_moved_items_are_released_as_if_they_had_always_been_there(
    hub: LocalHub, dataset: Dataset, bench: Workbench
) -> None:
    (item,) = bench.push(dataset, "/a.png")
    hub.import_annotations(dataset, item.id, [car(uuid(1))], [], OVERWRITE)
    hub.update_items(dataset, [item.id], ItemUpdate(RemotePath("/x")))
    moved = bench.frozen(bench.export(dataset, "moved"))
    hub.import_annotations(dataset, item.id, [], [], ImportMode.APPEND)
    assert bench.frozen(bench.export(dataset, "stored")) == moved


def test_name_that_is_taken_meanwhile(
    hub: LocalHub, slow: LocalHub, codec: MeddlingCodec, dataset: Dataset, bench: Workbench
) -> None:
    bench.push(dataset, "/a.png")
    codec.action = lambda: bench.export(dataset, "1")
    with pytest.raises(NameTaken):
        slow.create_release(dataset, "1", ExportOptions())
    assert [release.item_count for release in hub.list_releases(dataset)] == [1]
    assert hub.check().unreferenced == 0


def test_dataset_that_is_removed_meanwhile(
    hub: LocalHub, slow: LocalHub, codec: MeddlingCodec, dataset: Dataset, bench: Workbench
) -> None:
    bench.push(dataset, "/a.png")
    codec.action = lambda: hub.remove_dataset(dataset)
    with pytest.raises(DatasetNotFound):
        slow.create_release(dataset, "1", ExportOptions())


def test_interrupted_export_leaves_no_release(
    hub: LocalHub, slow: LocalHub, codec: MeddlingCodec, dataset: Dataset, bench: Workbench
) -> None:
    bench.push(dataset, *(f"/{number:04d}.png" for number in range(700)))

    def interrupt() -> None:
        raise KeyboardInterrupt

    codec.action = interrupt
    with pytest.raises(KeyboardInterrupt):
        slow.create_release(dataset, "1", ExportOptions())
    assert list(hub.list_releases(dataset)) == []
    assert len(bench.documents(bench.export(dataset, "1"))) == 700


# --- the same everywhere ----------------------------------------------------------------------------


def test_same_pushes_make_the_same_release(
    tmp_path: Path, codec: MeddlingCodec, probe: MediaProbe, clock: FakeClock
) -> None:
    frozen: list[tuple[str, Digest | None]] = []
    for place, order in (("here", 1), ("there", -1)):
        clock.advance(1000)
        with LocalHub(tmp_path / place, codec, probe, clock, name=place) as hub:
            bench = Workbench(hub, tmp_path / f"{place}-files")
            dataset = hub.create_dataset("team", "a")
            paths = ["/a.png", "/ü/b.png", "/day/c.png"][::order]
            items = {item.full_path: item for item in bench.push(dataset, *paths)}
            hub.import_annotations(dataset, items["/a.png"].id, [car(), car(x=3.0)], [], OVERWRITE)
            release = bench.export(dataset, "1")
            frozen.append((bench.frozen(release), release.digest))
    assert frozen[0] == frozen[1]


def test_same_document_is_stored_once(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    items = bench.push(dataset, "/a.png", "/b.png")
    bench.export(dataset, "1")
    bench.export(dataset, "2")
    assert stored_documents(hub) == 2
    hub.import_annotations(dataset, items[0].id, [car()], [], OVERWRITE)
    bench.export(dataset, "3")
    assert stored_documents(hub) == 3


def test_annotations_imported_before_the_bytes(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    """The document written at the import does not describe what came later; the released one does."""
    (upload,) = bench.register(dataset, bench.item("/a.png", b"64x48")).uploads
    hub.import_annotations(dataset, upload.item_id, [car(uuid(1))], [], OVERWRITE)
    bench.put([upload])
    hub.confirm([upload])
    document = bench.documents(bench.export(dataset, "1"))["/a.png"]
    assert [one["id"] for one in document["annotations"]] == [uuid(1)]
    (slot,) = document["item"]["slots"]
    assert (slot["width"], slot["height"]) == (64, 48)
    assert slot["source_files"][0]["digest"] == f"sha256:{hashlib.sha256(b'64x48').hexdigest()}"


def test_document_says_where_its_bytes_are(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    slot = attrs.evolve(bench.slot(b"320x240 @10x25", file_name="clip.mp4"), fps=5)
    (item,) = bench.push(dataset, NewItem("clip.mp4", (slot,), RemotePath("/day 1")))
    hub.import_annotations(dataset, item.id, [car()], [], OVERWRITE)
    document = bench.documents(bench.export(dataset, "1"))["/day 1/clip.mp4"]["item"]
    digest = hashlib.sha256(b"320x240 @10x25").hexdigest()
    assert document["slots"] == [
        {
            "slot_name": "0",
            "type": "video",
            "width": 320,
            "height": 240,
            "fps": 5.0,
            "frame_count": 13,
            "source_files": [
                {
                    "file_name": "clip.mp4",
                    "url": f"blob:sha256/{digest}",
                    "size_bytes": 14,
                    "digest": f"sha256:{digest}",
                }
            ],
        }
    ]


# --- what goes in -----------------------------------------------------------------------------------


def layer(mapping: dict[str, int]) -> RasterLayer:
    return RasterLayer(RunLengths.from_pairs([0, 5, 1, 3, 2, 2]), mapping, 10)


def masks() -> list[AnyAnnotation]:
    """Two masks with a layer, in a still image and in a video."""
    mapping = {uuid(1): 1, uuid(2): 2}
    frames = {0: Frame(layer(mapping), keyframe=True), 4: Frame(None)}
    return [
        Annotation("road", Mask(), uuid(1), ("0",)),
        Annotation("sky", Mask(), uuid(2), ("0",)),
        Annotation(RASTER_LAYER_CLASS, layer(mapping), uuid(3), ("0",)),
        VideoAnnotation(RASTER_LAYER_CLASS, frames, uuid(4), ("1",), ((0, 5),)),
        car(uuid(5)),
    ]


def test_chosen_classes_keep_their_masks(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    (item,) = bench.push(dataset, "/a.png")
    sky, box = hub.add_classes(dataset, [AnnotationClass("sky", "mask"), AnnotationClass("car", "bounding_box")])
    hub.import_annotations(dataset, item.id, masks(), [], OVERWRITE)
    with_sky = bench.export(dataset, "sky", ExportOptions(class_ids=(sky.id or 0,)))
    only_box = bench.export(dataset, "box", ExportOptions(class_ids=(box.id or 0,)))
    found = {one["id"]: one for one in bench.documents(with_sky)["/a.png"]["annotations"]}
    assert sorted(found) == [uuid(2), uuid(3), uuid(4)]
    assert found[uuid(3)]["raster_layer"]["mask_annotation_ids_mapping"] == {uuid(2): 2}
    assert found[uuid(4)]["frames"]["0"]["raster_layer"]["mask_annotation_ids_mapping"] == {uuid(2): 2}
    assert [one["id"] for one in bench.documents(only_box)["/a.png"]["annotations"]] == [uuid(5)]
    assert (with_sky.class_count, only_box.class_count) == (1, 1)
    assert bench.export(dataset, "all").class_count == 3


def test_class_ids_of_nobody(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    (item,) = bench.push(dataset, "/a.png")
    hub.import_annotations(dataset, item.id, [car()], [], OVERWRITE)
    release = bench.export(dataset, "1", ExportOptions(class_ids=(999,)))
    assert bench.documents(release)["/a.png"]["annotations"] == []
    assert release.class_count == 0


def test_authors_of_one_item_only(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    signed, unsigned = bench.push(dataset, "/a.png", "/b.png")
    author = (Author("Ada", "ada@example.org"),)
    annotation = attrs.evolve(car(uuid(1)), annotators=author, extra={("hub_note",): [1]})
    hub.import_annotations(dataset, signed.id, [annotation], [], OVERWRITE)
    hub.import_annotations(dataset, unsigned.id, [car(uuid(2))], [], OVERWRITE)
    content = json.dumps(bench.documents(bench.export(dataset, "1")))
    assert "Ada" not in content
    assert "hub_note" in content
    assert "Ada" in json.dumps(bench.documents(bench.export(dataset, "2", ExportOptions((), True))))


def test_other_formats_are_refused(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    bench.push(dataset, "/a.png")
    with pytest.raises(InvalidInput, match="coco"):
        hub.create_release(dataset, "1", ExportOptions(format="coco"))
    assert hub.create_release(dataset, "1", ExportOptions(format="darwin_json_2")).format == "darwin_json_2"


# --- names ------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=80)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.lists(NAMES, max_size=3), NAMES), min_size=1, max_size=8))
def test_any_names_go_through(
    hub: LocalHub, tmp_path: Path, clock: FakeClock, named: list[tuple[list[str], str]]
) -> None:
    clock.advance(1)
    dataset = hub.create_dataset("team", f"names-{clock.monotonic()}")
    source = tmp_path / "a.png"
    source.write_bytes(PIXEL)
    items: list[NewItem] = []
    for folder, name in named:
        try:
            path = RemotePath("/".join(folder))
        except GroundtruthError:
            continue
        items.append(NewItem(name, (NewSlot("0", name, (source,)),), path))
    registration = hub.register(dataset, items, UploadOptions())
    paths = list(dict.fromkeys(item.full_path for item in items))
    assert [upload.item_path for upload in registration.uploads] == paths
    assert len(registration.blocked) == len(items) - len(paths)
    for upload in registration.uploads:
        hub.put(upload, nothing)
    hub.confirm(registration.uploads)
    if items:
        release: Release = hub.create_release(dataset, "1", ExportOptions())
        written = [json.loads(document.data)["item"] for document in hub.documents(release)]
        assert [RemotePath(one["path"]).join(one["name"]) for one in written] == sorted(paths)
        assert {source.parent for source in hub.root.rglob("*")} >= {hub.root}
        assert {entry.name for entry in hub.root.parent.iterdir()} == {"hub", "a.png"}
