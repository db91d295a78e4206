"""Real processes: killed, interrupted, and several at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groundtruth.testing.transfer import content, digest_of

PROGRAM = """
import json, sys
from pathlib import Path
from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.transfer import FileSource, TransferEngine
from groundtruth.domain.digest import Digest
from groundtruth.ports.transfer import FetchRequest

class Silent:
    def report(self, event):
        pass

folder, *wanted = json.loads(sys.argv[1])
sources = [FileSource()]
if wanted[0][1].startswith("http"):
    from groundtruth.adapters.transfer.http import HttpSource
    from groundtruth.adapters.web import CurlWeb

    web = CurlWeb(4)
    sources.append(HttpSource(web))
engine = TransferEngine(
    sources, clock=SystemClock(), progress=Silent(), incoming=Path(folder, "in"), workers=4
)
requests = (
    FetchRequest(url, Path(folder, "out", name), name, size, digest and Digest(digest))
    for name, url, size, digest in wanted
)
print("ready", flush=True)
for outcome in engine.fetch(requests):
    print(outcome.request.key, outcome.status.value, outcome.mtime_ns, outcome.error or "", flush=True)
if sources[1:]:
    web.close()
"""


def start(folder: Path, wanted: list[tuple[str, str, int | None, str | None]]) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", PROGRAM, json.dumps([str(folder), *wanted])]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> dict[str, tuple[str, int]]:
    """Status and modification time of each file that the process fetched."""
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    lines = [line.split(maxsplit=3) for line in output.splitlines() if line != "ready"]
    return {line[0]: (line[1], int(line[2])) for line in lines}


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def partial_bytes(folder: Path) -> int:
    incoming = folder / "in"
    return sum(entry.stat().st_size for entry in os.scandir(incoming)) if incoming.exists() else 0


def test_after_a_kill_only_the_rest_is_fetched(tmp_path: Path, site: Any) -> None:
    objects = [content(1_000_000, number) for number in range(3)]
    urls = [site.add(data) for data in objects]
    for url in urls:
        site.stall(url, 600_000)
    wanted = [(str(n), url, None, None) for n, url in enumerate(urls)]
    process = start(tmp_path, wanted)
    until(lambda: partial_bytes(tmp_path) == 3 * 600_000)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there = partial_bytes(tmp_path)
    assert not (tmp_path / "out").exists()
    assert {status for status, _ in finish(start(tmp_path, wanted)).values()} == {"fetched"}
    for number, data in enumerate(objects):
        assert (tmp_path / "out" / str(number)).read_bytes() == data
    assert sum(site.seen(url)[1].sent for url in urls) == 3_000_000 - there
    assert all(
        site.seen(url)[1].headers["if-range"] == site.etag(data) for url, data in zip(urls, objects, strict=True)
    )
    assert os.listdir(tmp_path / "in") == []


def test_however_often_it_is_killed_it_completes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    wanted = []
    for number in range(400):
        data = content(100 if number % 20 else 2_000_000, number % 40)
        (source / str(number)).write_bytes(data)
        wanted.append((str(number), (source / str(number)).as_uri(), len(data), digest_of(data).value))
    for delay in (0.0, 0.01, 0.02, 0.04, 0.06, 0.08):
        process = start(tmp_path, wanted)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert len(finish(start(tmp_path, wanted))) == 400
    for name, _, _, digest in wanted:
        assert digest_of((tmp_path / "out" / name).read_bytes()).value == digest
    assert len(os.listdir(tmp_path / "out")) == 400
    assert os.listdir(tmp_path / "in") == []


@pytest.mark.parametrize("size", [30_000, 600_000])
def test_several_processes_fetch_the_same_files_at_once(tmp_path: Path, site: Any, size: int) -> None:
    objects = [content(size, number) for number in range(20)]
    wanted = [(str(n), site.add(data), size, digest_of(data).value) for n, data in enumerate(objects)]
    processes = [start(tmp_path, wanted) for _ in range(3)]
    for outcomes in map(finish, processes):
        assert len(outcomes) == 20
        assert {status for status, _ in outcomes.values()} <= {"fetched", "present"}
    for number, data in enumerate(objects):
        assert (tmp_path / "out" / str(number)).read_bytes() == data
    assert len(os.listdir(tmp_path / "out")) == 20
    assert os.listdir(tmp_path / "in") == []


def test_ctrl_c_ends_soon_though_servers_are_silent(tmp_path: Path, site: Any) -> None:
    data = content(1_000_000)
    urls = [site.add(data, f"/{number}") for number in range(6)]
    for url in urls:
        site.stall(url, 600_000)
    wanted = [(str(n), url, None, None) for n, url in enumerate(urls)]
    process = start(tmp_path, wanted)
    until(lambda: partial_bytes(tmp_path) == 4 * 600_000)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)  # far less than the minute that a read may take
    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1
    assert not (tmp_path / "out").exists()
    assert partial_bytes(tmp_path) == 4 * 600_000
    site.scripts.clear()
    assert {status for status, _ in finish(start(tmp_path, wanted)).values()} == {"fetched"}
    assert sum(site.seen(url)[1].sent for url in urls[:4]) <= 4 * 600_000
