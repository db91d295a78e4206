"""kill -9 at random moments: the same command again completes, and the outcome is that of an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.program import Program, bookkeeping, tree

FILES = 150
ROUNDS = 4


def outcome(program: Program) -> dict[str, bytes]:
    # Documents say where their files are, which is another place for each program.
    here = os.fsencode(program.datasets)
    pulled = {name: data.replace(here, b"") for name, data in tree(program.datasets, bookkeeping).items()}
    return pulled | tree(program.home / "hub" / "blobs")


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(30, marks=pytest.mark.slow)])
def test_killed_commands_end_like_undisturbed_ones(
    tmp_path: Path, pictures: Callable[..., Path], rounds: int
) -> None:
    """Every round starts from nothing, so that each kill meets work that is not done."""
    folder = pictures(FILES)
    push = ("dataset", "push", "test", folder)
    export = ("dataset", "export", "test", "0.1")
    pull = ("dataset", "pull", "test:0.1")
    calm = Program(tmp_path / "calm", tmp_path)
    calm.run("dataset", "create", "test")
    seconds = {command: calm.timed(*command) for command in (push, export, pull)}
    draw = random.Random(rounds)
    cut_short = dict.fromkeys(seconds, 0)
    for number in range(rounds):
        rough = Program(tmp_path / f"rough{number}", tmp_path)
        rough.run("dataset", "create", "test")
        for command in (push, export, pull):
            # The first tenths of a second go to starting Python, where there is nothing to disturb.
            cut_short[command] += rough.kill(draw.uniform(0.3, 0.95) * seconds[command], *command)
            # An export that was made just before the kill is found made: names are taken once.
            made = command is export and bool(rough.json("dataset", "releases", "test"))
            rough.run(*command, code=int(made))
        assert outcome(rough) == outcome(calm)
        assert rough.json("dataset", "verify", "test:0.1")["clean"]
        assert rough.json("hub", "fsck")["findings"] == []
    print("killed before their end:", list(cut_short.values()), "of", rounds)
    assert all(count >= rounds / 2 for count in cut_short.values())


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
    assert process.returncode == -signal.SIGKILL
    assert not (program.datasets / "local/test/releases/0.1").exists()
    report = program.json("dataset", "pull", "test:0.1")
    assert report["present"] >= complete
    assert report["present"] + report["fetched"] == 400
    assert report["fetched"] > 0


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
