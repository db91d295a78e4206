"""What each side of the benchmark `arrays.py` does; run by the interpreter of that side.

A task prepares, and returns the work that is measured: a function that returns how many units it did, and a value
that all sides must agree on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Work = Callable[[], "tuple[int, Any]"]

REGRESSION = ["mean_absolute_error", "mean_squared_error", "r2", "pearsonr", "spearmanr", "explained_var"]
CLASSES = ["accuracy", "balanced_accuracy", "mcc", "cohen_kappa", "f1", "roc_auc", "pr_auc"]
PEER_TESTS = 2_000
PEER_ITERATES = 500

# --- datasets and benchmarks ----------------------------------------------------------------------------


def our_files() -> Any:
    from groundtruth.adapters.arrays.files import LocalArrayFiles
    from groundtruth.adapters.artifacts import codec

    return LocalArrayFiles(codec)


def opened(side: str, place: str) -> Any:
    """The dataset of version 2 at `place`, or of version 1 in it."""
    version = 1 if Path(place, "bench-arrays.json").exists() else 2
    document = f"{place}/bench-arrays.json" if version == 1 else f"{place}.json"
    if side == "ours":
        return our_files().load(Path(document))
    from polaris.dataset import DatasetV1, DatasetV2

    return (DatasetV1 if version == 1 else DatasetV2).from_json(document)


def parts_of(place: str) -> Any:
    import numpy as np

    return np.load(f"{place}/parts.npz")


def benchmark(side: str, dataset: Any, split: Any, targets: Sequence[str], metrics: Sequence[str]) -> Any:
    """A benchmark of version 1, which the constructor validates."""
    if side == "ours":
        from groundtruth.domain.artifact import ArtifactMeta
        from groundtruth.domain.benchmark import Benchmark
        from groundtruth.domain.benchmark_split import SplitV1

        meta = ArtifactMeta(name="bench-arrays")
        return Benchmark(1, meta, dataset, targets, "smiles", SplitV1.of(*split), metrics, metrics[0])
    from polaris.benchmark import MultiTaskBenchmarkSpecification, SingleTaskBenchmarkSpecification

    kind = SingleTaskBenchmarkSpecification if len(targets) == 1 else MultiTaskBenchmarkSpecification
    return kind(
        name="bench-arrays", dataset=dataset, target_cols=list(targets), input_cols=["smiles"], split=split,
        metrics=list(metrics), main_metric=metrics[0],
    )  # fmt: skip


def subset(side: str, dataset: Any, indices: Any, inputs: str, target: str) -> Any:
    if side == "ours":
        from groundtruth.domain.subset import Subset

        return Subset.of(dataset, indices, inputs, target)
    from polaris.dataset import Subset as TheirSubset

    return TheirSubset(dataset, indices.tolist(), inputs, target)


# --- tasks ----------------------------------------------------------------------------------------------


def checksum(side: str, place: str) -> Work:
    """Hash all files of an archive."""
    if side == "bare":
        return lambda: _md5_walk(place)
    if side == "peer":
        from polaris.dataset.zarr._checksum import compute_zarr_checksum

        def theirs() -> tuple[int, Any]:
            digest, files = compute_zarr_checksum(place)
            return len(files), digest.digest

        return theirs
    from groundtruth.adapters.checksum import LocalTreeHasher
    from groundtruth.domain.tree_digest import tree_digest

    hasher = LocalTreeHasher()

    def ours() -> tuple[int, Any]:
        files = hasher.files(Path(place))
        return len(files), tree_digest(files)

    return ours


def _md5_walk(place: str) -> tuple[int, Any]:
    """Walk, then hash a share of the files in each thread."""
    from concurrent.futures import ThreadPoolExecutor

    paths = [f"{folder}/{name}" for folder, _, names in os.walk(place) for name in names]
    threads = os.cpu_count() or 1

    def hashed(share: list[str]) -> list[str]:
        found = []
        for path in share:
            with open(path, "rb") as file:
                found.append(hashlib.md5(file.read()).hexdigest())
        return found

    with ThreadPoolExecutor(threads) as pool:
        digests = list(pool.map(hashed, [paths[start::threads] for start in range(threads)]))
    return sum(map(len, digests)), None


def rows(side: str, place: str) -> Work:
    """Read rows in random order, one per call."""
    positions = _positions(place)
    read = _bare_reader(place) if side == "bare" else _reader(side, opened(side, place))

    def work() -> tuple[int, Any]:
        total = 0.0
        for position in positions:
            total += float(read(position).ravel()[7])
        return len(positions), total

    return work


def indexed(side: str, place: str) -> Work:
    """Read the same rows into one array. The peer has no other way than one by one."""
    import numpy as np

    positions = _positions(place)
    dataset = opened(side, place)
    if side == "ours":
        wanted = np.array(positions)

        def ours() -> tuple[int, Any]:
            values = dataset[wanted, "x"]
            return len(values), float(values.reshape(len(values), -1)[:, 7].sum(dtype=float))

        return ours
    read = _reader(side, dataset)

    def theirs() -> tuple[int, Any]:
        values = np.array([read(position) for position in positions])
        return len(values), float(values.reshape(len(values), -1)[:, 7].sum(dtype=float))

    return theirs


def _positions(place: str) -> list[int]:
    import numpy as np

    count = json.loads(Path(place, "x", ".zarray").read_text())["shape"][0]
    return np.random.default_rng(1).permutation(count)[:5000].tolist()


def _reader(side: str, dataset: Any) -> Callable[[int], Any]:
    if side == "ours":
        return lambda position: dataset[position, "x"]
    return lambda position: dataset.get_data(position, "x")


def _bare_reader(place: str) -> Callable[[int], Any]:
    import numpy as np
    from numcodecs import Blosc

    said = json.loads(Path(place, "x", ".zarray").read_text())
    shape, blosc, end = tuple(said["shape"][1:]), Blosc(), ".0" * (len(said["shape"]) - 1)

    def read(position: int) -> Any:
        with open(f"{place}/x/{position}{end}", "rb") as file:
            data = file.read()
        out = np.empty(shape, "<f4")
        blosc.decode(data, out)
        return out

    return read


def iterate(side: str, place: str) -> Work:
    """Iterate a subset, input and target of each row. The peer is stopped early where it would take minutes."""
    import numpy as np

    dataset = opened(side, place)
    table = Path(place, "parts.npz").exists()
    indices = np.random.default_rng(2).permutation(len(dataset))
    if side == "peer":
        indices = indices[: PEER_ITERATES if table else 10_000]
    chosen = subset(side, dataset, indices, "smiles" if table else "x", "real" if table else "y")

    def work() -> tuple[int, Any]:
        count = 0
        for _x, _y in chosen:
            count += 1
        return count, None

    return work


def evaluate(side: str, place: str, target: str) -> Work:
    """Score predictions of a test set. Both clients begin with a dataset none of whose values was read yet."""
    import numpy as np

    metrics = REGRESSION if target == "real" else CLASSES
    parts = parts_of(place)
    test = parts["test"][:PEER_TESTS] if side == "peer" else parts["test"]
    score, noise = parts["score"][test], parts["noise"][test]
    given = {"y_pred": noise} if target == "real" else {"y_pred": np.where(score > 0.4, 1, 0), "y_prob": score}
    if side == "bare":
        import pandas as pd

        truth = pd.read_parquet(f"{place}/table.parquet", columns=[target])[target].to_numpy()[test]
        return lambda: (len(test), _bare_scores(metrics, truth, **given))
    split = (parts["train"].tolist(), test.tolist())

    def work() -> tuple[int, Any]:
        # What opening takes is not asked for here, and taken off by `Clock`.
        with Clock.stopped():
            made = benchmark(side, opened(side, place), split, [target], metrics)
        results = made.evaluate(**given)
        if side == "peer":
            return len(test), None
        return len(test), {one.metric: round(one.value, 9) for one in results.scores}

    return work


def _bare_scores(metrics: Sequence[str], truth: Any, y_pred: Any, y_prob: Any = None) -> dict[str, float]:
    from scipy import stats
    from sklearn import metrics as sk

    functions = {
        "mean_absolute_error": sk.mean_absolute_error, "mean_squared_error": sk.mean_squared_error, "r2": sk.r2_score,
        "pearsonr": lambda t, p: stats.pearsonr(t, p)[0], "spearmanr": lambda t, p: stats.spearmanr(t, p)[0],
        "explained_var": sk.explained_variance_score, "accuracy": sk.accuracy_score,
        "balanced_accuracy": sk.balanced_accuracy_score, "mcc": sk.matthews_corrcoef,
        "cohen_kappa": sk.cohen_kappa_score, "f1": sk.f1_score, "roc_auc": sk.roc_auc_score,
        "pr_auc": sk.average_precision_score,
    }  # fmt: skip
    given = {name: y_prob if name in ("roc_auc", "pr_auc") else y_pred for name in metrics}
    return {name: round(float(functions[name](truth, given[name])), 9) for name in metrics}


def build(side: str, place: str) -> Work:
    """Make a benchmark of five targets: check its split, infer target types, count classes."""
    dataset, parts = opened(side, place), parts_of(place)
    split = (parts["train"].tolist(), parts["test"].tolist())

    def work() -> tuple[int, Any]:
        made = benchmark(side, dataset, split, ["a", "b", "c", "d", "e"], ["mean_absolute_error"])
        types = {name: str(getattr(one, "value", one)) for name, one in sorted(made.target_types.items())}
        return len(dataset), [types, {name: int(count) for name, count in sorted(made.n_classes.items())}]

    return work


def table_checksum(side: str, place: str) -> Work:
    """Compute the checksum of a table."""
    if side == "peer":

        def theirs() -> tuple[int, Any]:
            with Clock.stopped():
                dataset = opened(side, place)
            return len(dataset), dataset.md5sum

        return theirs
    from groundtruth.adapters.checksum import LocalTreeHasher
    from groundtruth.application.checksums import ComputeChecksum

    compute = ComputeChecksum(LocalTreeHasher())

    def ours() -> tuple[int, Any]:
        with Clock.stopped():
            dataset = opened(side, place)
        return len(dataset), compute(dataset).md5sum

    return ours


def stream(side: str, place: str) -> Work:
    """Read all rows of a dataset in batches."""
    dataset = opened(side, place)
    return lambda: (sum(len(next(iter(one.values()))) for one in dataset.batches()), None)


TASKS: dict[str, Callable[[str, str], Work]] = {
    "checksum": checksum,
    "rows": rows,
    "indexed": indexed,
    "iterate": iterate,
    "regression": lambda side, place: evaluate(side, place, "real"),
    "classification": lambda side, place: evaluate(side, place, "flag"),
    "build": build,
    "table-checksum": table_checksum,
    "stream": stream,
}

# --- measuring ------------------------------------------------------------------------------------------


class Clock:
    """Wall and CPU seconds since it was made, without those while it was stopped."""

    wall_off = cpu_off = 0.0

    def __init__(self) -> None:
        Clock.wall_off = Clock.cpu_off = 0.0
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    @staticmethod
    @contextlib.contextmanager
    def stopped() -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        Clock.wall_off += time.perf_counter() - wall
        Clock.cpu_off += time.process_time() - cpu

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall - Clock.wall_off, time.process_time() - self._cpu - Clock.cpu_off


def serve(side: str, task: str, place: str) -> None:
    """Do the work once for each line on stdin; answer with units, seconds, CPU seconds and the value."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the peer draws progress there
    work = TASKS[task](side, place)
    for _ in sys.stdin:
        clock = Clock()
        units, value = work()
        answers.write(json.dumps([units, *clock.read(), value]) + "\n")


if __name__ == "__main__":
    mode, *rest = sys.argv[1:]
    if mode == "serve":
        serve(*rest)
    else:
        TASKS[rest[1]](rest[0], rest[2])()
