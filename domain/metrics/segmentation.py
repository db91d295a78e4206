"""Segmentation: overlap of label images, from counts that are gathered image by image.

A label image is a 2-D array of class numbers (0 and up; background is a class like any other). Pixels whose
true label is the `ignored_label` of their type are not judged. A class that occurs in neither truth nor prediction
has no score; the mean is over the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ..arrays import np
from ..errors import InvalidInput, InvalidPredictions
from .counts import ClassCounts

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_LABEL = 1 << 20
_TABLE_SIZE = 512


def ignored_label(dtype: np.dtype[Any]) -> int:
    """Label of pixels that are not judged: 65535 in images of uint16, else 255 as in PASCAL VOC and Cityscapes."""
    return 65535 if dtype == np.uint16 else 255


@attrs.frozen(eq=False)
class PixelCounts:
    """Class counts of each image, only where they are not zero: one entry per image and class in it."""

    n_images: int
    image: NDArray[np.intp]
    label: NDArray[np.intp]
    counts: NDArray[np.int64]
    """(entries, 3): pixels where the class is true, predicted, right."""

    def total(self, images: NDArray[np.intp] | None = None) -> ClassCounts:
        """Counts of the chosen images together (None: all; repeats count again).

        Raises:
            InvalidInput: no pixel is judged.
        """
        times = np.ones(self.n_images) if images is None else np.bincount(images, minlength=self.n_images)
        weight = times[self.image]
        # float64 sums of whole numbers are exact below 2^53 pixels
        sums = [np.bincount(self.label, self.counts[:, part] * weight).astype(np.int64) for part in range(3)]
        if not sums[0].sum():
            raise InvalidInput("label images", "have no pixel that is judged")
        return ClassCounts.present(np.arange(sums[0].size), *sums)


def count_pixels(truth: Iterable[Any], predicted: Iterable[Any]) -> PixelCounts:
    """Count classes in pairs of label images, one pair at a time; both may be generators.

    Raises:
        InvalidInput: a true image is no label image.
        InvalidPredictions: a predicted one is none, has another shape, or the numbers of images differ.
    """
    numbers: list[NDArray[Any]] = []
    labels: list[NDArray[Any]] = []
    counts: list[NDArray[Any]] = []
    n_images = 0
    try:
        for true, given in zip(truth, predicted, strict=True):
            label, count = _image_counts(n_images, true, given)
            numbers.append(np.full(label.size, n_images, dtype=np.intp))
            labels.append(label)
            counts.append(count)
            n_images += 1
    except ValueError as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidPredictions("predictions", "are not one label image per true one") from error
    if not n_images:
        raise InvalidInput("label images", "are none, at least one is needed")
    return PixelCounts(n_images, np.concatenate(numbers), np.concatenate(labels), np.concatenate(counts))


def _image_counts(number: int, true: Any, given: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    truth = _label_image(true, f"true label image {number}", InvalidInput)
    predicted = _label_image(given, f"predicted label image {number}", InvalidPredictions)
    if truth.shape != predicted.shape:
        raise InvalidPredictions(
            f"predicted label image {number}", f"has the shape {predicted.shape}, expected {truth.shape}"
        )
    ignore = ignored_label(truth.dtype)
    size = 1 + max(int(truth.max(initial=0)), int(predicted.max(initial=0)))
    count = _table_counts if size <= _TABLE_SIZE else _long_counts
    counts = count(truth.ravel(), predicted.ravel(), size, ignore)
    if ignore < size:
        counts[ignore] = 0  # predicting it is a miss of the true class, not a class of its own
    label = np.flatnonzero(counts.any(axis=1))
    return label, counts[label]


def _table_counts(truth: NDArray[Any], predicted: NDArray[Any], size: int, ignore: int) -> NDArray[Any]:
    """Counts by way of the confusion matrix: one pass over the pixels."""
    cell = truth.astype(np.intp)
    cell *= size
    cell += predicted
    matrix = np.bincount(cell, minlength=size * size).reshape(size, size)
    if ignore < size:
        matrix[ignore] = 0
    return np.stack([matrix.sum(axis=1), matrix.sum(axis=0), matrix.diagonal()], axis=1)


def _long_counts(truth: NDArray[Any], predicted: NDArray[Any], size: int, ignore: int) -> NDArray[Any]:
    """Counts where a matrix of all pairs of labels would be too large."""
    judged = truth != ignore
    truth, predicted = truth[judged], predicted[judged]
    right = truth[truth == predicted]
    return np.stack([np.bincount(part, minlength=size) for part in (truth, predicted, right)], axis=1)


def _label_image(image: Any, what: str, error: type[InvalidInput]) -> NDArray[Any]:
    labels = np.asarray(image)
    if labels.ndim != 2 or labels.dtype.kind not in "biu":
        raise error(what, f"has shape {labels.shape} and type {labels.dtype}", "Give a 2-D array of class numbers")
    if labels.size and (int(labels.min()) < 0 or int(labels.max()) > _MAX_LABEL):
        raise error(what, "has a label out of range", f"Class numbers are 0 to {_MAX_LABEL}")
    return labels.astype(np.uint8) if labels.dtype.kind == "b" else labels


def _per_class(counts: ClassCounts, scores: NDArray[Any]) -> dict[str, float]:
    return {f"class:{label}": float(score) for label, score in zip(counts.classes, scores, strict=True)}


def class_iou(counts: ClassCounts) -> NDArray[Any]:
    """Intersection over union of each class."""
    return counts.right / (counts.truth + counts.predicted - counts.right)


def class_dice(counts: ClassCounts) -> NDArray[Any]:
    """Dice coefficient of each class, 2·|T∩P| / (|T| + |P|)."""
    return 2 * counts.right / (counts.truth + counts.predicted)


def mean_iou(counts: ClassCounts) -> float:
    """Mean intersection over union of the classes."""
    return float(class_iou(counts).mean())


def dice(counts: ClassCounts) -> float:
    """Mean Dice coefficient of the classes."""
    return float(class_dice(counts).mean())


def pixel_accuracy(counts: ClassCounts) -> float:
    """Share of the judged pixels whose class is right."""
    return float(counts.right.sum() / counts.truth.sum())


def iou_details(counts: ClassCounts) -> Mapping[str, float]:
    """Intersection over union per class."""
    return _per_class(counts, class_iou(counts))


def dice_details(counts: ClassCounts) -> Mapping[str, float]:
    """Dice coefficient per class."""
    return _per_class(counts, class_dice(counts))


def pixel_details(counts: ClassCounts) -> Mapping[str, float]:
    """Share of right pixels per true class."""
    there = counts.truth > 0
    shares = counts.right[there] / counts.truth[there]
    return {f"class:{label}": float(share) for label, share in zip(counts.classes[there], shares, strict=True)}
