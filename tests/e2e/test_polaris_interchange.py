"""Artifacts of the real Polaris client are read here, and the reverse: the same rows, checksums and scores."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from groundtruth import Client, Container
from groundtruth.domain.array_dataset import ArrayDataset, ColumnAnnotation, Modality
from groundtruth.domain.artifact import ArtifactMeta
from groundtruth.domain.benchmark import Benchmark
from groundtruth.domain.benchmark_split import SplitV1, SplitV2
from groundtruth.domain.columns import ArrayColumns, object_array
from groundtruth.domain.errors import InvalidDocument
from groundtruth.domain.policies import ChecksumStrategy
from groundtruth.domain.results import AnyResults
from groundtruth.domain.tree_digest import tree_digest
from support.peer import polaris_interpreter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the first run installs the peer

SCRIPT = Path(__file__).parents[1] / "support" / "with_polaris.py"
REGRESSION = ["mean_absolute_error", "mean_squared_error", "r2", "pearsonr", "spearmanr", "explained_var"]
CLASSES = ["accuracy", "balanced_accuracy", "mcc", "cohen_kappa", "f1", "f1_macro", "f1_micro"]
NAN = float("nan")

Json = dict[str, Any]

# --- the cases ------------------------------------------------------------------------------------------


def case(
    name: str,
    targets: Mapping[str, str],
    split: Any,
    metrics: list[Any],
    table: Json | None = None,
    archive: Json | None = None,
    pointers: tuple[str, ...] = (),
    labels: list[Any] | None = None,
    inputs: list[str] | None = None,
    version: int = 1,
    classes: Mapping[str, int] | None = None,
) -> Json:
    """What both sides make the same artifacts of."""
    columns = {**(archive or {}), **(table or {})} if version == 2 else dict(table or {})
    chosen = inputs or [one for one in columns if one not in targets][:1]
    tests = (
        {"test": split["test"]} if version == 2 else split[1] if isinstance(split[1], dict) else {"test": split[1]}
    )
    rng = np.random.default_rng(7)
    labelled = {one: kind == "classification" for one, kind in targets.items()}
    y_pred = {
        test: {one: (rng.integers(0, 2, len(rows)) if labelled[one] else rng.normal(size=len(rows))).tolist()
               for one in targets} for test, rows in tests.items()
    }  # fmt: skip
    y_prob = {test: {one: rng.random(len(rows)).tolist() for one in targets} for test, rows in tests.items()}
    annotations: Json = {one: {"is_pointer": True, "modality": "IMAGE"} for one in pointers}
    annotations[next(iter(targets))] = {"description": "what is measured", "modality": "UNKNOWN"}
    return {
        "version": version,
        "dataset": {"name": f"{name}-data", "owner": "test-org", "readme": "# Über"},
        "table": table,
        "labels": labels,
        "archive": archive,
        "annotations": annotations,
        "benchmark": {
            "name": name,
            "owner": "test-org",
            "target_cols": list(targets),
            "input_cols": chosen,
            "split": split,
            "metrics": metrics,
            "main_metric": metrics[0]["label"] + "_grouped" if isinstance(metrics[0], dict) else metrics[0],
            **({"target_types": dict(targets)} if version == 2 else {}),
            **({"n_classes": dict(classes or {})} if version == 2 else {}),
        },
        "predictions": {"y_pred": y_pred, "y_prob": y_prob} if any(labelled.values()) else {"y_pred": y_pred},
        "results": {"name": f"{name}-results", "owner": "test-user"},
    }


SMILES = ["C", "CC", None, "CCO", "c1ccccc1", "é", "", "N", "O", "CN"]
REAL = [0.5, -1.25, 3.0, 1e-9, 7.5, 2.25, -0.5, 4.0, 1.5, 6.0]
FLAGS = [0, 1, 0, 1, 1, 0, 0, 1, 1, 0]
SPARSE = [1.5, NAN, 3.0, 4.5, 2.5, 2.0, NAN, 1.0, 0.5, 9.5]
COUNTS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
IMAGES = np.random.default_rng(1).random((10, 3, 2)).tolist()
ROWS = [5, 0, 3, 9], [1, 2, 4, 6, 7, 8]
SETS = [5, 0, 3, 9], {"near": [1, 2, 8], "far": [4, 6, 7, 2]}

CASES = {
    "single": case("single-target", {"y": "regression"}, ROWS, REGRESSION, {"smiles": SMILES, "y": REAL}),
    "untrained": case("zero-shot", {"y": "regression"}, ([], ROWS[1]), REGRESSION, {"smiles": SMILES, "y": REAL}),
    "labelled": case(
        "labelled-rows", {"y": "regression"}, ROWS, REGRESSION[:1], {"smiles": SMILES, "y": REAL},
        labels=[f"row {i}" for i in range(10)],
    ),
    "pointers": case(
        "with-pointers", {"flag": "classification"}, ROWS, [*CLASSES, "roc_auc", "pr_auc"],
        {"picture": [f"image#{9 - i}" for i in range(10)], "some": [f"image#{i % 3}:{i % 3 + 2}" for i in range(10)],
         "flag": FLAGS},
        archive={"image": IMAGES}, pointers=("picture", "some"), inputs=["picture", "some"],
    ),
    "several": case(
        "several-sets", {"a": "regression", "b": "regression", "n": "classification"}, SETS, REGRESSION[:2],
        {"smiles": SMILES, "x": COUNTS, "a": REAL, "b": SPARSE, "n": COUNTS}, inputs=["smiles", "x"],
    ),
    "grouped": case(
        "grouped-metrics", {"y": "regression"}, ROWS,
        [{"label": "mean_absolute_error", "config": {"group_by": "group"}},
         {"label": "mean_squared_error", "name": "worst", "config": {
             "group_by": "group", "on_error": "default", "default": 0.25, "aggregation": "median"}}, "r2"],
        {"smiles": SMILES, "group": list("aabbaabbcc"), "y": REAL},
    ),
    "version2": case(
        "version-two", {"y": "regression"}, {"training": ROWS[0], "test": ROWS[1]}, REGRESSION,
        archive={
            "image": IMAGES, "ragged": [list(range(i + 1)) for i in range(10)],
            "text": ["a", "", "é", "漢", "b", "c", "d", "e", "f", "g"], "y": REAL,
        },
        inputs=["image", "text"], version=2,
    ),
    "classes2": case(
        "version-two-classes", {"flag": "classification", "other": "classification"},
        {"training": [3], "test": [0, 1, 2, *range(4, 10)]}, [*CLASSES, "roc_auc"],
        archive={"ragged": [[0.5] * (i % 3 + 1) for i in range(10)], "flag": FLAGS, "other": FLAGS[::-1]},
        inputs=["ragged"], version=2, classes={"flag": 2, "other": 2},
    ),
}  # fmt: skip

# --- our side -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    with Client.local(home=tmp_path_factory.mktemp("home"), environ={}) as client:
        yield client.container


def arrays(columns: Mapping[str, list[Any]]) -> dict[str, np.ndarray]:
    """Numbers as arrays; text, and rows of different shapes, as objects."""
    found = {}
    for name, values in columns.items():
        ragged = len({np.shape(one) for one in values}) > 1
        as_objects = ragged or any(isinstance(one, str) for one in values)
        found[name] = (
            object_array(np.array(one) if ragged else one for one in values) if as_objects else np.array(values)
        )
    return found


def make_dataset(said: Json, parts: Container, folder: Path) -> ArrayDataset:
    meta = ArtifactMeta(name=said["dataset"]["name"], owner=said["dataset"]["owner"])
    annotations = {
        name: ColumnAnnotation(one.get("is_pointer", False), Modality(one["modality"]), one.get("description"))
        for name, one in said["annotations"].items()
    }
    root = (
        parts.array_files().write_zarr(folder / "source.zarr", arrays(said["archive"])) if said["archive"] else None
    )
    if said["version"] == 2:
        bare = parts.array_files().load(root)
        return attrs.evolve(bare, meta=meta, annotations=annotations, readme=said["dataset"]["readme"])
    held = arrays(said["table"])
    text = {name: np.dtype(str) for name, values in held.items() if values.dtype == object}
    columns = ArrayColumns(held, said["labels"] and object_array(said["labels"]), text)
    readme, place = said["dataset"]["readme"], root and str(root)
    return ArrayDataset(1, meta, columns, annotations, readme=readme, zarr_root=place)


def make_benchmark(said: Json, parts: Container, folder: Path) -> Benchmark:
    fields = dict(said["benchmark"])
    split = fields.pop("split")
    meta = ArtifactMeta(name=fields.pop("name"), owner=fields.pop("owner"))
    made = SplitV1.of(*split) if said["version"] == 1 else SplitV2.of(**split)
    return Benchmark(
        version=said["version"], meta=meta, dataset=make_dataset(said, parts, folder), split=made, **fields
    )


def evaluate(benchmark: Benchmark, said: Json, parts: Container) -> AnyResults:
    return parts.evaluate_predictions()(benchmark, **said["predictions"])


def write(said: Json, parts: Container, folder: Path) -> None:
    """Save a case in `ours`."""
    files = parts.artifact_files()
    ours = folder / "ours"
    benchmark = make_benchmark(said, parts, folder)
    files.save_benchmark(benchmark, ours)
    files.save_results(evaluate(benchmark, said, parts).with_meta(**said["results"]), ours / "results.json")


def seen(benchmark: Benchmark, said: Json, results: AnyResults, parts: Container) -> Json:
    """What we see in a benchmark and in results that were loaded, in the words of the other side."""
    dataset = benchmark.dataset
    train, test = benchmark.get_train_test_split()
    tests = test if isinstance(test, dict) else {"test": test}
    checksums: Json = {}
    if dataset.zarr_root:
        checksums["tree"] = tree_digest(parts.tree_hasher().files(Path(dataset.zarr_root)))
    if said["version"] == 1:
        checksums |= {"dataset": dataset.md5sum, "benchmark": benchmark.checksum()}
    else:
        index_sets = parts.index_sets()
        checksums |= {one: index_sets.md5(getattr(benchmark.split, one)) for one in ("training", "test")}
    return plain(
        {
            "checksums": checksums,
            "labels": dataset.rows,
            "rows": [{name: dataset[row, name] for name in dataset.column_names} for row in dataset.rows.tolist()],
            "annotations": {
                name: [one.modality, one.description, one.is_pointer] for name, one in dataset.annotations.items()
            },
            "train": list(train),
            "tests": {label: list(one) for label, one in tests.items()},
            "sizes": benchmark.test_set_sizes,
            "types": benchmark.target_types,
            "classes": benchmark.n_classes,
            "metrics": sorted(map(str, benchmark.metrics)),
            "names": [benchmark.meta.name, benchmark.artifact_id, dataset.meta.name, dataset.meta.artifact_id],
            "scores": table(evaluate(benchmark, said, parts)),
            "results": [results.meta.name, results.subject, table(results)],
        }
    )


def table(results: AnyResults) -> dict[str, float]:
    return {str(one): one.value for one in results.scores}


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return None if value != value else value
    return value if value is None or type(value) in (bool, int, str) else str(value)


# --- both ways ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], Json]:
    """Run the real client over a folder of cases; what it saw in each."""
    python = polaris_interpreter()
    cache = tmp_path_factory.mktemp("cache")  # it leaves a folder there for every dataset

    def run(act: str, root: Path) -> Json:
        done = subprocess.run(
            [python, "-W", "ignore", SCRIPT, act, root], capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": "", "XDG_CACHE_HOME": str(cache)},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return json.loads(done.stdout.rpartition("RESULT")[2])

    return run


def folders(root: Path) -> dict[str, Path]:
    """A folder for each case, which says what to make."""
    for name, said in CASES.items():
        (root / name).mkdir()
        (root / name / "case.json").write_text(json.dumps(said))
    return {name: root / name for name in CASES}


@pytest.fixture(scope="module")
def written_here(
    ask: Callable[[str, Path], Json], parts: Container, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Path], Json]:
    """Folders of what we wrote, and what the other side saw in it."""
    root = tmp_path_factory.mktemp("ours")
    places = folders(root)
    for name, place in places.items():
        write(CASES[name], parts, place)
    return places, ask("read", root)


@pytest.fixture(scope="module")
def written_there(
    ask: Callable[[str, Path], Json], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Path], Json]:
    """Folders of what the other side wrote, and what it saw in it itself."""
    root = tmp_path_factory.mktemp("theirs")
    return folders(root), ask("write", root)


def same(ours: Json, theirs: Json) -> None:
    """Compare part by part, so that a failure says which differs. Scores may differ in their last digits."""
    assert ours.keys() == theirs.keys()
    for part, value in theirs.items():
        if part == "scores":
            assert ours[part] == pytest.approx(value, rel=1e-12, abs=1e-15, nan_ok=True)
        elif part == "results":
            assert ours[part][:2] == value[:2]
            assert ours[part][2] == value[2], part  # these were written and read, not computed
        else:
            assert ours[part] == value, part


@pytest.mark.parametrize("name", CASES)
def test_the_peer_reads_what_is_written_here(
    written_here: tuple[dict[str, Path], Json], parts: Container, name: str
) -> None:
    places, answers = written_here
    files, ours = parts.artifact_files(), places[name] / "ours"
    benchmark = files.load_benchmark(ours / "benchmark.json", ChecksumStrategy.VERIFY)
    results = files.load_results(ours / "results.json")
    same(seen(benchmark, CASES[name], results, parts), answers[name])


@pytest.mark.parametrize("name", CASES)
def test_what_the_peer_writes_is_read_here(
    written_there: tuple[dict[str, Path], Json], parts: Container, name: str
) -> None:
    places, answers = written_there
    theirs = places[name] / "theirs"
    benchmark = load_theirs(theirs, CASES[name], parts)
    results = parts.artifact_files().load_results(theirs / "results.json")
    assert type(results).__name__ == f"BenchmarkResultsV{CASES[name]['version']}"
    same(seen(benchmark, CASES[name], results, parts), answers[name])


def load_theirs(folder: Path, said: Json, parts: Container) -> Benchmark:
    """Load a benchmark; of version 2 the client leaves the rows out of its file, and cannot read it itself."""
    files, codec, path = parts.artifact_files(), parts.artifact_codec(), folder / "benchmark.json"
    if said["version"] == 1:
        return files.load_benchmark(path, ChecksumStrategy.VERIFY)
    with pytest.raises(InvalidDocument, match="indices"):
        files.load_benchmark(path)
    index_sets = parts.index_sets()
    training, test = (index_sets.loads((folder / f"{one}.roaring").read_bytes()) for one in ("training", "test"))
    document = codec.decode(path.read_bytes())
    dataset = files.load_dataset(Path(document["dataset"]))
    return codec.load_benchmark(document, dataset, SplitV2(training, test))


@pytest.mark.parametrize(
    "name", [name for name, said in CASES.items() if said["version"] == 1 and not said["archive"]]
)
def test_checksums_do_not_depend_on_who_wrote(
    written_here: tuple[dict[str, Path], Json], written_there: tuple[dict[str, Path], Json], name: str
) -> None:
    """Archives have other bytes, as compressors differ; tables and definitions have the same values."""
    assert written_here[1][name]["checksums"] == written_there[1][name]["checksums"]


@pytest.mark.parametrize("name", [name for name, said in CASES.items() if said["version"] == 2])
def test_index_sets_do_not_depend_on_who_wrote(
    written_here: tuple[dict[str, Path], Json], written_there: tuple[dict[str, Path], Json], name: str
) -> None:
    ours, theirs = (written[1][name]["checksums"] for written in (written_here, written_there))
    assert [ours[part] for part in ("training", "test")] == [theirs[part] for part in ("training", "test")]
