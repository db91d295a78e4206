"""Benchmarks by the real program: a table becomes a benchmark, predictions become results that others can verify."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import attrs
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

from groundtruth.domain.artifact import ArtifactMeta
from groundtruth.domain.competition import SubmissionLimits
from groundtruth.entrypoints.cli.main import main
from groundtruth.entrypoints.client import Client
from groundtruth.testing.benchmark_scenario import archive, competition
from support.program import Program

CREATE = (
    "benchmark", "create", "diabetes-bench", "--dataset", "diabetes.parquet", "--target", "target",
    "--metric", "mean_absolute_error", "--metric", "r2", "--main-metric", "r2", "--test-fraction", "0.2",
    "--seed", "1", "--access", "public",
)  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A hub with a benchmark on scikit-learn's diabetes, and honest predictions of several kinds in the folder."""
    folder = tmp_path_factory.mktemp("work")
    program = Program(folder / "home", folder)
    data = load_diabetes()
    columns = {name: data.data[:, place] for place, name in enumerate(data.feature_names)}
    parquet.write_table(pa.table({**columns, "target": data.target}), folder / "diabetes.parquet")
    program.run(*CREATE)
    with Client.local(home=program.home, environ={}) as client:
        benchmark = client.get_benchmark("local", "diabetes-bench")
    train, test = benchmark.get_train_test_split()
    inputs = [np.stack([subset.X[name] for name in benchmark.input_cols], axis=1) for subset in (train, test)]
    predicted = LinearRegression().fit(inputs[0], train.y).predict(inputs[1])
    rows = benchmark.test_rows("test").tolist()
    lines = [f"{row},{value!r}" for row, value in zip(rows, predicted.tolist(), strict=True)]
    (folder / "p.csv").write_text("\n".join(["row,target", *reversed(lines)]))
    (folder / "p.json").write_text(json.dumps(predicted.tolist()))
    np.save(folder / "p.npy", predicted)
    np.save(folder / "mean.npy", np.full(len(rows), train.y.mean()))
    return program


@attrs.frozen
class Here:
    """The program in this process: what it says is the same, and nothing has to be imported again."""

    program: Program

    def run(self, *arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command and check its exit code."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.ExitStack() as stack:
            stack.enter_context(patch.dict(os.environ, self.program.environment))
            stack.enter_context(contextlib.chdir(self.program.folder))
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
            found = main([str(one) for one in arguments])
        assert found == code, f"exit {found}\n{out.getvalue()}\n{err.getvalue()}"
        return subprocess.CompletedProcess(arguments, found, out.getvalue(), err.getvalue())

    def json(self, *arguments: object, code: int = 0) -> Any:
        """Run a command with --json and parse the one document it prints."""
        return json.loads(self.run("--json", *arguments, code=code).stdout)


@pytest.fixture
def here(program: Program) -> Here:
    return Here(program)


@pytest.fixture(scope="module")
def results(program: Program) -> Path:
    """Results that are published and written."""
    program.run(
        "benchmark", "evaluate", "diabetes-bench", "--predictions", "p.csv", "--name", "linear", "--publish",
        "--access", "public", "--results", "linear.json", "--intervals", "50",
    )  # fmt: skip
    program.run(
        "benchmark", "evaluate", "local/diabetes-bench", "--predictions", "mean.npy", "--name", "average",
        "--publish", "--results", "average.json",
    )  # fmt: skip
    return program.folder / "linear.json"


def test_what_was_made_is_listed_and_shown(program: Program) -> None:
    assert program.json("benchmark", "list") == ["local/diabetes-bench"]
    shown = program.json("benchmark", "show", "diabetes-bench")
    assert (shown["n_train_datapoints"], shown["test_set_sizes"]) == (354, {"test": 88})
    assert "split" not in shown
    assert "r2" in program.run("benchmark", "show", "local/diabetes-bench").stdout
    dataset = program.json("dataset", "show", "diabetes")
    assert (dataset["kind"], dataset["n_rows"]) == ("arrays", 442)


def test_predictions_of_every_kind_give_the_same_scores(here: Here) -> None:
    scores = [
        here.json("benchmark", "evaluate", "diabetes-bench", "--predictions", name)["results"]
        for name in ("p.csv", "p.npy", "p.json")
    ]
    assert scores[0] == scores[1] == scores[2]
    assert scores[0][0]["scores"]["r2"] > 0.3


def test_results_hold_until_somebody_changes_them(program: Program, results: Path) -> None:
    assert "2 scores verified" in program.run("results", "verify", "linear.json").stdout
    assert program.json("results", "verify", "local/linear", "--predictions", "p.npy")["holds"] is True
    changed = json.loads(results.read_text())
    changed["results"][0]["scores"]["r2"] = 0.9
    (program.folder / "changed.json").write_text(json.dumps(changed))
    told = program.json("results", "verify", "changed.json", code=1)
    assert [one["name"] for one in told["differences"] if one["fatal"]] == ["score 'test/target/r2'"]
    failed = program.run("results", "verify", "linear.json", "--predictions", "mean.npy", code=1)
    assert "DIFFERS: digest of y_pred" in failed.stdout


def test_verifying_needs_predictions_from_below_the_results(here: Here, results: Path) -> None:
    document = json.loads(results.read_text())
    assert document["prediction_files"] == {"y_pred": "p.csv"}
    below = here.program.folder / "below"
    below.mkdir()
    (below / "r.json").write_text(json.dumps({**document, "prediction_files": {"y_pred": "../p.csv"}}))
    assert "--predictions" in here.run("results", "verify", "below/r.json", code=1).stderr


def test_the_best_comes_first(here: Here, results: Path) -> None:
    [board] = here.json("benchmark", "leaderboard", "diabetes-bench")["boards"]
    assert [(one["rank"], one["results"]) for one in board["places"]] == [(1, "local/linear"), (2, "local/average")]
    assert len(here.json("benchmark", "leaderboard", "diabetes-bench", "--all")["boards"]) == 2
    table = here.run("benchmark", "leaderboard", "diabetes-bench", "--metric", "mean_absolute_error").stdout
    assert "lower is better" in table
    assert here.json("results", "list", "--benchmark", "diabetes-bench") == ["local/average", "local/linear"]
    assert here.json("results", "show", "linear")["evidence"]


def test_two_results_are_compared(here: Here, results: Path) -> None:
    found = here.json("results", "compare", "average.json", "linear.json", "--resamples", "50")
    assert [one["better"] for one in found["scores"]] == ["second", "second"]
    assert all(one["p_value"] < 0.1 for one in found["scores"])
    assert here.json("results", "compare", "average", "linear")["scores"][0]["p_value"] is None


def test_pictures(here: Here, results: Path) -> None:
    pytest.importorskip("matplotlib")
    asked: dict[str, list[str]] = {
        "scores.png": ["linear.json"],
        "board.png": ["--benchmark", "diabetes-bench"],
        "points.png": ["--benchmark", "diabetes-bench", "--predictions", "p.csv"],
    }
    for name, arguments in asked.items():
        assert here.json("results", "plot", *arguments, "-o", name)["charts"]
        with Image.open(here.program.folder / name) as picture:
            assert picture.width > 300
    here.run("results", "plot", "linear", "--kind", "leaderboard", "-o", "board.svg")
    assert (here.program.folder / "board.svg").read_text().startswith("<?xml")


def test_models(here: Here) -> None:
    (here.program.folder / "README.md").write_text("# Trees\x1b[31m\n")
    here.run("model", "upload", "forest", "--readme", "README.md", "--tag", "tree", "--code-url", "https://a.org/x")
    assert here.json("model", "list") == ["local/forest"]
    assert here.json("model", "show", "forest")["readme"].startswith("# Trees")
    assert "\x1b" not in here.run("model", "show", "forest").stdout
    assert "exists already" in here.run("model", "upload", "forest", code=1).stderr


def test_datasets_are_cached_and_their_checksums_computed(here: Here) -> None:
    cached = here.json("dataset", "cache", "diabetes", "--to", "copy")
    assert here.json("dataset", "show", cached["path"])["n_rows"] == 442
    assert here.json("dataset", "checksum", "diabetes")["holds"] is True
    assert "as known" in here.run("dataset", "checksum", "copy").stdout


def test_a_benchmark_of_this_machine_is_put_on_a_hub(here: Here) -> None:
    saved = [*CREATE[:3], *CREATE[3:-2], "--output", "saved"]
    here.run(*saved)
    assert here.json("benchmark", "evaluate", "saved", "--predictions", "p.npy")["results"]
    elsewhere = Here(Program(here.program.folder / "elsewhere", here.program.folder))
    assert "not found" in elsewhere.run("benchmark", "upload", "saved", code=1).stderr
    put = elsewhere.json("benchmark", "upload", "saved/benchmark.json", "--with-dataset")
    assert put["md5sum"] == here.json("benchmark", "show", "diabetes-bench")["md5sum"]


def test_splits_are_read_drawn_and_stratified(here: Here) -> None:
    (here.program.folder / "split.json").write_text(
        json.dumps({"train": list(range(300)), "test": {"late": [400, 401]}})
    )
    common = ["--dataset", "local/diabetes", "--target", "sex", "--metric", "r2", "--input", "bmi"]
    made = here.json("benchmark", "create", "own-split", *common, "--split", "split.json")
    assert (made["n_train_datapoints"], made["test_set_sizes"]) == (300, {"late": 2})
    drawn = ("--test-fraction", "0.5", "--stratify", "--target-type", "sex=regression")
    assert here.json("benchmark", "create", "stratified", *common, *drawn)["target_types"] == {"sex": "regression"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["benchmark", "show", "nothing-here"], "not found"),
        (["benchmark", "show", "x"], "has 1 characters"),
        (["benchmark", "evaluate", "diabetes-bench"], "Give y_pred, y_prob or both"),
        (["benchmark", "evaluate", "diabetes-bench", "--predictions", "none.csv"], "none.csv: does not exist"),
        (["benchmark", "evaluate", "diabetes-bench", "--predictions", "short.csv"], "has 2 rows for test set 'test'"),
        (["benchmark", "evaluate", "diabetes-bench", "--predictions", "nan.npy"], "nan.npy"),
        (["benchmark", "evaluate", "diabetes-bench", "--probabilities", "p.npy"], "needs y_pred"),
        (["benchmark", "evaluate", "diabetes-bench", "--predictions", "p.npy", "--image-column", "q"], "column 'q'"),
        (["dataset", "show", "nothing-here"], "not found"),
        (["dataset", "show", "diabetes", "--team", "ab"], "not found"),
        (["-t", "ab", "benchmark", "list"], "team 'ab' (flag) cannot own benchmarks"),
        (["--hub", "darwin", "benchmark", "list"], "is a darwin hub, which holds no benchmarks"),
        (["results", "verify", "p.json"], "p.json"),
        (["results", "plot", "linear", "-o", "board.doc"], "not drawn"),
        (["model", "upload", "forest", "--readme", "none.md"], "none.md: cannot be read"),
        (["benchmark", "list", "--limit", "-1"], "cannot be negative"),
    ],
)
def test_an_error_is_a_line_and_a_remedy(here: Here, arguments: list[str], says: str) -> None:
    (here.program.folder / "short.csv").write_text("target\n1\n2\n")
    np.save(here.program.folder / "nan.npy", np.full(88, np.nan))
    failed = here.run(*arguments, code=1)
    assert says in failed.stderr
    assert failed.stderr.startswith("error: ")
    assert len(failed.stderr.splitlines()) <= 2
    assert failed.stdout == ""


def test_what_makes_no_task_is_wrong_usage(program: Program) -> None:
    start = ["benchmark", "create", "incomplete", "--dataset", "diabetes"]
    assert "--target is needed" in program.run(*start, code=2).stderr
    assert "NAME=VALUE" in program.run(*start, "--target-type", "target", code=2).stderr


def test_annotation_datasets_are_shown_too(here: Here) -> None:
    here.run("dataset", "create", "pictures")
    shown: dict[str, Any] = here.json("dataset", "show", "pictures")
    assert (shown["kind"], shown["items"]) == ("annotations", 0)


def test_competitions_are_taken_part_in(here: Here) -> None:
    with Client.local("host-team", home=here.program.home, environ={}) as host:
        held = competition(archive(), datetime.now(UTC), name="challenge")
        held = attrs.evolve(held, meta=ArtifactMeta(name="challenge"), limits=SubmissionLimits(per_day=1))
        seen = host.upload_competition(held, access="public")
    rows = {label: seen.test_rows(label).tolist() for label in seen.test_set_labels}
    lines = [f"{label},{row * 7919.0}" for label, some in rows.items() for row in some]
    (here.program.folder / "c.csv").write_text("\n".join(["test_set,y", *lines]))
    assert here.json("competition", "list") == ["host-team/challenge"]
    shown = here.json("competition", "show", "host-team/challenge")
    assert (shown["test_set_sizes"], shown["submission_limits"]["per_day"]) == ({"early": 15, "late": 5}, 1)
    submit = ("competition", "submit", "host-team/challenge", "--predictions", "c.csv", "--access", "public")
    made = here.json(*submit, "--name", "first-try")
    assert [one["scores"]["mean_absolute_error"] for one in made["results"]["results"]] == [0, 0]
    assert "a day" in here.run(*submit, "--name", "second", code=1).stderr
    (here.program.folder / "c.csv").write_text("test_set,y\nearly,1\n")
    assert "has 1 rows for test set 'early'" in here.run(*submit, code=1).stderr
    standings = here.json("competition", "show", "host-team/challenge", "--standings")["standings"]
    assert standings[0]["places"][0]["results"] == "local/first-try"
    assert "first-try" in here.run("competition", "show", "host-team/challenge", "--standings").stdout


def test_care_for_the_hub_covers_benchmarks(here: Here, tmp_path: Path) -> None:
    shutil.copytree(here.program.home, tmp_path / "home")
    copy = Here(Program(tmp_path / "home", tmp_path))
    assert copy.json("hub", "fsck")["documents"] >= 2
    file = next((tmp_path / "home" / "hub" / "benchmarks").rglob("*.parquet"))
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])
    assert "diabetes" in copy.run("hub", "fsck", code=1).stderr
    assert copy.json("hub", "gc", "--dry-run")["freed"]["objects"] == 0
