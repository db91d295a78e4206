"""Push and pull over a wire that breaks in every way: all arrives, and what arrives is right."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.peer import Served, client, serve
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


def named(tmp_path: Path, name: str, url: str, key: str) -> Program:
    """A client that does not wait long."""
    return client(tmp_path / name, url, key, **SHORT_WAITS)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_a_pull_arrives_whole(tmp_path: Path, served: Served, photos: Path) -> None:
    key = served.key(TEAM)
    straight = named(tmp_path, "straight", served.url, key)
    straight.run("dataset", "create", "test")
    straight.run("dataset", "push", "test", photos)
    straight.run("dataset", "export", "test", "1.0")
    with FaultyProxy("127.0.0.1", port_of(served.url), FAULTS, seed=7) as proxy:
        shaken = named(tmp_path, "shaken", proxy.root, key)
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
    straight = named(tmp_path, "straight", served.url, key)
    straight.run("dataset", "create", "test")
    faults = {name: share for name, share in FAULTS.items() if name not in {"wrong", "whole"}}
    with FaultyProxy("127.0.0.1", port_of(served.url), faults, seed=9) as proxy:
        shaken = named(tmp_path, "shaken", proxy.root, key)
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


def test_trouble_costs_less_than_three_times_the_time(tmp_path: Path, served: Served, photos: Path) -> None:
    key = served.key(TEAM)
    straight = named(tmp_path, "straight", served.url, key)
    straight.run("dataset", "create", "test")
    straight.run("dataset", "push", "test", photos)
    straight.run("dataset", "export", "test", "1.0")
    seconds: dict[str, float] = {}
    for kind, faults in (("calm", {}), ("shaken", FAULTS)):
        for number in range(3):
            with FaultyProxy("127.0.0.1", port_of(served.url), faults, seed=11 + number) as proxy:
                program = named(tmp_path, f"{kind}{number}", proxy.root, key)
                started = time.monotonic()
                runs = 0
                while (process := program.start("dataset", "pull", "test:1.0")).communicate() and process.returncode:
                    runs += 1
                    assert runs < 6
                seconds[f"{kind}{number}"] = time.monotonic() - started
                print(kind, f"{seconds[f'{kind}{number}']:.2f} s", runs + 1, "run(s)", dict(proxy.injected))
            assert tree(program.datasets / TEAM / "test/images") == tree(photos)
    calm, shaken = (sorted(seconds[f"{kind}{number}"] for number in range(3))[1] for kind in ("calm", "shaken"))
    print(f"calm {calm:.2f} s, shaken {shaken:.2f} s, ratio {shaken / calm:.2f}")
