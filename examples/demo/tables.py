"""Two benchmarks on tables that come with scikit-learn: how diabetes goes on, and handwritten digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from measuring import Baseline
from numpy.typing import NDArray
from sklearn import datasets

from groundtruth import Client
from groundtruth.domain.artifact import ArtifactMeta
from groundtruth.domain.benchmark import Benchmark
from groundtruth.domain.benchmark_split import SplitV1, SplitV2
from groundtruth.domain.row_split import random_split
from groundtruth.domain.subset import Subset

RIDGE = 0.1
"""How much large coefficients cost, in standard deviations; not tuned."""


def diabetes(client: Client, folder: Path) -> tuple[Benchmark, list[Baseline]]:
    """Version 1, a table: ten measurements of 442 patients, and how far the disease got a year later."""
    source = datasets.load_diabetes(scaled=False)
    columns = {name: source.data[:, place] for place, name in enumerate(source.feature_names)}
    columns["progression"] = source.target.astype(float)
    table = client.container.array_files().write_table(folder / "diabetes.parquet", columns)
    dataset = client.upload_dataset(client.load_dataset(table))
    benchmark = Benchmark(
        version=1,
        meta=ArtifactMeta(name="diabetes", description="Progression of diabetes after one year"),
        dataset=dataset,
        input_cols=source.feature_names,
        target_cols="progression",
        split=random_split(len(dataset), 0.2, seed=7),
        metrics=["r2", "mean_absolute_error", "spearmanr"],
        main_metric="r2",
    )
    return client.upload_benchmark(benchmark), [
        Baseline("always-the-mean", lambda train, test: np.full(len(test), train.y.mean())),
        Baseline("ridge-regression", ridge),
    ]


def ridge(train: Subset, test: Subset) -> NDArray[np.float64]:
    """Linear regression with standardised inputs whose coefficients are kept small."""
    given, asked = (np.stack([one.X[name] for name in train.input_cols], axis=1) for one in (train, test))
    middle, width = given.mean(axis=0), given.std(axis=0)
    given, asked = (given - middle) / width, (asked - middle) / width
    penalty = RIDGE * len(given) * np.eye(given.shape[1])
    slopes = np.linalg.solve(given.T @ given + penalty, given.T @ (train.y - train.y.mean()))
    return asked @ slopes + train.y.mean()


def digits(client: Client, folder: Path) -> tuple[Benchmark, list[Baseline]]:
    """Version 2, an archive: 1,797 pictures of 8 x 8 pixels, and the digit that each shows."""
    source = datasets.load_digits()
    columns = {"picture": source.images.astype(np.uint8), "digit": source.target.astype(np.int64)}
    archive = client.container.array_files().write_zarr(folder / "digits.zarr", columns)
    dataset = client.upload_dataset(client.load_dataset(archive))
    drawn: SplitV1 = random_split(len(dataset), 0.2, seed=7, classes=source.target)
    benchmark = Benchmark(
        version=2,
        meta=ArtifactMeta(name="digits", description="Handwritten digits"),
        dataset=dataset,
        input_cols="picture",
        target_cols="digit",
        split=SplitV2.of(drawn.train, drawn.tests["test"]),
        metrics=["accuracy", "f1_macro", "mcc"],
        main_metric="accuracy",
        target_types={"digit": "classification"},
        n_classes={"digit": 10},
    )
    return client.upload_benchmark(benchmark), [
        Baseline("commonest-digit", lambda train, test: np.full(len(test), np.bincount(train.y).argmax())),
        Baseline("nearest-neighbour", nearest),
    ]


def nearest(train: Subset, test: Subset) -> NDArray[np.int64]:
    """The digit of the training picture that differs least."""
    given, asked = (one.X.reshape(len(one), -1).astype(float) for one in (train, test))
    squares = (asked**2).sum(axis=1)[:, None] - 2 * asked @ given.T + (given**2).sum(axis=1)
    return train.y[squares.argmin(axis=1)]
