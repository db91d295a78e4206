"""Predictions and splits from files."""

from .files import PredictionReader
from .splits import SplitReader

__all__ = ["PredictionReader", "SplitReader"]
