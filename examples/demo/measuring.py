"""Baselines on benchmarks: train, predict, evaluate, publish, and compute the results again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from groundtruth import Client
from groundtruth.domain.benchmark import Benchmark
from groundtruth.domain.evaluation import EvaluationOptions
from groundtruth.domain.metrics.bootstrap import Resampling
from groundtruth.domain.subset import Subset

INTERVALS = Resampling(n_resamples=200)


@attrs.frozen
class Baseline:
    """A name, and what predicts the targets of test rows from them and the training rows."""

    name: str
    predict: Callable[[Subset, Subset], Any]


def measure(client: Client, benchmark: Benchmark, baselines: Sequence[Baseline], folder: Path) -> None:
    """Have each baseline predict the test rows, whose targets it cannot see; publish what that is worth.

    Predictions and results stay in `folder`, so that `groundtruth results verify` can compute them again.
    """
    train, test = benchmark.get_train_test_split()
    hidden: Subset = next(iter(test.values())) if isinstance(test, dict) else test
    for one in baselines:
        predictions = folder / f"{one.name}.npy"
        np.save(predictions, one.predict(train, hidden))
        given = np.load(predictions)
        results = client.evaluate(benchmark, given, options=EvaluationOptions(resampling=INTERVALS))
        results = client.upload_results(results.with_meta(name=one.name))
        client.container.artifact_files().save_results(
            results, folder / f"{one.name}.json", predictions={"y_pred": predictions}
        )


def check(client: Client, benchmark: Benchmark, baselines: Sequence[Baseline], folder: Path) -> str:
    """Compute all results again from the predictions; say how that went."""
    differences = []
    for one in baselines:
        results = client.load_results(folder / f"{one.name}.json")
        differences += client.verify_results(results, benchmark, np.load(folder / f"{one.name}.npy")).differences
    if differences:
        raise SystemExit(f"results on {benchmark.artifact_id} cannot be computed again: {differences[0]}")
    return f"{len(baselines)} results computed again from their predictions: every score and digest is the same"


def board(client: Client, benchmark: Benchmark) -> str:
    """The leaderboard by the main metric, as text."""
    found = client.leaderboard(str(benchmark.artifact_id)).board()
    assert found is not None
    lines = [f"{benchmark.artifact_id}: {_sizes(benchmark)}, {found.ranking.metric} of {found.target}"]
    for place in found.places:
        score, interval = place.score, place.score.interval
        between = f"  ({interval.low:.3f} to {interval.high:.3f})" if interval else ""
        lines.append(f"  {place.rank}  {place.entry.results.meta.name:18} {score.value:7.3f}{between}")
    return "\n".join(lines)


def _sizes(benchmark: Benchmark) -> str:
    tested = sum(benchmark.test_set_sizes.values())
    return f"{benchmark.n_train_datapoints:,} rows to train on, {tested:,} to test on"
