"""Push and pull over HTTP that are killed, and such of many files: the outcome is that of an undisturbed run."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.peer import Served, client, serve
from support.program import Program, bookkeeping, tree

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
TEAM = "example-team"
FILES = 1500
ROUNDS = 8


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "work").mkdir()
    server = serve(Program(tmp_path / "server", tmp_path / "work"))
    yield server
    assert "Traceback" not in server.stop()


def photos(folder: Path, count: int, size: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05d}.jpg").write_bytes(os.urandom(size))
    return folder


def pulled(program: Program, dataset: str) -> dict[str, bytes]:
    # Documents say where their files are, which is another place for each program.
    here, found = os.fsencode(program.datasets), tree(program.datasets / TEAM / dataset, bookkeeping)
    return {name: data.replace(here, b"") for name, data in found.items()}


def test_killed_pushes_and_pulls_end_like_undisturbed_ones(tmp_path: Path, served: Served) -> None:
    folder = photos(tmp_path / "photos", FILES, 3000)
    for number in range(12):
        (folder / f"large{number}.jpg").write_bytes(os.urandom(1_500_000))
    names = sorted(path.name for path in folder.iterdir())
    key = served.key(TEAM)
    calm = client(tmp_path / "calm", served.url, key, GROUNDTRUTH_TEAM=TEAM)
    calm.run("dataset", "create", "calm")
    push_seconds = calm.timed("dataset", "push", "calm", folder)
    calm.run("dataset", "export", "calm", "1.0")
    pull_seconds = calm.timed("dataset", "pull", "calm:1.0")
    draw = random.Random(5)
    cut_short = [0, 0]
    for number in range(ROUNDS):
        dataset = f"rough{number}"
        rough = client(tmp_path / dataset, served.url, key, GROUNDTRUTH_TEAM=TEAM)
        rough.run("dataset", "create", dataset)
        # The first tenths of a second go to starting Python, where there is nothing to disturb.
        cut_short[0] += rough.kill(draw.uniform(0.3, 0.95) * push_seconds, "dataset", "push", dataset, folder)
        done = {
            one["path"] + one["name"] for one in rough.json("dataset", "files", dataset) if one["status"] == "new"
        }
        again = rough.json("dataset", "push", dataset, folder)
        # What the hub had was not taken a second time, and the rest once.
        assert done <= set(again["present"])
        assert len(again["present"]) + again["items"] == len(names)
        assert sorted(one["name"] for one in rough.json("dataset", "files", dataset)) == names
        rough.run("dataset", "export", dataset, "1.0")
        cut_short[1] += rough.kill(draw.uniform(0.3, 0.95) * pull_seconds, "dataset", "pull", f"{dataset}:1.0")
        rough.run("dataset", "pull", f"{dataset}:1.0")
        calm.run("dataset", "pull", f"{dataset}:1.0")
        assert pulled(rough, dataset) == pulled(calm, dataset)
        assert tree(rough.datasets / TEAM / dataset / "images") == tree(folder)
        assert rough.json("dataset", "verify", f"{dataset}:1.0")["clean"]
    assert served.program.json("hub", "fsck")["findings"] == []
    print("killed before their end: pushes, pulls", cut_short, "of", ROUNDS)
    assert min(cut_short) >= ROUNDS / 2


def test_memory_of_a_pull_does_not_follow_the_files(tmp_path: Path, served: Served) -> None:
    key = served.key(TEAM)
    peaks: dict[int, float] = {}
    for count in (2_000, 20_000):
        name = f"set{count}"
        folder = photos(tmp_path / name, count, 1024)
        served.program.run("dataset", "create", f"{TEAM}/{name}")
        served.program.run("dataset", "push", f"{TEAM}/{name}", folder)
        served.program.run("dataset", "export", f"{TEAM}/{name}", "1.0")
        program = client(tmp_path / f"client{count}", served.url, key, GROUNDTRUTH_TEAM=TEAM)
        done, peaks[count] = program.measured("dataset", "pull", f"{name}:1.0")
        assert done.returncode == 0, done.stderr
        assert len(os.listdir(program.datasets / TEAM / name / "images")) == count
    print("peak memory in MB by files:", peaks)
    assert peaks[20_000] < 1.5 * peaks[2_000]
