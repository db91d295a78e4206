"""The Python names of benchmarks, on the real adapters."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

import groundtruth
from groundtruth.domain.array_dataset import ArrayDataset
from groundtruth.domain.artifact import ArtifactMeta, Owner
from groundtruth.domain.benchmark import Benchmark
from groundtruth.domain.benchmark_split import SplitV1, SplitV2
from groundtruth.domain.columns import ArrayColumns, object_array
from groundtruth.domain.errors import (
    Conflict,
    DigestMismatch,
    HiddenTargets,
    InvalidInput,
    InvalidPredictions,
    NameTaken,
    NotFound,
    SubmissionRefused,
)
from groundtruth.domain.evaluation import EvaluationOptions
from groundtruth.domain.metrics.detection import Detections
from groundtruth.domain.model import Model
from groundtruth.entrypoints.client import Client
from groundtruth.testing.benchmark_scenario import archive, competition, submission, table


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> Iterator[Client]:
    with Client.local("example-team", home=home, environ={}) as made:
        yield made


@pytest.fixture
def dataset(client: Client) -> ArrayDataset:
    return client.upload_dataset(table())


SPLIT = SplitV1.of(range(4, 30), range(30, 40))


def bench(dataset: ArrayDataset, **fields: Any) -> Benchmark:
    said: dict[str, Any] = {"metrics": ["mean_absolute_error", "r2"], "main_metric": "r2", "split": SPLIT, **fields}
    return Benchmark(1, ArtifactMeta(name="bench_one"), dataset, "y", "x", **said)


def test_datasets(client: Client, dataset: ArrayDataset, tmp_path: Path) -> None:
    assert client.list_datasets() == ["example-team/molecules"]
    assert (client.list_datasets(limit=0), client.list_datasets(offset=1)) == ([], [])
    for named in (("example-team", "molecules"), ("example-team/molecules",), (Owner("example-team"), "Molecules")):
        assert client.get_dataset(*named).md5sum == dataset.md5sum
    with pytest.raises(NameTaken):
        client.upload_dataset(table(), if_exists="raise")
    client.upload_dataset(table(rows=50), access="public", timeout=(1, 2))
    assert len(client.get_dataset("example-team", "molecules")) == 50
    copy = client.cache_dataset(dataset, tmp_path / "copy")
    assert copy[3, "x"] == dataset[3, "x"]


@pytest.mark.parametrize("word", ["verify", "verify_unless_zarr", "ignore", True, False, None])
def test_checksum_strategies(client: Client, dataset: ArrayDataset, word: Any) -> None:
    assert client.get_dataset("example-team", "molecules", verify_checksum=word).md5sum == dataset.md5sum


def test_an_unknown_strategy_is_refused(client: Client, dataset: ArrayDataset) -> None:
    with pytest.raises(InvalidInput, match="checksum strategy 'sometimes' is not known"):
        client.get_dataset("example-team", "molecules", verify_checksum="sometimes")


def test_damage_is_named(client: Client, dataset: ArrayDataset, home: Path) -> None:
    [file] = (home / "hub" / "benchmarks").rglob("*.parquet")
    data = bytearray(file.read_bytes())
    data[40] ^= 1
    file.chmod(0o644)
    file.write_bytes(data)
    with pytest.raises(DigestMismatch, match=r"table\.parquet"):
        client.get_dataset("example-team", "molecules")


def test_benchmarks_and_results(client: Client, dataset: ArrayDataset) -> None:
    benchmark = client.upload_benchmark(bench(dataset), access="public")
    assert client.list_benchmarks() == ["example-team/bench-one"]
    assert client.get_benchmark("example-team", "bench_one").md5sum == benchmark.md5sum
    train, test = benchmark.get_train_test_split()
    assert (len(train), len(test)) == (26, 10)
    with pytest.raises(HiddenTargets):
        test.y  # noqa: B018
    results = benchmark.evaluate(y_pred=test.X.astype(float) + 1)
    assert results.score("mean_absolute_error", "test", "y").value == 1
    assert results.evidence is not None
    assert results.evidence.dataset == dataset.md5sum
    published = client.upload_results(results.with_meta(name="plus_one"))
    assert str(published.meta.artifact_id) == "example-team/plus-one"
    assert client.list_results(benchmark.artifact_id) == ["example-team/plus-one"]
    assert client.get_results("example-team", "plus_one") == published
    assert client.verify_results(published, benchmark, test.X + 1.0).holds
    assert not client.verify_results(published, benchmark, test.X + 2.0).holds
    board = client.leaderboard("example-team/bench-one").board()
    assert board is not None
    assert len(board.places) == 1
    assert client.compare_results(benchmark, published, published).scores[0].difference == 0


def test_anything_that_cannot_be_put_says_why(client: Client, dataset: ArrayDataset) -> None:
    with pytest.raises(NotFound):
        client.upload_benchmark(bench(attrs.evolve(dataset, meta=ArtifactMeta(name="other", owner="example-team"))))
    with pytest.raises(groundtruth.GroundtruthError):
        client.upload_dataset(table(), owner="somebody-else")
    with pytest.raises(InvalidInput, match="access 'secret'"):
        client.upload_dataset(table(), access="secret")
    with pytest.raises(InvalidPredictions, match="have 3 rows, expected 10"):
        client.evaluate(bench(dataset), [1, 2, 3])


def test_a_benchmark_that_nobody_uploaded_is_evaluated(client: Client) -> None:
    plain = bench(table())
    assert plain.judge is None
    given = np.arange(30, 40.0)
    assert plain.evaluate(given).score("mean_absolute_error", "test", "y").value == 0
    assert client.evaluate(plain, given).evidence is not None
    assert "numpy" in client.evaluate(plain, given).evidence.software  # type: ignore[union-attr]


def test_detection_is_scored_without_more_ado(client: Client) -> None:
    pytest.importorskip("faster_coco_eval")
    truth = object_array([np.array([[0, 0, 10, 10, 0, 0, 100]], dtype=float)] * 4)
    columns = ArrayColumns({"picture": np.zeros((4, 2, 2)), "objects": truth})
    dataset = ArrayDataset(2, ArtifactMeta(name="boxes"), columns)
    task = Benchmark(
        2, ArtifactMeta(name="find-boxes"), dataset, "objects", "picture", SplitV2.of([0, 1], [2, 3]),
        ["detection_map"], "detection_map", target_types={"objects": "detection"},
    )  # fmt: skip
    given = object_array([Detections.of([[0, 0, 10, 10]], [0], [0.9])] * 2)
    results = client.evaluate(task, given, options=EvaluationOptions(parts=True))
    [score] = results.scores
    assert (score.value, score.parts["class:0"]) == (pytest.approx(1), pytest.approx(1))


def test_a_loaded_benchmark_can_be_pickled(client: Client, dataset: ArrayDataset) -> None:
    benchmark = client.upload_benchmark(bench(dataset))
    again = pickle.loads(pickle.dumps(benchmark))
    assert again.evaluate(np.arange(10.0)).scores == benchmark.evaluate(np.arange(10.0)).scores


def test_version_2_results_know_their_data(client: Client) -> None:
    dataset = client.upload_dataset(archive())
    task = Benchmark(
        2,
        ArtifactMeta(name="see-numbers"),
        dataset,
        "y",
        "picture",
        SplitV2.of(range(20), range(20, 40)),
        ["r2"],
        "r2",
    )
    task = client.upload_benchmark(task)
    evidence = task.evaluate(np.arange(20.0)).evidence
    assert evidence is not None
    assert evidence.dataset is not None
    again = client.get_benchmark("example-team/see-numbers").evaluate(np.arange(20.0)).evidence
    assert again is not None
    assert again.differences(evidence) == ()


def test_models(client: Client) -> None:
    model = client.upload_model(Model(meta=ArtifactMeta(name="forest"), readme="Trees"), access="public")
    assert client.list_models() == ["example-team/forest"]
    assert client.get_model("example-team/forest") == client.get_model("example-team", "forest") == model


def test_competitions(client: Client, home: Path) -> None:
    held = competition(archive(), datetime.now(UTC))
    public = client.upload_competition(held, access="public")
    with Client.local("other-team", home=home, environ={}) as other:
        assert other.list_competitions() == ["example-team/challenge"]
        seen = other.get_competition("example-team", "challenge")
        assert np.isnan(seen.dataset.columns.read("y", seen.test_rows("late"))).all()
        results = other.evaluate_competition(seen, submission(seen, 2.0))
        assert results.score("mean_absolute_error", "late", "y").value == 2
        bare = {label: np.zeros(size) for label, size in seen.test_set_sizes.items()}
        made = other.submit_competition_predictions(seen, bare, access="public")
        assert str(made.competition) == "example-team/challenge"
        with pytest.raises(InvalidPredictions):
            other.submit_competition_predictions(seen, {"late": [1]})
        with pytest.raises(Conflict):
            other.submit_competition_predictions(seen, bare)
    board = client.standings("example-team/challenge").board(test_set="late")
    assert board is not None
    assert board.places[0].score.value == 2
    over = attrs.evolve(
        held, meta=ArtifactMeta(name="over"), start_time=held.start_time - timedelta(days=9),
        end_time=held.start_time,
    )  # fmt: skip
    with pytest.raises(SubmissionRefused):
        client.evaluate_competition(
            client.upload_competition(over), {k: np.zeros(n) for k, n in public.test_set_sizes.items()}
        )


def test_artifacts_are_saved_and_loaded(client: Client, dataset: ArrayDataset, tmp_path: Path) -> None:
    benchmark = client.upload_benchmark(bench(dataset))
    results = benchmark.evaluate(np.arange(10.0)).with_meta(name="numbers")
    saved = client.save(benchmark, tmp_path / "saved")
    assert saved == tmp_path / "saved" / "benchmark.json"
    file = client.save(results, tmp_path / "saved")
    assert file.name == "numbers.json"
    moved = (tmp_path / "saved").rename(tmp_path / "moved")
    loaded = client.load_benchmark(moved)
    assert (loaded.md5sum, loaded.dataset.md5sum) == (benchmark.md5sum, dataset.md5sum)
    assert client.load_results(moved / "numbers.json") == results
    assert client.verify_results(client.load_results(moved / "numbers.json"), loaded, np.arange(10.0)).holds
    with pytest.raises(Conflict):
        client.save(benchmark, moved, if_exists="raise")
    assert client.save(Model(meta=ArtifactMeta(name="forest")), tmp_path / "forest.json").is_file()
    assert client.load_model(tmp_path / "forest.json").meta.name == "forest"
    with pytest.raises(InvalidInput, match="is no artifact"):
        client.save("text", tmp_path)  # type: ignore[arg-type]


def test_a_changed_benchmark_is_noticed(client: Client, dataset: ArrayDataset, tmp_path: Path) -> None:
    file = client.save(client.upload_benchmark(bench(dataset)), tmp_path)
    file.write_text(file.read_text().replace('"r2"', '"pearsonr"'))
    with pytest.raises(DigestMismatch, match=r"benchmark\.json"):
        client.load_benchmark(file)
    assert client.load_benchmark(file, verify_checksum="ignore").main_metric == "pearsonr"


def test_functions_of_the_module(monkeypatch: pytest.MonkeyPatch, home: Path, client: Client, tmp_path: Path) -> None:
    monkeypatch.setenv("GROUNDTRUTH_HOME", str(home))
    monkeypatch.setenv("GROUNDTRUTH_TEAM", "example-team")
    dataset = client.upload_dataset(table())
    client.upload_benchmark(bench(dataset))
    client.upload_model(Model(meta=ArtifactMeta(name="forest")))
    assert groundtruth.load_dataset("example-team/molecules").md5sum == dataset.md5sum
    assert groundtruth.load_benchmark("example-team/bench-one").evaluate(np.arange(10.0)).scores
    assert groundtruth.load_model("example-team/forest").meta.name == "forest"
    saved = groundtruth.save(dataset, tmp_path / "saved")
    assert groundtruth.load_dataset(saved, verify_checksum="verify")[5, "x"] == 5
    with pytest.raises(NotFound):
        groundtruth.load_competition("example-team/nothing")
    with pytest.raises(NotFound):
        groundtruth.load_dataset(tmp_path / "nothing.json")
