"""From labels to a benchmark: in Python and on the command line, on the real adapters."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groundtruth.domain.errors import InvalidInput, NameTaken
from groundtruth.domain.labelled_targets import class_names
from groundtruth.entrypoints.client import Client
from support.program import Program

COUNT = 10


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An embedded hub with a release that was never pulled."""
    pictures, documents = tmp_path / "pictures", tmp_path / "documents"
    pictures.mkdir()
    documents.mkdir()
    for number in range(COUNT):
        Image.effect_noise((64, 48), 90).save(pictures / f"{number}.png")
        box = {"name": ("car", "bus")[number % 2], "bounding_box": {"x": number, "y": 2, "w": 20, "h": 10}}
        body = {"version": "2.0", "item": {"name": f"{number}.png", "path": "/"}, "annotations": [box]}
        (documents / f"{number}.json").write_text(json.dumps(body))
    with Client.local(home=tmp_path / "home", environ={}) as client:
        dataset = client.create_dataset("shop/street")
        dataset.push(pictures)
        dataset.import_annotations([documents])
        dataset.export("0.1")
    return tmp_path / "home"


@pytest.fixture
def client(home: Path):
    with Client.local("shop", home=home, environ={}) as made:
        yield made


@pytest.fixture
def program(home: Path, tmp_path: Path) -> Program:
    return Program(home, tmp_path)


def test_one_call_makes_a_benchmark_that_can_be_evaluated(client: Client) -> None:
    benchmark = client.benchmark_from_release("shop/street:0.1", "detection", "stratified", name="cars")
    assert str(benchmark.artifact_id) == "shop/cars"
    assert client.list_datasets() == client.list_benchmarks() == ["shop/cars"]
    again = client.get_benchmark("shop", "cars")
    assert class_names(again.dataset.annotations["objects"]) == ("bus", "car")
    assert again.target_types == benchmark.target_types
    assert again.dataset[3, "image"].shape == (48, 64, 3)
    truth = again.dataset.read(again.test_rows(), "objects")
    results = again.evaluate(np.concatenate([truth[..., :5], np.ones((*truth.shape[:2], 1))], axis=-1))
    assert results.score("detection_map", "test", "objects").value == pytest.approx(1)
    assert results.evidence is not None


def test_a_name_is_taken_once(client: Client) -> None:
    make = client.benchmark_from_release
    first = make("shop/street:0.1", "detection", name="cars")
    with pytest.raises(NameTaken, match="shop/cars"):
        make("shop/street:0.1", "detection", name="cars")
    kept = make("shop/street:0.1", "detection", seed=5, name="cars", if_exists="skip")
    assert kept.split == first.split
    for policy in ("raise", "skip"):
        with pytest.raises(NameTaken):
            make("shop/street:0.1", "detection", name="cars", items=("/[0-4].png",), if_exists=policy)
    replaced = make("shop/street:0.1", "detection", name="cars", items=("/[0-4].png",), if_exists="replace")
    assert len(replaced.dataset) == 5


def test_a_run_that_ended_between_dataset_and_benchmark_is_gone_on_with(client: Client, tmp_path: Path) -> None:
    saved = client.benchmark_from_release("shop/street:0.1", "detection", name="cars", folder=tmp_path / "saved")
    client.upload_dataset(saved.dataset, if_exists="raise")
    assert client.benchmark_from_release("shop/street:0.1", "detection", name="cars").split == saved.split


def test_unknown_words_are_refused(client: Client) -> None:
    with pytest.raises(InvalidInput, match="detection, classification, segmentation"):
        client.benchmark_from_release("shop/street:0.1", "captioning")
    with pytest.raises(InvalidInput, match="lists"):
        client.benchmark_from_release("shop/street:0.1", "detection", "evenly")


def test_the_command_says_what_it_made(program: Program) -> None:
    done = program.run(
        "--team", "shop", "benchmark", "create", "cars", "--from-release", "street:0.1", "--task", "detection",
        "--test-fraction", "0.3", "--stratify", "--class", "car", "--skip-empty", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["main_metric"] == "detection_map"
    shown = program.run("--team", "shop", "benchmark", "show", "cars")
    assert "objects (detection)" in shown.stdout
    assert "test: 2" in shown.stdout


def test_the_command_writes_a_folder(program: Program, client: Client, tmp_path: Path) -> None:
    words = ("benchmark", "create", "cars", "--from-release", "shop/street", "--task", "detection", "--output", "out")
    assert program.run("--team", "shop", *words).returncode == 0
    benchmark = client.load_benchmark(tmp_path / "out")
    assert len(benchmark.dataset) == COUNT
    assert client.list_benchmarks() == []
    again = program.run("--team", "shop", *words, code=1)
    assert "exists already" in again.stderr
    assert program.run("--team", "shop", *words, "--if-exists", "skip").returncode == 0
    assert program.run("--team", "shop", *words, "--if-exists", "replace").returncode == 0


@pytest.mark.parametrize("words", [("--task", "detection", "--target", "objects"), ()])
def test_wrong_usage_is_told(program: Program, words: tuple[str, ...]) -> None:
    done = program.run("--team", "shop", "benchmark", "create", "cars", "--from-release", "street", *words, code=2)
    assert "--target" in done.stderr or "--task is needed" in done.stderr


@pytest.mark.slow
def test_a_killed_run_leaves_nothing_to_be_seen(program: Program, client: Client, tmp_path: Path) -> None:
    client.get_remote_dataset("shop/street").pull()
    out = tmp_path / "out"
    words = ("benchmark", "create", "cars", "--from-release", "shop/street", "--task", "detection", "--output", out)
    running = program.start("--team", "shop", *words)
    try:
        deadline = time.monotonic() + 60
        while not list(out.glob(".*.partial")) and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        running.send_signal(signal.SIGKILL)
    finally:
        running.communicate()
    for archive in out.glob("*.zarr"):
        assert len(client.load_dataset(archive)) == COUNT
    done = program.run("--team", "shop", *words, "--if-exists", "skip")
    assert done.returncode == 0, done.stderr
    assert len(client.load_benchmark(out).dataset) == COUNT
