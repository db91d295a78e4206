"""Targets made of labels: what each task takes from annotations, how it is kept in columns, and what judges it.

Class numbers are the places of the class names in sorted order. They can be read back from the target column's
annotation (`class_names`): its attribute `classes` is a JSON list in which the place of a name is its number.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from .array_dataset import ColumnAnnotation, Modality
from .arrays import np
from .errors import InvalidInput
from .geometry import Box
from .metrics.detection import TRUTH_COLUMNS, DetectedObjects, rows_of_objects
from .metrics.segmentation import ignored_label
from .painting import Window, inside, paint
from .picture_labels import PictureLabel
from .shapes import RASTER_LAYER_CLASS, BoundingBox, Mask, Polygon, RasterLayer
from .target_types import TargetType

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LabelTask", "Targets", "class_names", "make_targets"]

BACKGROUND = "background"
CLASSES = "classes"
LABELS = "image/x-labels"
"""Content type of label images."""


class LabelTask(enum.StrEnum):
    """What is to be predicted of a picture."""

    DETECTION = "detection"
    CLASSIFICATION = "classification"
    SEGMENTATION = "segmentation"

    @classmethod
    def parse(cls, name: str) -> LabelTask:
        """Read a task by name; raise InvalidInput."""
        try:
            return cls(name)
        except ValueError:
            raise InvalidInput(f"task '{name}'", "is not known", f"Choose one of {', '.join(cls)}") from None

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of shapes that say something about the task."""
        return _KINDS[self]

    def names(self, labels: Sequence[PictureLabel]) -> list[str]:
        """Class names of the labels, one for each that stands for something itself."""
        return [one.class_name for one in labels if one.class_name != RASTER_LAYER_CLASS]


_KINDS = {
    LabelTask.DETECTION: frozenset({BoundingBox.kind, Polygon.kind}),
    LabelTask.CLASSIFICATION: frozenset({"tag"}),
    LabelTask.SEGMENTATION: frozenset({Polygon.kind, Mask.kind, RasterLayer.kind}),
}


class Targets(Protocol):
    """Target columns of a task."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, sorted."""
        ...

    @property
    def target_type(self) -> TargetType:
        """Type of every target."""
        ...

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics that judge it, the main one first."""
        ...

    def columns(self) -> Mapping[str, ColumnAnnotation]:
        """The columns and what is known about them."""
        ...

    def n_classes(self) -> Mapping[str, int]:
        """Number of classes of each column."""
        ...

    def values(self, labels: Sequence[PictureLabel], width: int, height: int) -> Mapping[str, Any]:
        """Value of each column for a picture.

        Raises:
            InvalidInput: the labels do not fit the task; `what` does not name the picture, which is not known here.
        """
        ...


def make_targets(
    task: LabelTask, classes: Sequence[str], most_labels: int, multi_label: bool = False
) -> DetectionTargets | ClassTargets | TagTargets | SegmentationTargets:
    """Targets of a task; `classes` in any order, `most_labels` is how many of them one picture has at most.

    Raises:
        InvalidInput: no class at all, too few to tell apart or too many.
    """
    ordered = tuple(sorted(set(classes)))
    if not ordered:
        raise InvalidInput(f"a {task} benchmark", f"needs annotations of kind {' or '.join(sorted(task.kinds))}")
    match task:
        case LabelTask.DETECTION:
            return DetectionTargets(ordered, most_labels)
        case LabelTask.SEGMENTATION:
            return SegmentationTargets(ordered)
        case LabelTask.CLASSIFICATION:
            return TagTargets(ordered) if multi_label else ClassTargets(ordered)


def class_names(annotation: ColumnAnnotation) -> tuple[str, ...]:
    """Names of the classes of a target column by their number; empty where the column does not say."""
    listed: Any = json.loads(annotation.user_attributes.get(CLASSES, "[]"))
    return tuple(map(str, listed))


def _annotation(
    description: str, classes: Sequence[str], modality: Modality = Modality.UNKNOWN, content: str | None = None,
    **more: str,
) -> ColumnAnnotation:  # fmt: skip
    attributes = {CLASSES: json.dumps(list(classes), ensure_ascii=False), **more}
    return ColumnAnnotation(False, modality, description, attributes, None, content)


@attrs.frozen
class DetectionTargets:
    """Boxes, and boxes around polygons, as padded rows of `domain.metrics.detection.TRUTH_COLUMNS`.

    Boxes are cut off at the edges of the picture; what is left without area is no object. Nothing is a crowd, and
    the area of an object is that of its box.
    """

    classes: tuple[str, ...]
    most_objects: int
    target_type = TargetType.DETECTION
    metrics = ("detection_map", "detection_map_50", "detection_map_75", "detection_mar_100")

    def columns(self) -> Mapping[str, ColumnAnnotation]:
        """The column `objects`."""
        said = f"objects, one per row of {', '.join(TRUTH_COLUMNS)} in pixels; rows of NaN pad"
        return {"objects": _annotation(said, self.classes, columns=",".join(TRUTH_COLUMNS))}

    def n_classes(self) -> Mapping[str, int]:
        """As `Targets.n_classes`."""
        return {"objects": len(self.classes)}

    def values(self, labels: Sequence[PictureLabel], width: int, height: int) -> Mapping[str, NDArray[np.float64]]:
        """Rows (most_objects, 7), float64, in the order of the document."""
        boxes: list[tuple[float, float, float, float]] = []
        numbers: list[int] = []
        for one in labels:
            box = _clipped(_box(one), width, height)
            if box is not None:
                boxes.append(box)
                numbers.append(self.classes.index(one.class_name))
        return {"objects": rows_of_objects(DetectedObjects.of(boxes, numbers), self.most_objects)}


def _box(label: PictureLabel) -> Box | None:
    match label.shape:
        case BoundingBox(box=box):
            return box
        case Polygon() as polygon if polygon.box is not None or any(len(path) for path in polygon.paths):
            return polygon.bounds()
        case _:
            return None


def _clipped(box: Box | None, width: int, height: int) -> tuple[float, float, float, float] | None:
    """The part of a box in the picture; None if that has no area (or the box no numbers)."""
    if box is None:
        return None
    left, top = max(box.x, 0.0), max(box.y, 0.0)
    right, bottom = min(box.x + box.w, float(width)), min(box.y + box.h, float(height))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


@attrs.frozen
class ClassTargets:
    """The one tag of a picture, as a class number."""

    classes: tuple[str, ...]
    target_type = TargetType.CLASSIFICATION

    @property
    def metrics(self) -> tuple[str, ...]:
        """Accuracy first; the best five are asked for where there are more classes than that."""
        best = ("top_5_accuracy",) if len(self.classes) > 5 else ()
        return ("accuracy", "balanced_accuracy", "f1_macro", *best)

    def columns(self) -> Mapping[str, ColumnAnnotation]:
        """The column `label`."""
        return {"label": _annotation("class number", self.classes)}

    def n_classes(self) -> Mapping[str, int]:
        """As `Targets.n_classes`."""
        return {"label": len(self.classes)}

    def values(self, labels: Sequence[PictureLabel], width: int, height: int) -> Mapping[str, NDArray[np.int64]]:
        """The class number, int64."""
        names = sorted({one.class_name for one in labels})
        if len(names) != 1:
            reason = f"has {len(names)} classes: {', '.join(names)}" if names else "has no class"
            several = "Use --multi-label, or choose among the classes with --class"
            advice = several if names else "Tag it, or leave such items out with --skip-empty"
            raise InvalidInput("", reason, advice)
        return {"label": np.array(self.classes.index(names[0]), dtype=np.int64)}


@attrs.frozen
class TagTargets:
    """Any number of tags: a column of 0 and 1 for each class."""

    classes: tuple[str, ...]
    target_type = TargetType.CLASSIFICATION
    metrics = ("f1", "accuracy")

    @property
    def names(self) -> tuple[str, ...]:
        """Columns in the order of the classes: `tag_` and the class, with `_` for what no column name may have."""
        found: list[str] = []
        for one in self.classes:
            plain = f"tag_{re.sub(r'[^A-Za-z0-9_-]+', '_', one)}"
            same = sum(re.fullmatch(f"{re.escape(plain)}(_[0-9]+)?", other) is not None for other in found)
            found.append(f"{plain}_{same + 1}" if same else plain)
        return tuple(found)

    def columns(self) -> Mapping[str, ColumnAnnotation]:
        """A column per class, whose attribute `tag` is its name."""
        pairs = zip(self.names, self.classes, strict=True)
        return {
            name: _annotation(f"1 where the picture is tagged '{one}'", ("absent", "present"), tag=one)
            for name, one in pairs
        }

    def n_classes(self) -> Mapping[str, int]:
        """As `Targets.n_classes`."""
        return dict.fromkeys(self.names, 2)

    def values(self, labels: Sequence[PictureLabel], width: int, height: int) -> Mapping[str, NDArray[np.int64]]:
        """0 or 1 for each class, int64."""
        there = {one.class_name for one in labels}
        pairs = zip(self.names, self.classes, strict=True)
        return {name: np.array(one in there, dtype=np.int64) for name, one in pairs}


@attrs.frozen
class SegmentationTargets:
    """Label images of polygons and masks: 0 is background, classes are numbered from 1.

    Later annotations are painted above earlier ones. The highest label of the type, 255 or 65535, stands for pixels
    that are not judged; no class has it.
    """

    classes: tuple[str, ...]
    target_type = TargetType.SEGMENTATION
    metrics = ("mean_iou", "dice", "pixel_accuracy")

    def __attrs_post_init__(self) -> None:
        if len(self.classes) >= np.iinfo(np.uint16).max:
            raise InvalidInput(f"{len(self.classes)} classes", "are more than a label image holds")

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest type that holds all classes, background and the label that is ignored."""
        return np.dtype(np.uint8 if len(self.classes) < np.iinfo(np.uint8).max else np.uint16)

    def columns(self) -> Mapping[str, ColumnAnnotation]:
        """The column `mask`."""
        ignored = ignored_label(self.dtype)
        said = f"label image, height x width; 0 is background, {ignored} is not judged"
        names = (BACKGROUND, *self.classes)
        return {"mask": _annotation(said, names, Modality.IMAGE, LABELS, ignore=str(ignored))}

    def n_classes(self) -> Mapping[str, int]:
        """Classes and background."""
        return {"mask": len(self.classes) + 1}

    def values(self, labels: Sequence[PictureLabel], width: int, height: int) -> Mapping[str, NDArray[Any]]:
        """The label image (height, width)."""
        layers = _Layers(labels, width, height)
        areas = (
            (1 + self.classes.index(one.class_name), layers.window(one))
            for one in labels
            if not isinstance(one.shape, RasterLayer)
        )
        return {"mask": paint(areas, height, width, self.dtype)}


class _Layers:
    """The raster layers among the labels of a picture; each is decoded once."""

    def __init__(self, labels: Sequence[PictureLabel], width: int, height: int) -> None:
        self._layers = [one.shape for one in labels if isinstance(one.shape, RasterLayer)]
        self._size = height, width
        self._decoded: dict[int, NDArray[np.int64]] = {}

    def window(self, label: PictureLabel) -> Window:
        """Where the label is."""
        if isinstance(label.shape, Polygon):
            return inside(label.shape.paths, *self._size)
        for place, layer in enumerate(self._layers):
            value = layer.mask_values.get(label.id or "")
            if value is not None:
                if place not in self._decoded:
                    self._decoded[place] = layer.runs.labels(*self._size)
                return Window(0, 0, self._decoded[place] == value)
        raise InvalidInput("", f"has a mask of '{label.class_name}' without pixels in a raster layer")
