from __future__ import annotations

import numpy as np
import pytest

from groundtruth.domain.errors import InvalidInput, InvalidPredictions
from groundtruth.domain.metrics import DetectedObjects, Detections
from groundtruth.domain.metrics.detection import (
    detections_from_rows,
    objects_from_rows,
    rows_of_detections,
    rows_of_objects,
)

NAN = np.nan


def test_there_and_back() -> None:
    objects = DetectedObjects.of([[0, 1, 2, 3], [4, 5, 6, 7]], [1, 0], [False, True])
    assert objects.area.tolist() == [6, 42]
    rows = rows_of_objects(objects, 4)
    assert rows.shape == (4, 7) and np.isnan(rows[2:]).all()
    again = objects_from_rows(rows)
    assert again.boxes.tolist() == objects.boxes.tolist() and again.iscrowd.tolist() == [False, True]
    detections = Detections.of([[0, 1, 2, 3]], [1], [0.25])
    assert detections_from_rows(rows_of_detections(detections, 2)).scores.tolist() == [0.25]


def test_empty_image() -> None:
    assert objects_from_rows(np.full((3, 7), NAN)).boxes.shape == (0, 4)
    assert detections_from_rows(np.empty((0, 6))).boxes.shape == (0, 4)


def test_area_may_be_missing() -> None:
    assert objects_from_rows([[0, 0, 2, 5, 1, 0, NAN]]).area.tolist() == [10]


def test_refusals() -> None:
    for rows in (
        [[0, 0, 2, 5, 1, 0]],
        [[0, 0, 2, 5, NAN, 0, 1]],
        [[0, 0, -2, 5, 1, 0, 1]],
        [[0, 0, 2, 5, 1.5, 0, 1]],
    ):
        with pytest.raises(InvalidInput):
            objects_from_rows(rows)
    for rows in (
        [[0, 0, 2, 5, 1, NAN]],
        [[0, 0, 2, 5, 1, np.inf]],
        [[0, 0, np.inf, 5, 1, 1]],
        "text",
        [[0, 0, 2, 5, -1, 1]],
    ):
        with pytest.raises(InvalidPredictions):
            detections_from_rows(rows)
    with pytest.raises(InvalidInput, match="do not fit"):
        rows_of_detections(Detections.of([[0, 0, 1, 1]] * 3, [0] * 3, [1] * 3), 2)
    with pytest.raises(InvalidPredictions, match="different numbers"):
        Detections.of([[0, 0, 1, 1]], [0, 1], [1])
