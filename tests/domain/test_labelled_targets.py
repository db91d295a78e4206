"""Targets made of labels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.geometry import Box, RunLengths, points
from groundtruth.domain.labelled_targets import LabelTask, Targets, class_names, make_targets
from groundtruth.domain.metrics.detection import objects_from_rows
from groundtruth.domain.metrics.scoring import score
from groundtruth.domain.metrics.table import METRICS
from groundtruth.domain.picture_labels import PictureLabel
from groundtruth.domain.shapes import BoundingBox, Mask, Polygon, RasterLayer, Tag

WIDTH, HEIGHT = 20, 10
sides = st.floats(-30, 30)


def polygon(*corners: tuple[float, float]) -> Polygon:
    return Polygon([points(corners)])


def square(name: str, left: float, top: float, size: float) -> PictureLabel:
    right, bottom = left + size, top + size
    return PictureLabel(name, polygon((left, top), (right, top), (right, bottom), (left, bottom)))


def targets(task: str, *classes: str, most: int = 8, **options: bool) -> Targets:
    return make_targets(LabelTask.parse(task), classes, most, **options)


# --- detection ------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(sides, sides, st.floats(0, 40), st.floats(0, 40)), max_size=8))
def test_boxes_are_cut_off_at_the_edges(boxes: list[tuple[float, float, float, float]]) -> None:
    labels = [PictureLabel("a", BoundingBox(Box(*box))) for box in boxes]
    found = objects_from_rows(targets("detection", "a").values(labels, WIDTH, HEIGHT)["objects"])
    x, y, w, h = found.boxes.T
    assert (x >= 0).all() and (y >= 0).all()
    assert (w > 0).all() and (h > 0).all()
    assert (x + w <= WIDTH + 1e-9).all() and (y + h <= HEIGHT + 1e-9).all()
    assert np.array_equal(found.area, w * h)
    assert not found.iscrowd.any()
    kept = [
        box for box in boxes
        if min(box[0] + box[2], WIDTH) > max(box[0], 0) and min(box[1] + box[3], HEIGHT) > max(box[1], 0)
    ]  # fmt: skip
    assert len(found.classes) == len(kept)


def test_polygons_are_objects_as_well_in_the_order_of_the_document() -> None:
    labels = [square("b", 2, 3, 4), PictureLabel("a", BoundingBox(Box(1, 1, 2, 2))), PictureLabel("a", Polygon([]))]
    rows = targets("detection", "b", "a").values(labels, WIDTH, HEIGHT)["objects"]
    assert rows.shape == (8, 7)
    assert rows[:2].tolist() == [[2, 3, 4, 4, 1, 0, 16], [1, 1, 2, 2, 0, 0, 4]]
    assert np.isnan(rows[2:]).all()


def test_a_box_without_numbers_is_no_object() -> None:
    labels = [PictureLabel("a", BoundingBox(Box(math.nan, 0, 5, 5)))]
    assert np.isnan(targets("detection", "a").values(labels, WIDTH, HEIGHT)["objects"]).all()


# --- classification -------------------------------------------------------------------------------------


def tag(name: str) -> PictureLabel:
    return PictureLabel(name, Tag())


def test_the_tag_is_a_class_number() -> None:
    of = targets("classification", "c", "a", "b")
    assert [int(of.values([tag(name)], 1, 1)["label"]) for name in "abc"] == [0, 1, 2]
    assert int(of.values([tag("b"), tag("b")], 1, 1)["label"]) == 1
    assert of.metrics[0] == "accuracy"
    assert "top_5_accuracy" not in of.metrics
    assert "top_5_accuracy" in targets("classification", *"abcdef").metrics


@pytest.mark.parametrize(
    ("tags", "reason", "advice"), [("ab", "2 classes: a, b", "--multi-label"), ("", "no class", "--skip-empty")]
)
def test_pictures_without_exactly_one_tag_are_refused(tags: str, reason: str, advice: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as caught:
        targets("classification", "a", "b").values([tag(name) for name in tags], 1, 1)
    assert advice in str(caught.value)


def test_any_number_of_tags_are_columns_of_0_and_1() -> None:
    of = targets("classification", "a b", "a/b", "c", multi_label=True)
    assert list(of.columns()) == ["tag_a_b", "tag_a_b_2", "tag_c"]
    assert [one.user_attributes["tag"] for one in of.columns().values()] == ["a b", "a/b", "c"]
    values = of.values([tag("c"), tag("a/b")], 1, 1)
    assert {name: int(value) for name, value in values.items()} == {"tag_a_b": 0, "tag_a_b_2": 1, "tag_c": 1}
    assert not any(of.values([], 1, 1).values())
    assert set(of.n_classes().values()) == {2}


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=12, unique=True))
def test_columns_of_tags_have_different_names(classes: list[str]) -> None:
    names = list(targets("classification", *classes, multi_label=True).columns())
    assert len(set(names)) == len(classes)
    assert all(name.isprintable() and "/" not in name for name in names)


# --- segmentation ---------------------------------------------------------------------------------------


def test_later_labels_lie_above_earlier_ones_and_0_is_background() -> None:
    of = targets("segmentation", "b", "a")
    image = of.values([square("a", 0, 0, 6), square("b", 3, 3, 6)], WIDTH, HEIGHT)["mask"]
    assert (image.shape, image.dtype) == ((HEIGHT, WIDTH), np.uint8)
    assert (image[0, 0], image[4, 4], image[8, 8], image[0, 19]) == (1, 2, 2, 0)
    assert class_names(of.columns()["mask"]) == ("background", "a", "b")
    assert of.n_classes() == {"mask": 3}


def test_masks_are_painted_where_they_stand_in_the_document() -> None:
    labels = np.zeros((HEIGHT, WIDTH), int)
    labels[:, :10], labels[:, 10:] = 1, 2
    layer = RasterLayer(RunLengths.from_labels(labels), {"m1": 1, "m2": 2}, labels.size)
    shapes = [
        PictureLabel("a", Mask(), "m1"), square("c", 0, 0, 4), PictureLabel("b", Mask(), "m2"),
        PictureLabel("__raster_layer__", layer, "layer"),
    ]  # fmt: skip
    image = targets("segmentation", "a", "b", "c").values(shapes, WIDTH, HEIGHT)["mask"]
    assert (image[0, 0], image[9, 0], image[0, 19]) == (3, 1, 2)
    with pytest.raises(InvalidInput, match="without pixels"):
        targets("segmentation", "a").values([PictureLabel("a", Mask(), "m3")], WIDTH, HEIGHT)
    with pytest.raises(InvalidInput, match="covers 200 pixels"):
        targets("segmentation", "a", "b", "c").values(shapes, WIDTH, HEIGHT + 1)


@pytest.mark.parametrize(("count", "dtype", "ignored"), [(254, np.uint8, 255), (255, np.uint16, 65535)])
def test_no_class_has_the_label_that_is_not_judged(count: int, dtype: type, ignored: int) -> None:
    of = targets("segmentation", *(f"{number:03d}" for number in range(count)))
    image = of.values([square(f"{count - 1:03d}", 0, 0, 4)], WIDTH, HEIGHT)["mask"]
    assert (image.dtype, image.max()) == (dtype, count)
    assert of.columns()["mask"].user_attributes["ignore"] == str(ignored)
    wrong = np.zeros_like(image)
    assert score("pixel_accuracy", [image], [wrong]) == 1 - 16 / 200
    image[image == count] = ignored
    assert score("pixel_accuracy", [image], [wrong]) == 1


# --- all ------------------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=9), st.sampled_from(LabelTask))
def test_class_numbers_are_read_back(classes: list[str], task: LabelTask) -> None:
    of = make_targets(task, classes, 3)
    [annotation] = of.columns().values()
    names = class_names(annotation)
    assert list(of.classes) == sorted(set(classes))
    assert names[-len(of.classes) :] == of.classes
    assert set(of.n_classes().values()) == {len(names)}
    assert all(name in METRICS for name in of.metrics)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match="detection, classification, segmentation"):
        LabelTask.parse("captioning")
    for task in LabelTask:
        with pytest.raises(InvalidInput, match="needs annotations"):
            make_targets(task, [], 0)
