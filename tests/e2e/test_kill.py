"""kill -9 at random moments: the same command again completes, and the outcome is that of an undisturbed run."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.program import Program, bookkeeping, tree

FILES = 150
ROUNDS = 6


def kill_at_random_moments(program: Program, draw: random.Random, rounds: int, *command: object) -> int:
    """Start the command again and again, killing it each time; return how many runs were cut short."""
    start = time.monotonic()
    program.run("version")
    longest = 2 * (time.monotonic() - start) + 1.0
    killed = 0
    for _ in range(rounds):
        process = program.start(*command)
        time.sleep(draw.uniform(0.1, longest))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
    return killed


def undisturbed(program: Program, folder: Path) -> None:
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", folder)
    program.run("dataset", "export", "test", "0.1")
    program.run("dataset", "pull", "test:0.1")


def outcome(program: Program) -> dict[str, bytes]:
    return tree(program.datasets, bookkeeping) | tree(program.home / "hub" / "blobs")


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(30, marks=pytest.mark.slow)])
def test_killed_commands_end_like_undisturbed_ones(
    tmp_path: Path, pictures: Callable[..., Path], rounds: int
) -> None:
    folder = pictures(FILES)
    calm = Program(tmp_path / "calm", tmp_path)
    undisturbed(calm, folder)

    rough = Program(tmp_path / "rough", tmp_path)
    draw = random.Random(rounds)
    rough.run("dataset", "create", "test")
    kill_at_random_moments(rough, draw, rounds, "dataset", "push", "test", folder)
    rough.run("dataset", "push", "test", folder)
    assert len(rough.json("dataset", "files", "test")) == FILES
    kill_at_random_moments(rough, draw, rounds, "dataset", "export", "test", "0.1")
    # The last run either makes the release or finds it made: names are taken once.
    rough.run("dataset", "export", "test", "0.1", code=int(bool(rough.json("dataset", "releases", "test"))))
    assert len(rough.json("dataset", "releases", "test")) == 1
    kill_at_random_moments(rough, draw, rounds, "dataset", "pull", "test:0.1")
    report = rough.json("dataset", "pull", "test:0.1")
    assert report["published"]

    assert outcome(rough) == outcome(calm)
    assert rough.json("dataset", "verify", "test:0.1")["clean"]
    check = rough.json("hub", "fsck")
    assert check["findings"] == []


def test_a_pull_after_a_kill_fetches_only_the_rest(program: Program, pictures: Callable[..., Path]) -> None:
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", pictures(400))
    program.run("dataset", "export", "test", "0.1")
    images = program.datasets / "local/test/images"
    process = program.start("dataset", "pull", "test:0.1")
    deadline = time.monotonic() + 30
    while not images.is_dir() or len(list(images.iterdir())) < 20:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    complete = len([path for path in images.iterdir() if path.suffix == ".png"])
    assert not (program.datasets / "local/test/releases/0.1").exists() or process.returncode == 0
    report = program.json("dataset", "pull", "test:0.1")
    if process.returncode == -signal.SIGKILL and not report["up_to_date"]:
        assert report["present"] >= complete
        assert report["present"] + report["fetched"] == 400


def test_ctrl_c_says_so_and_keeps_what_was_done(program: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(1500)
    program.run("dataset", "create", "test")
    process = program.start("dataset", "push", "test", folder)
    blobs = program.home / "hub" / "blobs"
    deadline = time.monotonic() + 30
    while not blobs.is_dir() or sum(1 for _ in blobs.rglob("*")) < 100:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in errors and "Traceback" not in errors
    again = program.json("dataset", "push", "test", folder)
    assert len(again["present"]) + again["items"] == 1500
    assert len(again["present"]) > 0


def test_two_pushes_and_two_pulls_at_once(program: Program, pictures: Callable[..., Path]) -> None:
    program.run("dataset", "create", "test")
    one, other = pictures(200, folder="one"), pictures(names=[f"x{n}.png" for n in range(200)], folder="other")
    both = [program.start("--json", "dataset", "push", "test", folder) for folder in (one, other)]
    assert [(process.communicate()[1], process.returncode) for process in both] == [("", 0), ("", 0)]
    assert len(program.json("dataset", "files", "test")) == 400
    program.run("dataset", "export", "test", "0.1")
    both = [program.start("--json", "dataset", "pull", "test:0.1") for _ in range(2)]
    assert [(process.communicate()[1], process.returncode) for process in both] == [("", 0), ("", 0)]
    assert len(tree(program.datasets / "local/test/images")) == 400
    assert program.json("dataset", "verify", "test:0.1")["clean"]
    assert program.json("hub", "fsck")["findings"] == []


def test_the_same_folder_pushed_twice_at_once(program: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(200)
    program.run("dataset", "create", "test")
    both = [program.start("--json", "dataset", "push", "test", folder) for _ in range(2)]
    assert [(process.communicate()[1], process.returncode) for process in both] == [("", 0), ("", 0)]
    assert len(program.json("dataset", "files", "test")) == 200
