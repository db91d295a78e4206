"""Detection: the objects of an image, true and predicted, and the padded rows they are kept as in an archive.

Boxes are `x, y, width, height` in pixels, as in COCO. Classes are whole numbers from 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ..arrays import np
from ..errors import InvalidInput, InvalidPredictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRUTH_COLUMNS = ("x", "y", "width", "height", "class", "iscrowd", "area")
PREDICTION_COLUMNS = ("x", "y", "width", "height", "class", "score")

SIZES = ("small", "medium", "large")
"""COCO's areas: below 32², from 32² to 96², above, in square pixels."""

MAX_DETECTIONS = (1, 10, 100)
"""How many detections of a class per image count, best first."""

PRECISION_PARTS = ("", "_50", "_75", *(f"_{size}" for size in SIZES))
RECALL_PARTS = (*(f"_{count}" for count in MAX_DETECTIONS), *(f"_{size}" for size in SIZES))


def detection_labels(prefix: str) -> tuple[str, ...]:
    """Metrics of COCO's summary, in its order: `<prefix>_map…` (AP), then `<prefix>_mar_…` (AR)."""
    return (
        *(f"{prefix}_map{part}" for part in PRECISION_PARTS),
        *(f"{prefix}_mar{part}" for part in RECALL_PARTS),
    )


BOX_LABELS = detection_labels("detection")
MASK_LABELS = detection_labels("mask")


@attrs.frozen(eq=False)
class DetectedObjects:
    """The true objects of one image.

    `boxes` (n, 4) float, `classes` (n,) int, `iscrowd` (n,) bool (a region of many; matches are not judged),
    `area` (n,) float in square pixels, by default that of the box, `masks` n COCO run-length encodings
    (`{"size": [height, width], "counts": bytes}`) for metrics of masks.

    Raises:
        InvalidInput: lengths differ, numbers that are not finite, negative sizes or classes.
    """

    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]
    iscrowd: NDArray[np.bool_]
    area: NDArray[np.float64]
    masks: tuple[Mapping[str, Any], ...] | None = None

    @classmethod
    def of(
        cls,
        boxes: Any,
        classes: Any,
        iscrowd: Any = None,
        area: Any = None,
        masks: Sequence[Mapping[str, Any]] | None = None,
    ) -> DetectedObjects:
        """Objects from anything array-like; missing `iscrowd` means none, missing `area` that of the box."""
        rect, label = _boxes(boxes, "true boxes", InvalidInput), _classes(classes, "true classes", InvalidInput)
        crowd = np.zeros(len(rect), bool) if iscrowd is None else np.asarray(iscrowd, dtype=bool).reshape(-1)
        space = rect[:, 2] * rect[:, 3] if area is None else np.asarray(area, dtype=np.float64).reshape(-1)
        if {len(label), len(crowd), len(space), len(rect if masks is None else masks)} != {len(rect)}:
            raise InvalidInput("true objects", "have boxes, classes, iscrowd, area and masks of different numbers")
        if not np.isfinite(space).all():
            raise InvalidInput("true areas", "hold NaN or infinity")
        return cls(rect, label, crowd, space, None if masks is None else tuple(masks))


@attrs.frozen(eq=False)
class Detections:
    """The predicted objects of one image: `boxes` (n, 4), `classes` (n,), `scores` (n,) higher is surer, `masks`.

    Raises:
        InvalidPredictions: lengths differ, numbers that are not finite, negative sizes or classes.
    """

    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]
    scores: NDArray[np.float64]
    masks: tuple[Mapping[str, Any], ...] | None = None

    @classmethod
    def of(
        cls, boxes: Any, classes: Any, scores: Any, masks: Sequence[Mapping[str, Any]] | None = None
    ) -> Detections:
        """Detections from anything array-like."""
        rect = _boxes(boxes, "predicted boxes", InvalidPredictions)
        label = _classes(classes, "predicted classes", InvalidPredictions)
        sure = np.asarray(scores, dtype=np.float64).reshape(-1)
        if {len(label), len(sure), len(rect if masks is None else masks)} != {len(rect)}:
            raise InvalidPredictions("detections", "have boxes, classes, scores and masks of different numbers")
        if not np.isfinite(sure).all():
            raise InvalidPredictions("detection scores", "hold NaN or infinity")
        return cls(rect, label, sure, None if masks is None else tuple(masks))


def objects_from_rows(rows: Any) -> DetectedObjects:
    """True objects from rows (m, 7) of TRUTH_COLUMNS; rows of NaN pad. A NaN area means that of the box.

    Raises:
        InvalidInput: another shape, or a row that is only partly NaN.
    """
    table = _unpadded(rows, TRUTH_COLUMNS, "true objects", InvalidInput, optional="area")
    area = np.where(np.isnan(table[:, 6]), table[:, 2] * table[:, 3], table[:, 6])
    return DetectedObjects.of(table[:, :4], table[:, 4], table[:, 5] != 0, area)


def detections_from_rows(rows: Any) -> Detections:
    """Detections from rows (m, 6) of PREDICTION_COLUMNS; rows of NaN pad.

    Raises:
        InvalidPredictions: another shape, or a row that is only partly NaN.
    """
    table = _unpadded(rows, PREDICTION_COLUMNS, "detections", InvalidPredictions)
    return Detections.of(table[:, :4], table[:, 4], table[:, 5])


def rows_of_objects(objects: DetectedObjects, max_objects: int) -> NDArray[np.float64]:
    """Rows (max_objects, 7) of TRUTH_COLUMNS, padded with NaN.

    Raises:
        InvalidInput: more objects than rows.
    """
    parts = (objects.boxes, objects.classes[:, None], objects.iscrowd[:, None], objects.area[:, None])
    return _padded(np.hstack(parts), max_objects)


def rows_of_detections(detections: Detections, max_objects: int) -> NDArray[np.float64]:
    """Rows (max_objects, 6) of PREDICTION_COLUMNS, padded with NaN.

    Raises:
        InvalidInput: more detections than rows.
    """
    parts = (detections.boxes, detections.classes[:, None], detections.scores[:, None])
    return _padded(np.hstack(parts), max_objects)


def as_objects(value: Any) -> DetectedObjects:
    """A row of truth: DetectedObjects as they are, anything else read as padded rows."""
    return value if isinstance(value, DetectedObjects) else objects_from_rows(value)


def as_detections(value: Any) -> Detections:
    """A row of predictions: Detections as they are, anything else read as padded rows."""
    return value if isinstance(value, Detections) else detections_from_rows(value)


def _padded(table: NDArray[Any], max_objects: int) -> NDArray[np.float64]:
    if len(table) > max_objects:
        raise InvalidInput(f"{len(table)} objects", f"do not fit into {max_objects} rows")
    rows = np.full((max_objects, table.shape[1]), np.nan)
    rows[: len(table)] = table
    return rows


def _unpadded(
    rows: Any, columns: tuple[str, ...], what: str, error: type[InvalidInput], optional: str | None = None
) -> NDArray[np.float64]:
    table = _floats(rows, what, error)
    if table.ndim != 2 or table.shape[1] != len(columns):
        raise error(what, f"have the shape {table.shape}", f"Give rows of {', '.join(columns)}")
    missing = np.isnan(table)
    table, missing = table[~missing.all(axis=1)], missing[~missing.all(axis=1)]
    if missing[:, [name != optional for name in columns]].any():
        raise error(what, "have a row with some values missing", "Pad with rows that are NaN throughout")
    return table


def _floats(values: Any, what: str, error: type[InvalidInput]) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise error(what, "are no numbers") from cause


def _boxes(boxes: Any, what: str, error: type[InvalidInput]) -> NDArray[np.float64]:
    rect = _floats(boxes, what, error)
    rect = rect.reshape(0, 4) if not rect.size else rect
    if rect.ndim != 2 or rect.shape[1] != 4:
        raise error(what, f"have the shape {rect.shape}", "Give rows of x, y, width, height")
    if not np.isfinite(rect).all() or (rect[:, 2:] < 0).any():
        raise error(what, "hold NaN, infinity or a negative size")
    return rect


def _classes(classes: Any, what: str, error: type[InvalidInput]) -> NDArray[np.int64]:
    given = _floats(classes, what, error).reshape(-1)
    if not np.isfinite(given).all() or (given < 0).any() or (given != np.floor(given)).any():
        raise error(what, "are not all whole numbers from 0")
    return given.astype(np.int64)
