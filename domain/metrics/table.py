"""The metrics: label -> what it takes, what is better, what computes it (reference: Polaris, section 10.1)."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import attrs

from . import classification, ranking, regression, segmentation, topk
from .detection import BOX_LABELS, MASK_LABELS

Direction = Literal["min", "max"] | float
"""What is better: the least, the greatest, or the score nearest to a number."""


class MetricInput(enum.StrEnum):
    """Which predictions a metric reads."""

    PREDICTIONS = "y_pred"
    PROBABILITIES = "y_prob"


class Takes(enum.Enum):
    """What the function of a metric is called with."""

    ARRAYS = "arrays"
    """True values and predictions."""
    COUNTS = "counts"
    """The class counts of both."""
    IMAGES = "images"
    """The pixel counts of label images."""
    SCORER = "scorer"
    """There is no function: a scorer of a library computes it."""


@attrs.frozen
class MetricDefinition:
    """One metric.

    `kwargs` go to `function` and `details`; `extension` marks what the reference does not know; `version`
    changes when the same rows would get another score.
    """

    label: str
    direction: Direction
    input: MetricInput
    takes: Takes
    function: Callable[..., float] | None = None
    details: Callable[..., Mapping[str, float]] | None = None
    kwargs: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    extension: bool = False
    version: int = 1

    @property
    def y_type(self) -> Literal["y_pred", "y_score"]:
        """The reference's name of the input."""
        return "y_pred" if self.input is MetricInput.PREDICTIONS else "y_score"

    def loss(self, score: float) -> float:
        """How far from best: the lower, the better; NaN is worst."""
        if math.isnan(score):
            return math.inf
        if self.direction == "min":
            return score
        return -score if self.direction == "max" else abs(score - float(self.direction))


def _definitions() -> list[MetricDefinition]:
    pred, prob = MetricInput.PREDICTIONS, MetricInput.PROBABILITIES
    arrays, counts, images, scorer = Takes.ARRAYS, Takes.COUNTS, Takes.IMAGES, Takes.SCORER
    r, c, k, s = regression, classification, ranking, segmentation
    metric = MetricDefinition
    return [
        metric("mean_absolute_error", "min", pred, arrays, r.mean_absolute_error),
        metric("mean_squared_error", "min", pred, arrays, r.mean_squared_error),
        metric("r2", "max", pred, arrays, r.r2),
        metric("pearsonr", "max", pred, arrays, r.pearsonr),
        metric("spearmanr", "max", pred, arrays, r.spearmanr),
        metric("explained_var", "max", pred, arrays, r.explained_var),
        metric("absolute_average_fold_error", 1.0, pred, arrays, r.absolute_average_fold_error),
        metric("accuracy", "max", pred, counts, c.accuracy, c.recall_details),
        metric("balanced_accuracy", "max", pred, counts, c.balanced_accuracy, c.recall_details),
        metric("mcc", "max", pred, counts, c.mcc),
        metric("cohen_kappa", "max", pred, counts, c.cohen_kappa),
        metric("pr_auc", "max", prob, arrays, k.pr_auc, k.class_precisions),
        metric("f1", "max", pred, counts, c.f1, c.f1_details, {"average": "binary"}),
        metric("roc_auc", "max", prob, arrays, k.roc_auc),
        metric("f1_macro", "max", pred, counts, c.f1, c.f1_details, {"average": "macro"}),
        metric("f1_micro", "max", pred, counts, c.f1, c.f1_details, {"average": "micro"}),
        metric("roc_auc_ovr", "max", prob, arrays, k.roc_auc, k.class_areas, {"multi_class": "ovr"}),
        metric("roc_auc_ovo", "max", prob, arrays, k.roc_auc, k.class_areas, {"multi_class": "ovo"}),
        metric("rmsd_coverage", "max", pred, scorer),
        metric("top_1_accuracy", "max", prob, arrays, topk.top_k_accuracy, topk.top_k_details, {"k": 1}, True),
        metric("top_5_accuracy", "max", prob, arrays, topk.top_k_accuracy, topk.top_k_details, {"k": 5}, True),
        metric("mean_iou", "max", pred, images, s.mean_iou, s.iou_details, extension=True),
        metric("dice", "max", pred, images, s.dice, s.dice_details, extension=True),
        metric("pixel_accuracy", "max", pred, images, s.pixel_accuracy, s.pixel_details, extension=True),
        *(metric(label, "max", pred, scorer, extension=True) for label in (*BOX_LABELS, *MASK_LABELS)),
    ]


METRICS: Mapping[str, MetricDefinition] = MappingProxyType({metric.label: metric for metric in _definitions()})
"""All metrics by label."""
