from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.metrics.curves import confusion, precision_recall_points, roc_points


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=40))
def test_curves_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    truth, score = np.array([one for one, _ in rows]), np.array([one for _, one in rows], dtype=float)
    if truth.all() or not truth.any():
        with pytest.raises(InvalidInput):
            roc_points(truth, score)
        return
    wrong, right, _ = reference.roc_curve(truth, score, drop_intermediate=False)
    np.testing.assert_allclose(roc_points(truth, score), (wrong, right))
    precision, recall, _ = reference.precision_recall_curve(truth, score)
    found = precision_recall_points(truth, score)
    np.testing.assert_allclose((found[0][::-1], found[1][::-1]), (recall, precision))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("bcd")), min_size=1, max_size=30))
def test_confusion_is_that_of_scikit_learn(rows: list[tuple[str, str]]) -> None:
    truth, predicted = np.array([one for one, _ in rows]), np.array([one for _, one in rows])
    labels, counts = confusion(truth, predicted)
    assert labels == sorted({*truth, *predicted})
    np.testing.assert_array_equal(counts, reference.confusion_matrix(truth, predicted, labels=labels))


def test_classes_that_cannot_be_compared() -> None:
    with pytest.raises(InvalidInput, match="compared"):
        confusion(np.array(["a", 1], dtype=object), np.array(["a", 2], dtype=object))


def test_no_positive_row() -> None:
    with pytest.raises(InvalidInput, match="positive"):
        precision_recall_points(np.array([False]), np.array([0.5]))
