from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import random
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from groundtruth.adapters.local import LocalHub
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import NothingToExport
from groundtruth.domain.release import ExportOptions
from groundtruth.testing.scenario import EVERYTHING, Workbench

PUSHER = Path(__file__).with_name("pusher.py")
COUNT = 400


@pytest.fixture(scope="module")
def pusher() -> ModuleType:
    spec = importlib.util.spec_from_file_location("local_hub_pusher", PUSHER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files to push; some are equal."""
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(COUNT):
        (folder / f"{number:04d}.png").write_bytes(b"photo %d" % (number - number % 10 // 9))
    return folder


def start(hub: Path, folder: Path, *release: str) -> subprocess.Popen[str]:
    """Start a pusher; returns when it is about to begin."""
    command = [sys.executable, str(PUSHER), str(hub), str(folder), *release]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


def content(hub: LocalHub, dataset: Dataset) -> tuple[object, ...]:
    """Everything a hub holds that does not depend on when it was pushed."""
    bench = Workbench(hub, Path("unused"))
    (release,) = hub.list_releases(dataset)
    items = [
        (item.id, item.full_path, item.status, item.size, item.slots) for item in hub.list_items(dataset, EVERYTHING)
    ]
    blobs = sorted(path.name for path in (hub.root / "blobs").rglob("*") if path.is_file())
    return sorted(items), blobs, release.digest, bench.frozen(release)


def test_killed_at_any_moment(pusher: ModuleType, folder: Path, tmp_path: Path) -> None:
    finish(start(tmp_path / "calm", folder, "1"))
    with pusher.open_hub(tmp_path / "calm") as hub:
        expected = content(hub, pusher.open_dataset(hub))
    generator = random.Random(7)
    root = tmp_path / "hub"
    killed = 0
    for _ in range(10):
        process = start(root, folder, "1")
        time.sleep(generator.uniform(0.0, 0.15))
        process.kill()
        process.communicate()
        killed += process.returncode != 0
        with pusher.open_hub(root) as hub:
            check = hub.check()
            assert check.is_clean, check.findings
            for dataset in hub.list_datasets():
                for release in hub.list_releases(dataset):
                    assert len(list(hub.documents(release))) == COUNT
    assert killed > 2
    finish(start(root, folder, "1"))
    with pusher.open_hub(root) as hub:
        assert content(hub, pusher.open_dataset(hub)) == expected
        hub.collect()
        check = hub.check()
        assert (check.is_clean, check.unreferenced) == (True, 0)


def test_two_push_at_once(pusher: ModuleType, folder: Path, tmp_path: Path) -> None:
    """The same files and others, into one dataset, while a third collects and checks."""
    more = tmp_path / "more"
    more.mkdir()
    for number in range(COUNT):
        (more / f"more-{number:04d}.png").write_bytes(b"photo %d" % number)
    root = tmp_path / "hub"
    pushers = [start(root, folder), start(root, folder), start(root, more)]
    with pusher.open_hub(root) as hub:
        while any(process.poll() is None for process in pushers):
            hub.collect()
            assert hub.check().is_clean
        for process in pushers:
            finish(process)
        items = list(hub.list_items(pusher.open_dataset(hub), EVERYTHING))
        assert len(items) == 2 * COUNT
        assert {str(item.status) for item in items} == {"new"}
        check = hub.check()
        assert check.is_clean
        assert check.objects == COUNT
        for item in items:
            digest = item.slots[0].source_files[0].digest
            source = (more if item.name.startswith("more") else folder) / item.name
            assert digest is not None
            assert digest.value == hashlib.sha256(source.read_bytes()).hexdigest()


def test_exports_while_others_push(pusher: ModuleType, folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "hub"
    process = start(root, folder)
    with pusher.open_hub(root) as hub:
        dataset = pusher.open_dataset(hub)
        number = 0
        while process.poll() is None:
            with contextlib.suppress(NothingToExport):
                hub.create_release(dataset, f"r{number}", ExportOptions())
                number += 1
        finish(process)
        hub.create_release(dataset, "last", ExportOptions())
        releases = hub.list_releases(dataset)
        counts = [len(list(hub.documents(release))) for release in releases]
        assert counts == [release.item_count for release in releases]
        assert counts == sorted(counts, reverse=True)
        assert counts[0] == COUNT
        assert hub.check().is_clean
