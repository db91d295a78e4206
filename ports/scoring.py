"""Scoring port: metrics that need a library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..domain.metrics.rows import Rows, RowScorer, ScoredRows

__all__ = ["Rows", "ScoredRows", "Scorer"]


class Scorer(RowScorer, Protocol):
    """Computes the metrics of `labels` (those of METRICS without a function).

    `prepare` does the work that all of them, and all resamples, share: scores of chosen rows are cheap after
    it. The same rows give the same scores on every call. An instance keeps nothing between calls and may be
    used from several threads.

    Raises (prepare, score):
        InvalidInput: true values that cannot be scored; InvalidPredictions: predictions that cannot.
        MissingExtra: the library is not installed.
    """

    @property
    def software(self) -> Mapping[str, str]:
        """Libraries that compute, with their versions; part of a result's evidence."""
        ...
