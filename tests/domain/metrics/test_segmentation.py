from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidInput, InvalidPredictions
from groundtruth.domain.metrics import details, score
from groundtruth.domain.metrics.segmentation import count_pixels, dice, mean_iou

TRUTH = np.array([[0, 0, 1], [1, 2, 255]])
PREDICTED = np.array([[0, 1, 1], [1, 1, 0]])


def test_by_hand() -> None:
    # class 0: 1 of 2; class 1: 2 right, 2 wrongly found; class 2: never found; the last pixel is not judged
    assert score("mean_iou", [TRUTH], [PREDICTED]) == pytest.approx((1 / 2 + 2 / 4 + 0) / 3)
    assert score("dice", [TRUTH], [PREDICTED]) == pytest.approx((2 / 3 + 4 / 6 + 0) / 3)
    assert score("pixel_accuracy", [TRUTH], [PREDICTED]) == pytest.approx(3 / 5)
    assert details("mean_iou", [TRUTH], [PREDICTED]) == {"class:0": 0.5, "class:1": 0.5, "class:2": 0.0}
    assert details("pixel_accuracy", [TRUTH], [PREDICTED]) == {"class:0": 0.5, "class:1": 1.0, "class:2": 0.0}


def test_predicting_the_ignored_label_is_a_miss() -> None:
    assert details("mean_iou", [np.array([[1, 1]])], [np.array([[1, 255]])]) == {"class:1": 0.5}


@given(st.integers(0, 2**32 - 1))
def test_images_together_equal_one_large_image(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, found = rng.integers(0, 4, (2, 5, 6, 7), dtype=np.uint8)
    counts = count_pixels(truth, found)
    whole = count_pixels([truth.reshape(30, 7)], [found.reshape(30, 7)])
    assert mean_iou(counts.total()) == mean_iou(whole.total())
    assert dice(counts.total()) == dice(whole.total())
    chosen = rng.integers(0, 5, 5)
    assert mean_iou(counts.total(chosen)) == mean_iou(count_pixels(truth[chosen], found[chosen]).total())


def test_many_labels_are_counted_alike() -> None:
    rng = np.random.default_rng(2)
    truth, found = rng.integers(0, 4, (2, 50, 50))
    truth[0] = 255
    expected = details("mean_iou", [truth], [found])
    truth[1, 0] = found[1, 0] = 5000
    actual = details("mean_iou", [truth], [found])
    assert actual.pop("class:5000") == 1.0 and actual.keys() == expected.keys()
    assert all(abs(actual[name] - expected[name]) < 0.01 for name in expected)


def test_images_are_read_one_at_a_time() -> None:
    alive = 0

    def images(seed: int) -> Iterator[Any]:
        nonlocal alive
        for number in range(20):
            alive += 1
            assert alive <= 2
            yield np.random.default_rng(seed + number).integers(0, 3, (8, 8))
            alive -= 1

    assert 0 < score("mean_iou", images(0), images(100)) < 1


def test_sizes_may_differ() -> None:
    truth = [np.zeros((2, 3), int), np.ones((4, 1), int)]
    assert score("pixel_accuracy", truth, [image * 1 for image in truth]) == 1.0


def test_refusals() -> None:
    image = np.zeros((2, 2), int)
    for found in ([image, image], [np.zeros((2, 3), int)], [image + 0.5], [image - 1], [np.zeros(4, int)]):
        with pytest.raises(InvalidPredictions):
            score("mean_iou", [image], found)
    for truth in ([image * 1.0], [image + 255], []):
        with pytest.raises(InvalidInput):
            score("mean_iou", truth, [image] * len(truth))
