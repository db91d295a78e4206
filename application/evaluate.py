"""Evaluate predictions on a benchmark or for a competition, with all the evidence there can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from ..domain.array_dataset import ArrayDataset
from ..domain.benchmark import Benchmark
from ..domain.competition import Competition
from ..domain.evaluation import SCORES_ONLY, EvaluationOptions, evaluate, evaluate_submission
from ..domain.metrics.spec import MetricSpec
from ..domain.provenance import Provenance
from ..domain.results import BenchmarkResultsV1, BenchmarkResultsV2, CompetitionResults
from ..domain.submission import CompetitionPredictions
from ..domain.value_digest import Encode
from ..ports.scoring import Scorer


def known_checksum(dataset: ArrayDataset) -> str | None:
    """Return the checksum that a dataset came with; nothing is computed."""
    return dataset.md5sum


@attrs.frozen
class EvaluatePredictions:
    """Score predictions.

    `software` are the packages that compute, with their versions; those of the scorers that are used are added.
    `checksum` is how the checksum of a dataset is found; `encode` gives bytes of values only a library understands.
    """

    scorers: Sequence[Scorer] = ()
    software: Mapping[str, str] = attrs.field(factory=dict[str, str])
    checksum: Callable[[ArrayDataset], str | None] = known_checksum
    encode: Encode | None = None

    def __call__(
        self,
        benchmark: Benchmark,
        y_pred: object = None,
        y_prob: object = None,
        options: EvaluationOptions = SCORES_ONLY,
    ) -> BenchmarkResultsV1 | BenchmarkResultsV2:
        """Score predictions of every target and test set; errors as `domain.evaluation.evaluate`."""
        dataset = self.checksum(benchmark.dataset)
        known = benchmark.version == 1 and dataset is not None
        provenance = Provenance(
            dataset_checksum=dataset,
            benchmark_checksum=benchmark.checksum(dataset) if known else None,
            software=self._software(benchmark.metrics),
            encode=self.encode,
        )
        return evaluate(benchmark, y_pred, y_prob, scorers=self.scorers, options=options, provenance=provenance)

    def submission(
        self,
        competition: Competition,
        submission: CompetitionPredictions,
        options: EvaluationOptions = SCORES_ONLY,
    ) -> CompetitionResults:
        """Score a submission where the labels are; errors as `domain.evaluation.evaluate_submission`."""
        provenance = Provenance(software=self._software(competition.metrics), encode=self.encode)
        return evaluate_submission(competition, submission, self.scorers, options=options, provenance=provenance)

    def _software(self, metrics: Sequence[MetricSpec]) -> dict[str, str]:
        labels, software = {metric.label for metric in metrics}, dict(self.software)
        for scorer in self.scorers:
            if labels.intersection(scorer.labels):
                software.update(scorer.software)
        return software
