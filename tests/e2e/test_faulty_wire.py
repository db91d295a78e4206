"""Push and pull over a wire that breaks in every way: all arrives, and what arrives is right."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.peer import Served, serve
from support.program import Program, tree
from support.proxy import FaultyProxy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
TEAM = "example-team"
COUNT = 2000
KINDS = ("429", "500", "503", "reset", "reset_body", "stall", "truncate", "wrong", "403", "whole")
FAULTS = dict.fromkeys(KINDS, 0.05)
SHORT_WAITS = {
    "DARWIN_RETRY_INITIAL_WAIT": "0.02",
    "DARWIN_RETRY_MAX_WAIT": "0.2",
    "DARWIN_RETRY_MAX_ATTEMPTS": "40",
    "GROUNDTRUTH_TEAM": TEAM,
    "GROUNDTRUTH_TIMEOUT": "1",
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "work").mkdir()
    server = serve(Program(tmp_path / "server", tmp_path / "work"))
    yield server
    assert "Traceback" not in server.stop()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(COUNT):
        (folder / f"{number:05d}.jpg").write_bytes(os.urandom(4000))
    return folder


def client(tmp_path: Path, name: str, url: str, key: str) -> Program:
    """A program with a home of its own that knows the hub at `url`."""
    program = Program(tmp_path / name, tmp_path, {**SHORT_WAITS, "GROUNDTRUTH_API_KEY": key})
    program.run("hub", "add", "lab", "--url", url)
    program.run("hub", "use", "lab")
    return program


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_a_pull_arrives_whole(tmp_path: Path, served: Served, photos: Path) -> None:
    key = served.key(TEAM)
    straight = client(tmp_path, "straight", served.url, key)
    straight.run("dataset", "create", "test")
    straight.run("dataset", "push", "test", photos)
    straight.run("dataset", "export", "test", "1.0")
    with FaultyProxy("127.0.0.1", port_of(served.url), FAULTS, seed=7) as proxy:
        shaken = client(tmp_path, "shaken", proxy.root, key)
        # A wire that says 403 for a good address is believed after a while; what arrived is kept.
        for _ in range(5):
            process = shaken.start("--json", "dataset", "pull", "test:1.0")
            output, errors = process.communicate()
            assert "Traceback" not in errors
            if process.returncode == 0:
                break
        assert process.returncode == 0, output + errors
        assert set(proxy.injected) >= {"429", "500", "503", "reset", "truncate", "wrong"}
    images = shaken.datasets / TEAM / "test/images"
    assert tree(images) == tree(photos)
    assert shaken.json("dataset", "verify", "test:1.0")["clean"]


def test_a_push_arrives_once(tmp_path: Path, served: Served, photos: Path) -> None:
    key = served.key(TEAM)
    straight = client(tmp_path, "straight", served.url, key)
    straight.run("dataset", "create", "test")
    faults = {name: share for name, share in FAULTS.items() if name not in {"wrong", "whole"}}
    with FaultyProxy("127.0.0.1", port_of(served.url), faults, seed=9) as proxy:
        shaken = client(tmp_path, "shaken", proxy.root, key)
        for _ in range(5):
            process = shaken.start("--json", "dataset", "push", "test", photos)
            _, errors = process.communicate()
            assert "Traceback" not in errors
            if process.returncode == 0:
                break
        assert process.returncode == 0, errors
        assert sum(proxy.injected.values()) > 50
    items = straight.json("dataset", "files", "test")
    assert sorted(one["name"] for one in items) == sorted(path.name for path in photos.iterdir())
    straight.run("dataset", "export", "test", "1.0")
    straight.run("dataset", "pull", "test:1.0")
    assert tree(straight.datasets / TEAM / "test/images") == tree(photos)
