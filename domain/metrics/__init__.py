"""Metrics: what they are called, how they are computed, how sure a score is."""

from .detection import DetectedObjects, Detections
from .scoring import Scoring, details, score
from .spec import Aggregation, GroupedConfig, MetricSpec, OnError
from .table import METRICS, Direction, MetricDefinition, MetricInput

__all__ = [
    "METRICS",
    "Aggregation",
    "DetectedObjects",
    "Detections",
    "Direction",
    "GroupedConfig",
    "MetricDefinition",
    "MetricInput",
    "MetricSpec",
    "OnError",
    "Scoring",
    "details",
    "score",
]
