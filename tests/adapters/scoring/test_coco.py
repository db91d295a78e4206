"""COCO scores equal pycocotools', case by case."""

from __future__ import annotations

import contextlib
import io
import math
from typing import Any

import numpy as np
import pytest

from groundtruth.adapters.scoring.coco import CocoScorer, run_length_masks
from groundtruth.domain.errors import InvalidInput, InvalidPredictions, MissingExtra
from groundtruth.domain.metrics import DetectedObjects, Detections, Scoring, details, score
from groundtruth.domain.metrics.bootstrap import Resampling, confidence_interval
from groundtruth.domain.metrics.detection import (
    BOX_LABELS,
    MASK_LABELS,
    detections_from_rows,
    objects_from_rows,
    rows_of_detections,
    rows_of_objects,
)

pytest.importorskip("faster_coco_eval")
coco = pytest.importorskip("pycocotools.coco")
cocoeval = pytest.importorskip("pycocotools.cocoeval")
masks = pytest.importorskip("pycocotools.mask")

Images = tuple[list[DetectedObjects], list[Detections]]


def peer(truth: list[DetectedObjects], found: list[Detections], kind: str = "bbox") -> Any:
    """pycocotools' evaluation, with its 12 summary numbers in `stats`."""
    classes = sorted({int(name) for image in (*truth, *found) for name in image.classes})
    shared = {
        "images": [{"id": n + 1, "height": 40, "width": 40} for n in range(len(truth))],
        "categories": [{"id": c + 1} for c in classes],
    }
    sides = []
    for images in (truth, found):
        annotations = []
        for number, image in enumerate(images, 1):
            for place, box in enumerate(image.boxes.tolist()):
                mask = image.masks[place] if image.masks else None
                area = float(masks.area(mask)) if mask else box[2] * box[3]
                own = (
                    {"iscrowd": int(image.iscrowd[place]), "area": float(image.area[place])}
                    if isinstance(image, DetectedObjects)
                    else {"iscrowd": 0, "area": area, "score": float(image.scores[place])}
                )
                key = {"id": len(annotations) + 1, "image_id": number, "category_id": int(image.classes[place]) + 1}
                annotations.append({**key, **own, "bbox": box, **({"segmentation": mask} if mask else {})})
        side = coco.COCO()
        side.dataset = {**shared, "annotations": annotations}
        side.createIndex()
        sides.append(side)
    evaluation = cocoeval.COCOeval(*sides, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation


def boxes(rng: np.random.Generator, count: int, scale: float) -> Any:
    drawn = np.column_stack([rng.uniform(0, scale, (count, 2)), rng.uniform(1, scale, (count, 2))])
    drawn = np.round(drawn) if rng.random() < 0.4 else drawn
    drawn[rng.random(count) < 0.05, 2:] = 0
    return drawn


def random_images(seed: int) -> Images:
    """A few images: some empty, some crowds, equal scores, areas at the borders of the ranges, far too many boxes."""
    rng = np.random.default_rng(seed)
    scale, n_classes = float(rng.choice([20, 60, 200])), int(rng.integers(1, 4))
    truth, found = [], []
    for _ in range(int(rng.integers(1, 6))):
        n_true = int(rng.integers(0, 7)) if rng.random() < 0.8 else 0
        rect, names = boxes(rng, n_true, scale), rng.integers(0, n_classes, n_true)
        area = rect[:, 2] * rect[:, 3] * (rng.uniform(0.4, 1, n_true) if rng.random() < 0.5 else 1)
        if n_true and rng.random() < 0.3:
            area[0] = rng.choice([0, 1023.999, 1024, 9216, 1e10])
        truth.append(DetectedObjects.of(rect, names, rng.random(n_true) < 0.15, area))
        n_found = int(rng.integers(0, 9)) if rng.random() < 0.85 else 0
        n_found = 120 if rng.random() < 0.01 else n_found
        guess, guessed = boxes(rng, n_found, scale), rng.integers(0, n_classes + 1, n_found)
        if n_true:
            near = rng.integers(0, n_true, n_found)
            guess = np.abs(rect[near] + rng.normal(0, scale * 0.05, (n_found, 4)) * (rng.random((n_found, 1)) < 0.8))
            guessed = np.where(rng.random(n_found) < 0.85, names[near], guessed)
        scores = rng.random(n_found)
        found.append(Detections.of(guess, guessed, np.round(scores, 1) if rng.random() < 0.6 else scores))
    return truth, found


@pytest.mark.parametrize("block", [0, 1, *(pytest.param(block, marks=pytest.mark.slow) for block in range(2, 10))])
def test_equals_pycocotools(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        truth, found = random_images(seed)
        with contextlib.redirect_stdout(io.StringIO()):
            expected = peer(truth, found).stats
        rows = CocoScorer().prepare(truth, found)
        actual = [rows.score(label) for label in BOX_LABELS]
        expected = np.where(expected == -1, np.nan, expected)
        # both count in float64; pycocotools adds 2e-16 to a denominator
        assert actual == pytest.approx(expected.tolist(), rel=1e-12, abs=1e-12, nan_ok=True), seed


def with_masks(seed: int) -> Images:
    rng = np.random.default_rng(seed)
    truth, found = [], []
    for _ in range(4):
        shapes = np.zeros((5, 40, 40), bool)
        for shape in shapes:
            top, left = rng.integers(0, 20, 2)
            shape[top : top + rng.integers(2, 20), left : left + rng.integers(2, 20)] = True
        runs = run_length_masks(shapes)
        rect = masks.toBbox(list(runs))
        names = rng.integers(0, 2, 5)
        truth.append(DetectedObjects.of(rect, names, rng.random(5) < 0.2, masks.area(list(runs)), runs))
        shifted = run_length_masks(np.roll(shapes, int(rng.integers(0, 4)), axis=2))
        found.append(Detections.of(masks.toBbox(list(shifted)), names, np.round(rng.random(5), 1), shifted))
    return truth, found


@pytest.mark.parametrize("seed", range(20))
def test_masks_equal_pycocotools(seed: int) -> None:
    truth, found = with_masks(seed)
    with contextlib.redirect_stdout(io.StringIO()):
        expected = peer(truth, found, "segm").stats
    rows = CocoScorer().prepare(truth, found)
    actual = [rows.score(label) for label in MASK_LABELS]
    assert actual == pytest.approx(np.where(expected == -1, np.nan, expected).tolist(), rel=1e-12, nan_ok=True)


def test_details_per_class_and_size() -> None:
    truth, found = random_images(12)
    with contextlib.redirect_stdout(io.StringIO()):
        precision = peer(truth, found).eval["precision"]
    parts = details("detection_map_50", truth, found, scorers=[CocoScorer()])
    classes = sorted({int(name) for image in (*truth, *found) for name in image.classes})
    for place, name in enumerate(classes):
        curve = precision[0, :, place, 0, 2]
        expected = curve[curve > -1].mean() if (curve > -1).any() else math.nan
        assert parts[f"class:{name}"] == pytest.approx(expected, nan_ok=True)
    for area, size in enumerate(("small", "medium", "large"), 1):
        curve = precision[0, :, :, area, 2]
        expected = curve[curve > -1].mean() if (curve > -1).any() else math.nan
        assert parts[f"size:{size}"] == pytest.approx(expected, nan_ok=True)
    small = details("detection_mar_small", truth, found, scorers=[CocoScorer()])
    assert not any(key.startswith("size:") for key in small)


def test_chosen_images_are_scored_as_if_they_were_all() -> None:
    for seed in range(30):
        truth, found = random_images(seed)
        rows = CocoScorer().prepare(truth, found)
        chosen = np.random.default_rng(seed).integers(0, len(truth), len(truth))
        alone = CocoScorer().prepare([truth[image] for image in chosen], [found[image] for image in chosen])
        for label in ("detection_map", "detection_mar_10", "detection_map_large"):
            assert rows.score(label, chosen) == pytest.approx(alone.score(label), abs=0, nan_ok=True)
        assert rows.score("detection_map") == pytest.approx(
            CocoScorer().prepare(truth, found).score("detection_map"), abs=0, nan_ok=True
        )


def test_interval_over_images() -> None:
    images = [random_images(seed) for seed in range(20)]
    truth, found = [image for pair in images for image in pair[0]], [image for pair in images for image in pair[1]]
    scoring = Scoring(truth, found, scorers=[CocoScorer()])
    interval = confidence_interval("detection_map_50", scoring, Resampling(50, seed=3))
    assert interval.low < interval.score < interval.high


def test_padded_rows_score_the_same() -> None:
    truth, found = random_images(7)
    true_rows = np.stack([rows_of_objects(image, 10) for image in truth])
    found_rows = np.stack([rows_of_detections(image, 130) for image in found])
    expected = score("detection_map", truth, found, scorers=[CocoScorer()])
    assert score("detection_map", true_rows, found_rows, scorers=[CocoScorer()]) == expected
    again = detections_from_rows(found_rows[0])
    assert (again.boxes == found[0].boxes).all() and (again.scores == found[0].scores).all()
    assert (objects_from_rows(true_rows[0]).iscrowd == truth[0].iscrowd).all()


def test_no_objects_have_no_score() -> None:
    nothing = DetectedObjects.of([], [])
    assert math.isnan(score("detection_map", [nothing], [Detections.of([], [], [])], scorers=[CocoScorer()]))
    one = Detections.of([[0, 0, 5, 5]], [1], [0.5])
    assert math.isnan(score("detection_mar_1", [nothing], [one], scorers=[CocoScorer()]))


def test_refusals() -> None:
    truth, found = random_images(1)
    with pytest.raises(MissingExtra, match=r"groundtruth\[detection\]"):
        score("detection_map", truth, found)
    with pytest.raises(InvalidPredictions, match="rows, expected"):
        score("detection_map", truth, found[:-1], scorers=[CocoScorer()])
    crowded = DetectedObjects.of([[0, 0, 5, 5]], [0])
    with pytest.raises(InvalidInput, match="no masks"):
        score("mask_map", [crowded], [Detections.of([], [], [])], scorers=[CocoScorer()])
