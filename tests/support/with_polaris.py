"""Write and read artifacts with the real Polaris client, whose interpreter runs this: `… write|read ROOT`.

ROOT has a folder for each case. `write` makes a benchmark, its dataset and results of what `case.json` there says and
saves them in `theirs`; `read` loads what `ours` holds. Both print what the client sees in them, after RESULT.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import zarr
from numcodecs import VLenUTF8
from polaris.benchmark import MultiTaskBenchmarkSpecification, SingleTaskBenchmarkSpecification
from polaris.benchmark._benchmark_v2 import BenchmarkV2Specification
from polaris.benchmark._split_v2 import IndexSet
from polaris.dataset import DatasetV1, DatasetV2
from polaris.dataset.zarr._checksum import compute_zarr_checksum
from polaris.evaluate import BenchmarkResultsV1, BenchmarkResultsV2
from polaris.loader import load_benchmark
from polaris.utils.types import HubOwner


def make_dataset(case, folder):
    fields = {**case["dataset"], "annotations": case["annotations"]}
    if case["archive"]:
        fields["zarr_root_path"] = make_archive(case["archive"], folder / "source.zarr")
    if case["version"] == 2:
        return DatasetV2(**fields)
    return DatasetV1(table=pd.DataFrame(case["table"], index=case["labels"]), **fields)


def make_archive(arrays, path):
    root = zarr.open_group(str(path), mode="w")
    for name, values in arrays.items():
        if isinstance(values[0], str):
            root.create_dataset(name, data=np.array(values, dtype=object), object_codec=VLenUTF8(), chunks=4)
        elif len({np.shape(row) for row in values}) > 1:
            group = root.create_group(name)
            keys = [f"row{len(values) - i}" for i in range(len(values))]
            for key, row in zip(keys, values, strict=True):
                group.array(key, data=np.array(row))
            group.array("__index__", data=np.array(keys))
        else:
            root.create_dataset(name, data=np.array(values), chunks=(2, *np.shape(values)[1:]))
    zarr.consolidate_metadata(root.store)
    return str(path)


def make_benchmark(case, folder):
    fields = {**case["benchmark"], "dataset": make_dataset(case, folder)}
    if case["version"] == 2:
        fields["split"] = {name: IndexSet(indices=rows) for name, rows in fields["split"].items()}
        return BenchmarkV2Specification(**fields)
    multi = len(fields["target_cols"]) > 1
    return (MultiTaskBenchmarkSpecification if multi else SingleTaskBenchmarkSpecification)(**fields)


def write(case, folder):
    benchmark = make_benchmark(case, folder)
    theirs = folder / "theirs"
    benchmark.to_json(str(theirs))
    if case["version"] == 2:  # whose file does not have them
        for name in ("training", "test"):
            (theirs / f"{name}.roaring").write_bytes(getattr(benchmark.split, name).serialize())
    results = evaluate(benchmark, case)
    results.name, results.owner = case["results"]["name"], HubOwner(slug=case["results"]["owner"])
    results.to_json(str(theirs / "results.json"))
    return seen(benchmark, case, results)


def read(case, folder):
    ours = folder / "ours"
    kind = BenchmarkResultsV1 if case["version"] == 1 else BenchmarkResultsV2
    return seen(load_benchmark(str(ours / "benchmark.json")), case, kind.from_json(str(ours / "results.json")))


def evaluate(benchmark, case):
    given = {
        kind: {
            test: {target: np.array(values) for target, values in by_target.items()}
            for test, by_target in by_test.items()
        }
        for kind, by_test in case["predictions"].items()
    }
    return benchmark.evaluate(**given)


def seen(benchmark, case, results):
    """What the client sees. Of results it is what they hold; the scores are computed anew."""
    dataset = benchmark.dataset
    train, test = benchmark.get_train_test_split()
    tests = test if isinstance(test, dict) else {"test": test}
    checksums = {}
    if dataset.zarr_root_path:
        checksums["tree"] = str(compute_zarr_checksum(dataset.zarr_root_path)[0].digest)
    if case["version"] == 1:
        checksums |= {"dataset": dataset.md5sum, "benchmark": benchmark.md5sum}
    else:
        checksums |= {name: getattr(benchmark.split, name).md5_checksum for name in ("training", "test")}
    return plain(
        {
            "checksums": checksums,
            "labels": list(dataset.rows),
            "rows": [{name: dataset.get_data(row, name) for name in dataset.columns} for row in dataset.rows],
            "annotations": {
                name: [one.modality.name, one.description, one.is_pointer]
                for name, one in dataset.annotations.items()
            },
            "train": list(train),
            "tests": {label: list(one) for label, one in tests.items()},
            "sizes": benchmark.test_set_sizes,
            "types": {name: one.value for name, one in benchmark.target_types.items()},
            "classes": dict(benchmark.n_classes),
            "metrics": sorted(str(one) for one in benchmark.metrics),
            "names": [benchmark.name, benchmark.artifact_id, dataset.name, dataset.artifact_id],
            "scores": table(evaluate(benchmark, case)),
            "results": [results.name, results.benchmark_artifact_id, table(results)],
        }
    )


def table(results):
    """Scores, in no order."""
    rows = results.results.itertuples(index=False, name=None)
    return {f"{test}/{target}/{metric}": score for test, target, metric, score in rows}


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if hasattr(value, "shape"):
        return plain(np.asarray(value[()]).tolist())
    return None if value is None or value != value else value


if __name__ == "__main__":
    act = {"write": write, "read": read}[sys.argv[1]]
    folders = sorted(one for one in Path(sys.argv[2]).iterdir() if one.is_dir())
    found = {one.name: act(json.loads((one / "case.json").read_text()), one) for one in folders}
    print("RESULT" + json.dumps(found))
