"""A release becomes a benchmark: real documents, real pictures, real archives."""

from __future__ import annotations

import gc
import io
import json
import weakref
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from PIL import Image

from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.adapters.artifacts import codec as artifact_codec
from groundtruth.adapters.checksum import LocalTreeHasher
from groundtruth.adapters.files import DiskFiles
from groundtruth.adapters.media import HeaderProbe, PillowPictures
from groundtruth.adapters.memory import MemoryProbe, MemoryVideos, fake_video
from groundtruth.adapters.runners import ThreadRunner
from groundtruth.adapters.scoring.coco import CocoScorer
from groundtruth.application.benchmark_from_release import BenchmarkFromRelease, FromRelease, FromReleaseOptions
from groundtruth.application.pull import PullRelease
from groundtruth.application.release_rows import Choice
from groundtruth.application.release_split import SplitChoice
from groundtruth.application.split import SplitRelease
from groundtruth.domain.array_dataset import Modality
from groundtruth.domain.errors import (
    Conflict,
    DatasetNotFound,
    IntegrityError,
    InvalidDocument,
    InvalidInput,
    NotFound,
    ReleaseNotFound,
    UnsupportedFile,
)
from groundtruth.domain.evaluation import evaluate
from groundtruth.domain.labelled_targets import LabelTask, class_names
from groundtruth.domain.metrics.detection import Detections, rows_of_detections
from groundtruth.domain.placement import PlacementOptions
from groundtruth.domain.policies import ConflictPolicy
from groundtruth.domain.target_types import TargetType
from groundtruth.domain.tree_digest import tree_digest
from support.world import REFERENCE, World, box, document

WIDTH, HEIGHT = 40, 30
DETECTION, CLASSIFICATION, SEGMENTATION = LabelTask


def picture(seed: int, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def bounding(name: str, x: float, y: float, w: float, h: float, **fields: Any) -> dict[str, Any]:
    return {"name": name, "bounding_box": {"x": x, "y": y, "w": w, "h": h}, **fields}


def polygon(name: str, *corners: tuple[float, float]) -> dict[str, Any]:
    return {"name": name, "polygon": {"paths": [[{"x": x, "y": y} for x, y in corners]]}}


def tag(name: str) -> dict[str, Any]:
    return {"name": name, "tag": {}}


def item(
    world: World, name: str, content: bytes, *annotations: dict[str, Any], path: str = "/", **slot: Any
) -> bytes:
    slots = [{**world.slot(name, content), **slot}]
    return document(name, *annotations, path=path, slots=slots)


def pulled(world: World, *documents: bytes, **options: Any) -> None:
    world.release(*documents)
    world.pull(**options)


@attrs.define
class Maker:
    """The use case over what a world has pulled."""

    world: World
    folder: Path
    count: int = 0

    def use_case(self, **parts: Any) -> BenchmarkFromRelease:
        arrays = LocalArrayFiles(artifact_codec)
        known = (self.world.library, self.world.codec, DiskFiles())
        fields = {
            "probe": HeaderProbe(), "pictures": PillowPictures(), "videos": MemoryVideos(), "arrays": arrays,
            "runner": ThreadRunner(4), "progress": self.world.progress,
        }  # fmt: skip
        return BenchmarkFromRelease(*known, **(fields | parts))

    def __call__(self, task: LabelTask, parts: dict[str, Any] | None = None, **options: Any) -> FromRelease:
        self.count += 1
        chosen = {field.name: options.pop(field.name) for field in attrs.fields(Choice) if field.name in options}
        split = SplitChoice.parse(options.pop("split", "random"), options.pop("test", 0.5), options.pop("seed", 0))
        asked = FromReleaseOptions(task=task, split=split, choice=Choice(**chosen), **options)
        return self.use_case(**(parts or {}))(REFERENCE, self.folder / str(self.count), asked)


@pytest.fixture
def make(world: World, tmp_path: Path) -> Maker:
    return Maker(world, tmp_path / "made")


def several(world: World, count: int = 10) -> list[bytes]:
    """Pictures of one size with a box of one of two classes."""
    return [
        item(world, f"i{number}.png", picture(number), bounding("car" if number % 2 else "bus", number, 1, 5, 6))
        for number in range(count)
    ]


# --- what a dataset holds -------------------------------------------------------------------------------


def test_detection_has_pictures_and_padded_objects(world: World, make: Maker) -> None:
    pulled(
        world,
        item(world, "a.png", picture(1), bounding("dog", 1, 2, 3, 4), bounding("cat", 30, 20, 50, 50), path="/x"),
        item(world, "b.png", picture(2)),
        item(world, "c.png", picture(3), polygon("cat", (2, 3), (9, 3), (9, 8))),
    )
    made = make(DETECTION)
    dataset, benchmark = made.dataset, made.benchmark
    assert dataset.column_names == ("height", "image", "name", "objects", "width")
    assert dataset.read(slice(None), "name").tolist() == ["/x/a.png", "/b.png", "/c.png"]
    for row, seed in enumerate((1, 2, 3)):
        assert np.array_equal(dataset[row, "image"], pixels(picture(seed)))
    objects = dataset.read(slice(None), "objects")
    assert objects.shape == (3, 2, 7)
    assert objects[0].tolist() == [[1, 2, 3, 4, 1, 0, 12], [30, 20, 10, 10, 0, 0, 100]]
    assert np.isnan(objects[1]).all()
    assert objects[2, 0].tolist() == [2, 3, 7, 5, 0, 0, 35]
    assert made.classes == class_names(dataset.annotations["objects"]) == ("cat", "dog")
    assert dataset.annotations["image"].modality is Modality.IMAGE
    assert benchmark.target_types == {"objects": TargetType.DETECTION}
    assert (benchmark.main_metric, benchmark.input_cols, benchmark.n_classes) == (
        "detection_map",
        ("image",),
        {"objects": 2},
    )
    assert benchmark.meta.user_attributes["release"] == "team/set:0.1"


def test_perfect_detections_score_1(world: World, make: Maker) -> None:
    pulled(world, *several(world))
    benchmark = make(DETECTION).benchmark
    truth = benchmark.dataset.read(benchmark.test_rows(), "objects")
    found = [rows_of_detections(Detections.of(rows[:, :4], rows[:, 4], [1.0]), 1) for rows in truth]
    results = evaluate(benchmark, np.stack(found), scorers=[CocoScorer()])
    assert {score.metric: score.value for score in results.scores}["detection_map"] == pytest.approx(1)


def test_classification_has_class_numbers(world: World, make: Maker) -> None:
    tags = ["bird", "cat", "bird", "ant"]
    pulled(world, *(item(world, f"{n}.png", picture(n), tag(name), box()) for n, name in enumerate(tags)))
    made = make(CLASSIFICATION)
    assert made.dataset.read(slice(None), "label").tolist() == [1, 2, 1, 0]
    assert made.benchmark.n_classes == {"label": 3}
    with pytest.raises(InvalidInput, match=r"'/0\.png' has no class"):
        make(CLASSIFICATION, classes=("cat",))
    assert make(CLASSIFICATION, classes=("cat", "bird"), skip_empty=True).classes == ("bird", "cat")


def test_several_tags_need_columns_of_their_own(world: World, make: Maker) -> None:
    pulled(world, item(world, "a.png", picture(1), tag("wet"), tag("dark")), item(world, "b.png", picture(2)))
    with pytest.raises(InvalidInput, match=r"item '/a\.png' has 2 classes: dark, wet.*--multi-label"):
        make(CLASSIFICATION)
    made = make(CLASSIFICATION, multi_label=True)
    assert made.benchmark.target_cols == ("tag_dark", "tag_wet")
    assert [made.dataset.read(slice(None), name).tolist() for name in made.benchmark.target_cols] == [[1, 0], [1, 0]]


def test_segmentation_has_label_images(world: World, make: Maker) -> None:
    ground, tree = ((0, 0), (40, 0), (40, 30), (0, 30)), ((10, 10), (20, 10), (20, 20), (10, 20))
    pulled(
        world,
        item(world, "a.png", picture(1), polygon("ground", *ground), polygon("tree", *tree)),
        item(world, "b.png", picture(2), polygon("tree", *tree)),
    )
    made = make(SEGMENTATION)
    masks = made.dataset.read(slice(None), "mask")
    assert (masks.shape, masks.dtype) == ((2, HEIGHT, WIDTH), np.uint8)
    assert [np.bincount(mask.ravel(), minlength=3).tolist() for mask in masks] == [[0, 1100, 100], [1100, 0, 100]]
    assert made.benchmark.metrics[0].name == "mean_iou"
    rows = made.benchmark.test_rows()
    scores = {one.metric: one.value for one in evaluate(made.benchmark, masks[rows]).scores}
    assert scores == {"mean_iou": 1, "dice": 1, "pixel_accuracy": 1}


def test_pictures_of_different_sizes_are_a_group(world: World, make: Maker) -> None:
    sizes = [(40, 30), (10, 20), (40, 30), (25, 5)]
    shape = ((0, 0), (5, 0), (5, 5), (0, 5))
    pulled(world, *(item(world, f"{n}.png", picture(n, *size), polygon("a", *shape)) for n, size in enumerate(sizes)))
    made = make(SEGMENTATION, batch_bytes=4000)
    for row, (width, height) in enumerate(sizes):
        values = made.dataset[row]
        assert np.array_equal(values["image"], pixels(picture(row, width, height)))
        assert values["mask"].shape == (height, width) == (values["height"], values["width"])
    assert made.dataset.dtypes["image"].kind == "O"


def test_every_slot_is_a_row(world: World, make: Maker) -> None:
    slots = [world.slot("l.png", picture(1), "left"), world.slot("r.png", picture(2), "right")]
    both = document("pair", bounding("a", 1, 1, 5, 5, slot_names=["right"]), slots=slots)
    pulled(world, both, item(world, "z.png", picture(3), bounding("a", 1, 1, 5, 5)))
    made = make(DETECTION)
    assert made.dataset.read(slice(None), "name").tolist() == ["/pair/left", "/pair/right", "/z.png"]
    assert np.isnan(made.dataset[0, "objects"]).all()
    assert not np.isnan(made.dataset[1, "objects"]).any()
    assert np.array_equal(made.dataset[1, "image"], pixels(picture(2)))


# --- videos ---------------------------------------------------------------------------------------------


def clip(world: World, path: str = "/") -> bytes:
    frames = {str(n): {"bounding_box": {"x": n, "y": 1, "w": 5, "h": 5}} for n in (1, 2, 4)}
    slot = {**world.slot("clip.mp4", fake_video(16, 12, 10, 10.0), kind="video"), "fps": 5.0, "frame_count": 5}
    return document("clip.mp4", {"name": "car", "frames": frames, "ranges": [[1, 5]]}, path=path, slots=[slot])


FAKES = {"probe": MemoryProbe(), "videos": MemoryVideos()}


def test_labelled_frames_of_a_video_are_rows(world: World, make: Maker) -> None:
    pulled(world, clip(world), item(world, "a.png", picture(1)))
    made = make(DETECTION, FAKES)
    names = ["/a.png", "/clip.mp4/0000001.png", "/clip.mp4/0000002.png", "/clip.mp4/0000004.png"]
    assert made.dataset.read(slice(None), "name").tolist() == names
    frames = list(MemoryVideos().frames(world.images / "clip.mp4", 5.0))
    for row, frame in enumerate((1, 2, 4), 1):
        assert np.array_equal(made.dataset[row, "image"], frames[frame])
        assert made.dataset[row, "objects"][0, 0] == frame
    sides = made.benchmark.split
    assert {len(sides.training), len(sides.test)} == {1, 3}, "a video is on one side"


def test_frames_that_were_pulled_are_read_as_pictures(world: World, make: Maker) -> None:
    pulled(world, clip(world, "/day"), placement=PlacementOptions(video_frames=True))
    folder = world.images / "day" / "clip"
    for number, frame in enumerate(sorted(folder.iterdir())):
        frame.write_bytes(picture(number, 16, 12))
    split = make.folder.parent / "split.json"
    names = [f"/day/clip.mp4/{n:07d}.png" for n in (1, 2, 4)]
    split.write_text(json.dumps({"train": names[:2], "test": names[2:]}))
    made = make(DETECTION, split=str(split))
    assert [
        np.array_equal(made.dataset[row, "image"], pixels(picture(n, 16, 12))) for row, n in enumerate((1, 2, 4))
    ] == [True] * 3
    assert list(made.benchmark.split.test) == [2]


def test_frames_labelled_in_part_are_left_out_and_told(world: World, make: Maker) -> None:
    found = json.loads(clip(world))
    found["annotations"].append(
        {"name": "bus", "frames": {"1": {"bounding_box": {"x": 1, "y": 1, "w": 2, "h": 2}}}, "ranges": [[0, 3]]}
    )
    pulled(world, json.dumps(found).encode(), item(world, "a.png", picture(1)))
    made = make(DETECTION, FAKES)
    assert made.dataset.read(slice(None), "name").tolist() == [
        "/a.png",
        "/clip.mp4/0000001.png",
        "/clip.mp4/0000004.png",
    ]
    assert made.skipped == 1
    assert any("labelled only in part" in getattr(event, "message", "") for event in world.progress.events)


def test_a_video_that_ends_early_is_damaged(world: World, make: Maker) -> None:
    pulled(world, clip(world), item(world, "a.png", picture(1)))
    (world.images / "clip.mp4").write_bytes(fake_video(16, 12, 6, 10.0))
    with pytest.raises(IntegrityError, match="frame 4 is labelled"):
        make(DETECTION, FAKES)


def test_what_is_neither_picture_nor_video_is_refused(world: World, make: Maker) -> None:
    frames = {"0": {"bounding_box": {"x": 1, "y": 1, "w": 2, "h": 2}}}
    slots = [world.slot("scan.dcm", b"dicom", kind="dicom")]
    scan = document("scan.dcm", {"name": "car", "frames": frames}, slots=slots)
    pulled(world, scan, *several(world, 4))
    with pytest.raises(UnsupportedFile, match=r"scan\.dcm.*--video-frames.*--skip-videos"):
        make(DETECTION)
    assert len(make(DETECTION, skip_videos=True).dataset) == 4


# --- choosing and splitting -----------------------------------------------------------------------------


def test_class_numbers_follow_the_release_and_not_the_items_chosen(world: World, make: Maker) -> None:
    pulled(world, *several(world))
    assert make(DETECTION, items=("/i[13].png",)).classes == ("bus", "car")
    only = make(DETECTION, classes=("car",))
    assert only.classes == ("car",)
    assert len(only.dataset) == 10
    assert len(make(DETECTION, classes=("car",), skip_empty=True).dataset) == 5
    with pytest.raises(NotFound, match=r"class 'tram'.*bus, car"):
        make(DETECTION, classes=("tram",))
    with pytest.raises(InvalidInput, match="no picture"):
        make(DETECTION, items=("/nothing*",))


def test_random_and_stratified_splits_are_seeded(world: World, make: Maker) -> None:
    pulled(world, *several(world))
    one = make(DETECTION, split="stratified", test=0.4, seed=3)
    tested = one.dataset.read(one.benchmark.test_rows(), "objects")[:, 0, 4]
    assert sorted(tested.tolist()) == [0, 0, 1, 1]
    assert make(DETECTION, split="stratified", test=0.4, seed=3).benchmark.split == one.benchmark.split
    drawn = {tuple(make(DETECTION, test=0.3, seed=seed).benchmark.split.test) for seed in range(3)}
    assert len(drawn) > 1
    assert {len(rows) for rows in drawn} == {3}


def test_lists_of_the_release_are_a_split(world: World, make: Maker) -> None:
    pulled(world, *several(world))
    with pytest.raises(NotFound, match=r"groundtruth dataset split team/set:0\.1"):
        make(DETECTION, split="lists")
    report = SplitRelease(world.library)(REFERENCE, 0.2, 0.3, seed=5)
    for split in ("lists", f"lists:{report.folder.name}", "lists:default/random"):
        made = make(DETECTION, split=split)
        assert list(made.benchmark.split.test) == sorted(report.split.partitions["test"])
        rest = (*report.split.partitions["train"], *report.split.partitions["val"])
        assert list(made.benchmark.split.training) == sorted(rest)
    moved = (report.folder / "random_test.txt").read_text().replace(str(world.library.root), "/elsewhere")
    (report.folder / "random_test.txt").write_text(moved.replace("releases/0.1/", "releases/latest/"))
    assert make(DETECTION, split=f"lists:{report.folder.name}").benchmark.split == made.benchmark.split


def test_split_files_name_items(world: World, make: Maker, tmp_path: Path) -> None:
    pulled(world, *several(world, 4))
    path = tmp_path / "split.json"

    def split(**parts: Any) -> list[list[int]]:
        path.write_text(json.dumps(parts))
        found = make(DETECTION, split=str(path)).benchmark.split
        return [list(found.training), list(found.test)]

    assert split(train=["/i0.png"], test=["/i3.png"], val=["/i2.png"]) == [[0, 2], [3]]
    with pytest.raises(NotFound, match=r"/i9\.png"):
        split(train=["/i9.png"], test=["/i3.png"])
    with pytest.raises(InvalidInput, match=r"'/i3\.png' both in train and in test"):
        split(train=["/i3.png"], test=["/i3.png"])
    for parts in ({"train": []}, {"train": ["/i1.png"], "test": "/i2.png"}, {"train": [], "test": [], "rest": []}):
        with pytest.raises(InvalidDocument):
            split(**parts)
    with pytest.raises(InvalidInput, match="is empty"):
        split(train=["/i3.png"], test=[])
    path.write_text("{")
    with pytest.raises(InvalidDocument, match="no JSON"):
        make(DETECTION, split=str(path))
    with pytest.raises(InvalidInput, match="random, stratified, lists"):
        make(DETECTION, split="evenly")


# --- same bytes, whole or not at all --------------------------------------------------------------------


def digest(made: FromRelease) -> str:
    return tree_digest(LocalTreeHasher().files(Path(str(made.dataset.zarr_root))))


@pytest.mark.parametrize("task", LabelTask)
def test_the_same_release_gives_the_same_bytes(world: World, make: Maker, task: LabelTask) -> None:
    shape = ((1, 1), (9, 1), (9, 9))
    documents = [
        item(world, f"{n}.png", picture(n), tag(f"t{n % 3}"), polygon(f"p{n % 2}", *shape)) for n in range(12)
    ]
    pulled(world, *documents)
    first = make(task, batch_bytes=10_000)
    again = make(task, {"runner": ThreadRunner(1)}, batch_bytes=10_000_000)
    assert digest(first) == digest(again)
    assert first.benchmark.split == again.benchmark.split
    assert attrs.evolve(first.dataset.meta) == again.dataset.meta
    assert first.dataset.annotations == again.dataset.annotations


def test_a_failure_leaves_nothing_behind(world: World, make: Maker) -> None:
    pulled(world, *several(world))
    (world.images / "i7.png").write_bytes(picture(7)[:-200])
    for error, parts in ((IntegrityError, {}), (KeyboardInterrupt, {"pictures": Interrupted()})):
        with pytest.raises(error):
            make(DETECTION, parts, batch_bytes=4000)
        assert list(make.folder.rglob("*.*")) == []


@attrs.define
class Interrupted(PillowPictures):
    """Pictures until somebody has enough."""

    def read(self, path: Path) -> Any:
        if path.name == "i6.png":
            raise KeyboardInterrupt
        return super().read(path)


def test_what_is_there_is_kept_unless_it_is_replaced(world: World, make: Maker, tmp_path: Path) -> None:
    pulled(world, *several(world, 4))
    use_case = make.use_case()

    def again(policy: ConflictPolicy, **choice: Any) -> FromRelease:
        options = FromReleaseOptions(task=DETECTION, choice=Choice(**choice), if_exists=policy, name="mine")
        return use_case(REFERENCE, tmp_path / "one", options)

    first = digest(again(ConflictPolicy.RAISE))
    with pytest.raises(Conflict):
        again(ConflictPolicy.RAISE)
    assert digest(again(ConflictPolicy.SKIP)) == first
    with pytest.raises(Conflict, match="something else"):
        again(ConflictPolicy.SKIP, items=("/i[012].png",))
    assert len(again(ConflictPolicy.REPLACE, items=("/i[012].png",)).dataset) == 3


@attrs.define
class Counted:
    """Pictures that say how many of them there are at once, and how often each was read."""

    size = PillowPictures().size
    alive: int = 0
    most: int = 0
    reads: list[str] = attrs.field(factory=list)

    def read(self, path: Path) -> Any:
        found = PillowPictures().read(path)
        self.reads.append(path.name)
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(found, self._gone)
        return found

    def _gone(self) -> None:
        self.alive -= 1


@pytest.mark.parametrize("sizes", [[WIDTH], [WIDTH, WIDTH + 1]])
def test_memory_follows_the_batch_and_pictures_are_read_once(world: World, make: Maker, sizes: list[int]) -> None:
    documents = [
        item(world, f"{n:02d}.png", picture(n, sizes[n % len(sizes)]), bounding("a", 1, 1, 5, 5)) for n in range(40)
    ]
    pulled(world, *documents)
    pictures = Counted()
    gc.collect()
    make(DETECTION, {"pictures": pictures}, batch_bytes=4 * 3 * (WIDTH + 1) * HEIGHT)
    assert sorted(pictures.reads) == [f"{n:02d}.png" for n in range(40)]
    assert pictures.most <= 2 * 4, "two batches at the most: one that is written, one that is read"


# --- what is wrong is told ------------------------------------------------------------------------------


def test_a_release_that_is_not_here_is_pulled_if_that_is_possible(world: World, make: Maker) -> None:
    world.release(*several(world, 4))
    with pytest.raises(ReleaseNotFound, match="dataset pull team/set"):
        make(DETECTION)
    parts = (
        world.hub,
        world.hub,
        world.library,
        world.transfer,
        world.codec,
        world.frames,
        world.clock,
        world.progress,
    )
    pull = {"pull": lambda: PullRelease(*parts)}
    assert len(make(DETECTION, pull).dataset) == 4
    assert len(make(DETECTION).dataset) == 4
    world.hub.remove_dataset(world.dataset)
    world.library.datasets.clear()
    with pytest.raises(DatasetNotFound):
        make(DETECTION, pull)


def test_annotations_alone_are_not_enough(world: World, make: Maker) -> None:
    pulled(world, *several(world, 4), only_annotations=True)
    with pytest.raises(InvalidInput, match=r"without its media.*dataset pull team/set:0\.1"):
        make(DETECTION)


def test_a_picture_that_is_gone_is_named(world: World, make: Maker) -> None:
    pulled(world, *several(world, 4))
    (world.images / "i2.png").unlink()
    with pytest.raises(NotFound, match=r"picture of item '/i2\.png'.*dataset pull team/set:0\.1"):
        make(DETECTION)


def test_pictures_have_the_size_that_their_documents_say(world: World, make: Maker) -> None:
    pulled(
        world, item(world, "a.png", picture(1), bounding("a", 1, 1, 5, 5), width=HEIGHT, height=WIDTH),
        item(world, "b.png", picture(2), width=WIDTH, height=HEIGHT + 1),
    )  # fmt: skip
    with pytest.raises(InvalidInput, match=r"'/b\.png' has 40 x 30 pixels, its document says 40 x 31"):
        make(DETECTION)


def test_documents_cannot_lead_out_of_the_pulled_media(world: World, make: Maker, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(picture(99))
    outside = (tmp_path / "secret.png", world.images / ".." / ".." / ".." / ".." / "secret.png")
    documents = []
    for number, path in enumerate(outside):
        slot = world.slot(f"{number}.png", picture(number))
        slot["source_files"][0]["local_path"] = str(path)
        documents.append(document(f"{number}.png", bounding("a", 1, 1, 5, 5), slots=[slot]))
    pulled(world, *documents, local_paths=False)
    made = make(DETECTION)
    assert np.array_equal(made.dataset[0, "image"], pixels(picture(0)))
    assert np.array_equal(made.dataset[1, "image"], pixels(picture(1)))


def test_a_library_that_was_moved_is_found_its_way_in(world: World, make: Maker, tmp_path: Path) -> None:
    pulled(world, *several(world, 4))
    for path in world.library.annotation_files(world.library.release(REFERENCE)):
        path.write_bytes(path.read_bytes().replace(str(world.library.root).encode(), b"/once/upon"))
    assert len(make(DETECTION).dataset) == 4


def test_names_are_made_of_the_release_unless_given(world: World, make: Maker) -> None:
    pulled(world, *several(world, 4))
    made = make(DETECTION)
    assert made.benchmark.meta.name == made.dataset.meta.name == "set-0-1-detection"
    named = make(DETECTION, name="My_Cars", owner="team", metrics=("detection_map_50",))
    assert str(named.benchmark.artifact_id) == "team/my-cars"
    assert named.benchmark.main_metric == "detection_map_50"
    with pytest.raises(InvalidInput):
        make(DETECTION, name="no")
