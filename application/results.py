"""Verify results by computing them again; compare two results with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from ..domain.benchmark import Benchmark
from ..domain.competition import Competition
from ..domain.errors import InvalidResult
from ..domain.evaluation import EvaluationOptions, normal_forms, scorings
from ..domain.metrics.bootstrap import DEFAULT_RESAMPLING, Resampling
from ..domain.metrics.comparison import (
    PairedComparison,
    ScoreComparison,
    ScoreKey,
    compare_predictions,
    compare_scores,
)
from ..domain.provenance import Given
from ..domain.results import AnyResults, CompetitionResults
from ..domain.submission import CompetitionPredictions
from ..domain.verification import TOLERANCE, Verification, compare_claim
from ..ports.scoring import Scorer
from .evaluate import EvaluatePredictions


def _options(results: AnyResults) -> EvaluationOptions:
    """What has to be computed again."""
    resampling = None if results.evidence is None else results.evidence.resampling
    return EvaluationOptions(parts=any(score.parts for score in results.scores), resampling=resampling)


@attrs.frozen
class VerifyResults:
    """Compute results again from the predictions, and tell what differs.

    The scores may differ by `tolerance`, relatively.
    """

    evaluate: EvaluatePredictions
    tolerance: float = TOLERANCE

    def __call__(
        self, results: AnyResults, benchmark: Benchmark, y_pred: object = None, y_prob: object = None
    ) -> Verification:
        """Verify results on a benchmark.

        Raises:
            InvalidPredictions: the predictions cannot be scored at all.
        """
        return compare_claim(results, self.evaluate(benchmark, y_pred, y_prob, _options(results)), self.tolerance)

    def submission(
        self, results: CompetitionResults, competition: Competition, submission: CompetitionPredictions
    ) -> Verification:
        """Verify the results of a submission, where the labels are; errors as above."""
        found = self.evaluate.submission(competition, submission, _options(results))
        return compare_claim(results, found, self.tolerance)


@attrs.frozen(kw_only=True)
class ResultsComparison:
    """Two results score by score; `paired` says by bootstrap whether a difference could be chance."""

    scores: tuple[ScoreComparison, ...]
    paired: Mapping[ScoreKey, PairedComparison] = attrs.field(factory=dict[ScoreKey, PairedComparison])


@attrs.frozen
class Claim:
    """Results, with the predictions they are of where these are there."""

    results: AnyResults
    y_pred: object = None
    y_prob: object = None

    @property
    def has_predictions(self) -> bool:
        """True if there are predictions."""
        return self.y_pred is not None or self.y_prob is not None


@attrs.frozen
class CompareResults:
    """Compare two results on one benchmark; paired, where the predictions of both are there."""

    scorers: Sequence[Scorer] = ()

    def __call__(
        self,
        benchmark: Benchmark | Competition,
        first: Claim,
        second: Claim,
        resampling: Resampling = DEFAULT_RESAMPLING,
    ) -> ResultsComparison:
        """Compare `first` with `second`; differences are second - first.

        Raises:
            InvalidResult: the results are on something else than `benchmark`.
            InvalidPredictions: predictions do not fit.
        """
        for claim in (first, second):
            if claim.results.subject != benchmark.artifact_id:
                raise InvalidResult("results", f"are on {claim.results.subject}, not on {benchmark.artifact_id}")
        one, other = ({score.key: score.value for score in claim.results.scores} for claim in (first, second))
        scores = compare_scores(one, other, benchmark.metrics)
        if not (first.has_predictions and second.has_predictions):
            return ResultsComparison(scores=scores)
        return ResultsComparison(scores=scores, paired=self._paired(benchmark, first, second, resampling))

    def _paired(
        self, benchmark: Benchmark | Competition, first: Claim, second: Claim, resampling: Resampling
    ) -> dict[ScoreKey, PairedComparison]:
        ones, others = (scorings(benchmark, self._given(benchmark, claim), self.scorers) for claim in (first, second))
        return {
            (one.test_set, one.target, metric.name): compare_predictions(
                metric, one.scoring, other.scoring, resampling
            )
            for one, other in zip(ones, others, strict=True)
            for metric in benchmark.metrics
        }

    def _given(self, benchmark: Benchmark | Competition, claim: Claim) -> Given:
        forms = normal_forms(benchmark, claim.y_pred, claim.y_prob)
        if isinstance(benchmark, Competition):  # whose predictions serve every metric
            return dict.fromkeys(
                {metric.definition.input for metric in benchmark.metrics}, next(iter(forms.values()))
            )
        return forms
