"""The demo does what it promises a stranger: the facts are read from the folders it leaves."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageDraw

from groundtruth import Client
from groundtruth.adapters.video import PyAvVideoReader
from groundtruth.domain.annotation import Annotation
from groundtruth.domain.classes import AnnotationClass
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.geometry import Box
from groundtruth.domain.item import ItemDescription, Slot
from groundtruth.domain.labelled_targets import class_names
from groundtruth.domain.metadata import DatasetMetadata
from groundtruth.domain.reference import DatasetReference
from groundtruth.domain.shapes import BoundingBox, Tag
from groundtruth.ports.library import LocalRelease

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo"


def run(output: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DEMO / "run.py"), "--output", str(output)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo that was run once."""
    folder = tmp_path_factory.mktemp("demo") / "out put"
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == str(folder / "contact-sheet.html")
    return folder


def pulled(output: Path) -> Path:
    return output / "home" / "datasets" / "demo" / "photos"


def documents(output: Path) -> dict[str, dict]:
    folder = pulled(output) / "releases" / "0.1" / "annotations"
    return {path.stem: json.loads(path.read_bytes()) for path in folder.glob("*.json")}


def test_real_photos_and_clips_come_back_byte_for_byte(output: Path) -> None:
    images = pulled(output) / "images"
    back = {path.relative_to(images): path.read_bytes() for path in images.rglob("*") if path.is_file()}
    sent = output / "input"
    assert back == {path.relative_to(sent): path.read_bytes() for path in sent.rglob("*") if path.is_file()}
    assert len([path for path in back if path.suffix in {".png", ".jpg"}]) >= 12
    assert [path for path in back if path.suffix == ".mp4"]


def test_every_item_has_annotations_and_every_photo_tags(output: Path) -> None:
    for name, document in documents(output).items():
        is_clip = document["item"]["slots"][0]["type"] == "video"
        assert document["annotations"], name
        assert is_clip or sum("tag" in one for one in document["annotations"]) >= 3, name


def test_coin_polygons_and_boxes_lie_on_the_coins(output: Path) -> None:
    image = Image.open(pulled(output) / "images" / "things" / "coins.png").convert("L")
    coins = [one for one in documents(output)["coins"]["annotations"] if one["name"] == "coin"]
    paths = [[(at["x"], at["y"]) for at in one["polygon"]["paths"][0]] for one in coins if "polygon" in one]
    assert len(paths) == sum("polygon" not in one for one in coins) == 24

    pixels = np.asarray(image)
    inside = np.zeros(pixels.shape, bool)
    for path in paths:
        canvas = Image.new("L", image.size)
        ImageDraw.Draw(canvas).polygon(path, fill=1)
        inside |= np.asarray(canvas) > 0
    background = np.median(pixels[~inside])
    for path in paths:
        x, y = np.mean(path, axis=0).astype(int)
        assert pixels[y - 4 : y + 5, x - 4 : x + 5].mean() > background + 25
    assert 0.15 < inside.mean() < 0.4


def test_classes_and_properties_come_back_with_the_release(output: Path) -> None:
    metadata = json.loads((pulled(output) / "releases/0.1/annotations/.v7/metadata.json").read_bytes())
    coin = next(one for one in metadata["classes"] if (one["name"], one["type"]) == ("coin", "polygon"))
    assert coin["color"].startswith("rgba(")
    assert [one["name"] for one in coin["properties"]] == ["size"]
    coins = [one for one in documents(output)["coins"]["annotations"] if "polygon" in one]
    assert {one["properties"][0]["value"] for one in coins} == {"small", "large"}


def test_masks_cover_their_picture_and_name_their_pixels(output: Path) -> None:
    for name, document in documents(output).items():
        masks = {one["id"] for one in document["annotations"] if "mask" in one}
        layers = [one["raster_layer"] for one in document["annotations"] if "raster_layer" in one]
        if not layers:
            continue
        slot = document["item"]["slots"][0]
        assert sum(layers[0]["dense_rle"][1::2]) == layers[0]["total_pixels"] == slot["width"] * slot["height"]
        assert set(layers[0]["mask_annotation_ids_mapping"]) == masks, name


def test_face_in_the_clip_lives_through_every_frame(output: Path) -> None:
    document = documents(output)["carphone_pristine"]
    slot = document["item"]["slots"][0]
    face = next(one for one in document["annotations"] if one["name"] == "face")
    assert face["ranges"] == [[0, len(face["frames"])]]
    assert slot["frame_count"] == len(face["frames"]) == 120
    keyframes = [index for index, frame in face["frames"].items() if frame["keyframe"]]
    assert 10 < len(keyframes) < 120


def test_baselines_learn_something_and_their_results_can_be_computed_again(output: Path) -> None:
    with Client.local(home=output / "home", environ={}) as client:
        assert client.list_benchmarks() == ["local/diabetes", "local/digits", "local/talking-man"]
        for name, least in {"diabetes": 0.4, "digits": 0.95, "talking-man": 0.3}.items():
            benchmark = client.get_benchmark("local", name, verify_checksum="verify")
            board = client.leaderboard("local", name).board()
            assert board is not None
            best, worst = board.places
            assert best.score.value > max(least, worst.score.value + 0.3)
            for place in (best, worst):
                file = output / "benchmarks" / name / f"{place.entry.results.meta.name}"
                results = client.load_results(file.with_suffix(".json"))
                assert results.scores == place.entry.results.scores
                predictions = np.load(file.with_suffix(".npy"))
                assert not client.verify_results(results, benchmark, predictions).differences
            assert not client.verify_results(results, benchmark, predictions + 1).holds


def test_frames_of_the_clip_are_split_by_time_and_lie_in_the_archive_as_they_are(output: Path) -> None:
    with Client.local(home=output / "home", environ={}) as client:
        benchmark = client.get_benchmark("local", "talking-man")
        dataset = benchmark.dataset
        names = dataset.read(slice(None), "name").tolist()
        assert names == [f"/clips/carphone_pristine.mp4/{number:07d}.png" for number in range(120)]
        assert benchmark.split.training.highest < min(benchmark.split.test)
        frames = PyAvVideoReader().frames(pulled(output) / "images/clips/carphone_pristine.mp4", None)
        for row, pixels in zip(range(3), frames, strict=False):
            assert np.array_equal(dataset[row, "image"], pixels)
        face = next(one for one in documents(output)["carphone_pristine"]["annotations"] if one["name"] == "face")
        number = class_names(dataset.annotations["objects"]).index("face")
        for row in (0, 60, 119):
            box = face["frames"][str(row)]["bounding_box"]
            found = next(one for one in dataset[row, "objects"] if one[4] == number)
            assert found[:4].tolist() == [box[side] for side in "xywh"]


def test_sheet_shows_every_item_and_needs_no_network(output: Path) -> None:
    page = (output / "contact-sheet.html").read_text(encoding="utf-8")
    figures = re.findall(r"<figure.*?</figure>", page, re.S)
    assert len(figures) == len(documents(output))
    for figure in figures:
        assert '<svg viewBox="0 0 ' in figure
        assert 'aria-label="' in figure
        assert re.search(r'<span class="badge (train|val|test)">', figure)
    assert not re.search(r"""(?:href|src)=["'](?!data:|#)|url\(|@import""", page)
    assert len(page) < 3_000_000


def test_second_run_starts_over(output: Path) -> None:
    first = documents(output)
    done = run(output)
    assert done.returncode == 0, done.stdout + done.stderr
    assert documents(output).keys() == first.keys()


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("mine")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "--output" in done.stderr
    assert (tmp_path / "home" / "thesis.txt").read_text() == "mine"


@pytest.fixture
def sheet(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The demo's module, as the script imports it."""
    monkeypatch.syspath_prepend(DEMO)
    yield importlib.import_module("sheet")
    for path in DEMO.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_names_are_escaped(sheet: ModuleType, tmp_path: Path) -> None:
    hostile = "<script>alert('\"&')</script>"
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    item = ItemDescription(hostile, f"/{hostile}", slots=(Slot("0", "image", 40, 30),))
    shapes = (Annotation(hostile, BoundingBox(Box(1, 2, 3, 4))), Annotation(hostile, Tag()))
    entry = sheet.Entry(AnnotationDocument(item, shapes), tmp_path / "a.png", "train")
    release = LocalRelease(DatasetReference("demo", "x", "1"), tmp_path, None, "", 1, 1, datetime.now(UTC))
    metadata = DatasetMetadata((AnnotationClass(hostile, "bounding_box", color="rgba(1,2,3,1.0)"),))
    page = sheet.render(sheet.Album(release, metadata, (entry,)))
    assert "<script" not in page
    assert "'\"&'" not in page
    assert page.count("&lt;script&gt;") >= 4
