"""Two simple detectors of a talking man's face and bow tie, both learned from training frames alone.

The split is by time: the first frames train, the later ones test. Drawn at random, every test frame would have its
neighbours in training, and knowing these by heart would be enough.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
from measuring import Baseline
from numpy.typing import NDArray
from skimage.color import rgb2gray
from skimage.feature import match_template

from groundtruth.domain.metrics.detection import Detections, rows_of_detections
from groundtruth.domain.subset import Subset

VIDEO = "/clips/carphone_pristine.mp4"
FRAMES, TRAINED = 120, 80


def split_file() -> str:
    """The split as JSON."""
    names = [f"{VIDEO}/{number:07d}.png" for number in range(FRAMES)]
    return json.dumps({"train": names[:TRAINED], "test": names[TRAINED:]}, indent=1)


def mean_box(train: Subset, test: Subset) -> NDArray[np.float64]:
    """Always the same box, the mean one: what knowing nothing of the picture is worth."""
    found = [(*boxes.mean(axis=0), number, 1.0) for number, boxes in _boxes(train)]
    return np.broadcast_to(_rows(found), (len(test), len(found), 6))


def mean_template(train: Subset, test: Subset) -> NDArray[np.float64]:
    """The mean picture of each object, moved over the frame to where it correlates best."""
    grey = np.stack([rgb2gray(picture) for picture in train.X])
    templates = [(number, _template(grey, boxes)) for number, boxes in _boxes(train)]
    return np.stack([_rows(_matches(rgb2gray(picture), templates)) for picture in test.X])


BASELINES = [Baseline("mean-box", mean_box), Baseline("mean-template", mean_template)]


def _boxes(train: Subset) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Class number and boxes (frames, 4) of each class; every class occurs once in each frame."""
    for number in np.unique(train.y[..., 4]).tolist():
        yield int(number), train.y[train.y[..., 4] == number][:, :4]


def _template(grey: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of what the boxes show, at their median size."""
    width, height = np.median(boxes[:, 2:], axis=0).round().astype(int)
    corners = (boxes[:, :2] + (boxes[:, 2:] - (width, height)) / 2).round().astype(int)
    shown = zip(grey, corners.clip(0), strict=True)
    patches = [picture[y : y + height, x : x + width] for picture, (x, y) in shown]
    return np.mean([patch for patch in patches if patch.shape == (height, width)], axis=0)


def _matches(
    grey: NDArray[np.float64], templates: list[tuple[int, NDArray[np.float64]]]
) -> Iterator[tuple[float, ...]]:
    for number, template in templates:
        likeness = match_template(grey, template)
        y, x = np.unravel_index(likeness.argmax(), likeness.shape)
        yield float(x), float(y), template.shape[1], template.shape[0], number, float(likeness.max())


def _rows(found: Iterator[tuple[float, ...]] | list[tuple[float, ...]]) -> NDArray[np.float64]:
    table = np.array(list(found))
    return rows_of_detections(Detections.of(table[:, :4], table[:, 4], table[:, 5]), len(table))
