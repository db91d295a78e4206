"""COCO detection metrics through faster-coco-eval, equal to pycocotools.

Average precision and recall over IoU 0.50:0.05:0.95, 101 recall points, areas small/medium/large, 1/10/100
detections per class and image. Where COCO says -1 (no object to find) the score is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from ...domain.errors import InvalidInput, InvalidPredictions, MissingExtra
from ...domain.metrics.detection import (
    BOX_LABELS,
    MASK_LABELS,
    MAX_DETECTIONS,
    SIZES,
    DetectedObjects,
    Detections,
    as_detections,
    as_objects,
)
from ...ports.scoring import Rows, ScoredRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["bbox", "segm"]
LABELS: Mapping[str, tuple[Kind, str]] = {
    **{label: ("bbox", label.removeprefix("detection_")) for label in BOX_LABELS},
    **{label: ("segm", label.removeprefix("mask_")) for label in MASK_LABELS},
}
THRESHOLDS = {"50": 0, "75": 5}
"""Places of IoU 0.50 and 0.75 among the ten thresholds."""


class CocoScorer:
    """Scorer of `detection_…` (boxes) and `mask_…` (run-length masks)."""

    @property
    def labels(self) -> Collection[str]:
        """Labels of the metrics it computes."""
        return LABELS.keys()

    @property
    def software(self) -> Mapping[str, str]:
        """The library and its version; empty where it is not installed."""
        try:
            return {"faster-coco-eval": metadata.version("faster-coco-eval")}
        except metadata.PackageNotFoundError:
            return {}

    def prepare(self, truth: Rows, predictions: Rows) -> ScoredRows:
        """Match images: rows of truth are DetectedObjects or padded rows, predictions Detections or padded rows."""
        objects = [as_objects(image) for image in truth]
        detections = [as_detections(image) for image in predictions]
        if len(objects) != len(detections):
            raise InvalidPredictions("predictions", f"are of {len(detections)} images, expected {len(objects)}")
        return CocoRows(objects, detections)


@attrs.frozen
class Cut:
    """What part of COCO's tables a label stands for: AP or AR, at which IoU, size and number of detections."""

    recall: bool
    threshold: int | None
    area: int
    count: int

    @classmethod
    def of(cls, part: str) -> Cut:
        """`map`, `map_50`, `map_small`, `mar_10` … as a cut."""
        name, _, detail = part.partition("_")
        recall = name == "mar"
        area = 1 + SIZES.index(detail) if detail in SIZES else 0
        count = MAX_DETECTIONS.index(int(detail)) if recall and detail.isdigit() else len(MAX_DETECTIONS) - 1
        return cls(recall, None if recall else THRESHOLDS.get(detail), area, count)


class CocoRows:
    """Images with their true and predicted objects; each kind of overlap is computed when first asked for."""

    def __init__(self, objects: Sequence[DetectedObjects], detections: Sequence[Detections]) -> None:
        self._objects = objects
        self._detections = detections
        seen = [image.classes for image in (*objects, *detections)]
        self._classes: list[int] = np.unique(np.concatenate(seen)).tolist() if seen else []
        self._matched: dict[Kind, Matched] = {}

    def score(self, label: str, rows: NDArray[np.intp] | None = None) -> float:
        """See ScoredRows."""
        kind, part = LABELS[label]
        return _mean(self._matches(kind).values(Cut.of(part), rows))

    def details(self, label: str) -> Mapping[str, float]:
        """Score per class and, where the label names no size, per size of object; NaN without objects."""
        kind, part = LABELS[label]
        matched, cut = self._matches(kind), Cut.of(part)
        values = matched.values(cut)
        found = {f"class:{name}": _mean(values[..., place]) for place, name in enumerate(self._classes)}
        if cut.area == 0:
            sized = (attrs.evolve(cut, area=area) for area in range(1, 1 + len(SIZES)))
            found.update({f"size:{size}": _mean(matched.values(one)) for size, one in zip(SIZES, sized, strict=True)})
        return found

    def _matches(self, kind: Kind) -> Matched:
        if kind not in self._matched:
            self._matched[kind] = Matched(kind, self._objects, self._detections, self._classes)
        return self._matched[kind]


def _mean(values: NDArray[np.float64]) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else math.nan


class Matched:
    """Images matched at every threshold and area; any choice of images is then summed up quickly."""

    def __init__(
        self, kind: Kind, objects: Sequence[DetectedObjects], detections: Sequence[Detections], classes: list[int]
    ) -> None:
        self._n_classes = len(classes)
        self._tables: dict[tuple[int, int], Mapping[str, NDArray[np.float64]]] = {}
        if not classes:
            return
        self._evaluator = _evaluator(kind, objects, detections, classes)
        self._evaluator.evaluate()
        flat = self._evaluator._evalImgs_cpp  # the library keeps the matches of each class, area and image flat
        cells = np.empty(len(flat), dtype=object)
        cells[:] = flat
        self._images: NDArray[Any] = cells.reshape(self._n_classes, 1 + len(SIZES), len(objects))
        self._areas, self._counts = self._evaluator.params.areaRng, self._evaluator.params.maxDets

    def values(self, cut: Cut, images: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Precisions or recalls of the cut over the chosen images (None: all; repeats count again).

        The last axis are the classes; -1 where a class has no object to find.
        """
        if not self._n_classes or (images is not None and not images.size):
            return np.full((1, self._n_classes), -1.0)
        key = cut.area, cut.count
        if images is not None:
            tables = self._sum(*key, images)
        else:
            tables = self._tables.get(key) or self._sum(*key, np.arange(self._images.shape[2]))
            self._tables[key] = tables
        values = tables["recall" if cut.recall else "precision"]
        return values if cut.threshold is None else values[cut.threshold]

    def _sum(self, area: int, count: int, images: NDArray[np.intp]) -> Mapping[str, NDArray[np.float64]]:
        evaluator = self._evaluator
        evaluator._evalImgs_cpp = self._images[:, area, images].ravel().tolist()
        asked = evaluator._paramsEval
        asked.imgIds = list(range(1, images.size + 1))
        asked.areaRng, asked.maxDets = [self._areas[area]], [self._counts[count]]
        evaluator.accumulate()
        return {name: np.array(evaluator.eval[name])[..., 0, 0] for name in ("precision", "recall")}


def _evaluator(
    kind: Kind, objects: Sequence[DetectedObjects], detections: Sequence[Detections], classes: list[int]
) -> Any:
    try:
        from faster_coco_eval import COCO, COCOeval_faster
    except ImportError as error:
        raise MissingExtra("detection metrics", "detection") from error

    images = [{"id": number, "height": 1, "width": 1} for number in range(1, len(objects) + 1)]
    categories = [{"id": place, "name": str(name)} for place, name in enumerate(classes, 1)]
    sides: list[Any] = []
    for listed in (_true_annotations(kind, objects, classes), _found_annotations(kind, detections, classes)):
        coco = COCO()
        coco.dataset = {"images": images, "annotations": listed, "categories": categories}
        coco.createIndex()
        sides.append(coco)
    return COCOeval_faster(*sides, iouType=kind, separate_eval=True, rle_iou_max_workers=1)


def _true_annotations(kind: Kind, images: Sequence[DetectedObjects], classes: list[int]) -> list[dict[str, Any]]:
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(images, 1):
        masks = _masks(kind, image.masks, len(image.classes), InvalidInput)
        places = (np.searchsorted(classes, image.classes) + 1).tolist()
        fields = zip(image.boxes.tolist(), places, image.iscrowd.tolist(), image.area.tolist(), masks, strict=True)
        for box, place, crowd, area, mask in fields:
            annotation = {"id": len(annotations) + 1, "image_id": number, "category_id": place, "bbox": box}
            annotations.append({**annotation, "iscrowd": int(crowd), "area": area, **mask})
    return annotations


def _found_annotations(kind: Kind, images: Sequence[Detections], classes: list[int]) -> list[dict[str, Any]]:
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(images, 1):
        masks = _masks(kind, image.masks, len(image.classes), InvalidPredictions)
        places = (np.searchsorted(classes, image.classes) + 1).tolist()
        areas = _areas(image, masks)
        fields = zip(image.boxes.tolist(), places, image.scores.tolist(), areas, masks, strict=True)
        for box, place, score, area, mask in fields:
            annotation = {"id": len(annotations) + 1, "image_id": number, "category_id": place, "bbox": box}
            annotations.append({**annotation, "iscrowd": 0, "score": score, "area": area, **mask})
    return annotations


def _areas(image: Detections, masks: list[dict[str, Any]]) -> list[float]:
    """Area of each detection: that of its mask where masks are compared, else of its box."""
    if not masks or not masks[0]:
        return (image.boxes[:, 2] * image.boxes[:, 3]).tolist()
    from faster_coco_eval import mask as runs

    return np.asarray(runs.area([mask["segmentation"] for mask in masks]), dtype=np.float64).tolist()


def _masks(
    kind: Kind, masks: tuple[Mapping[str, Any], ...] | None, count: int, error: type[InvalidInput]
) -> list[dict[str, Any]]:
    if kind == "bbox":
        return [{}] * count
    if masks is None and count:
        raise error("objects", "have no masks", "Give run-length masks, or use the detection_… metrics of boxes")
    return [{"segmentation": dict(mask)} for mask in masks or ()]


def run_length_masks(masks: NDArray[np.bool_]) -> tuple[Mapping[str, Any], ...]:
    """COCO run-length encodings of masks (n, height, width), as DetectedObjects and Detections take them.

    Raises:
        MissingExtra: faster-coco-eval is not installed.
    """
    try:
        from faster_coco_eval import mask as runs
    except ImportError as error:
        raise MissingExtra("masks", "detection") from error
    columns = np.asfortranarray(np.moveaxis(np.asarray(masks, dtype=np.uint8), 0, -1))
    return tuple(runs.encode(columns)) if columns.size else ()
