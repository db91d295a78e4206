from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from groundtruth.adapters.arrays import copying
from groundtruth.adapters.arrays.copying import copy_file, copy_folder, staging, write_file
from groundtruth.domain.errors import DiskFull, InvalidInput, NotReadable
from groundtruth.domain.policies import ConflictPolicy

TREE = {".zgroup": b"{}", "a/0.0": b"zero", "a/1.0": b"one", "a/x.partial": b"a name like any other", "b/c/d": b""}


def plant(root: Path, tree: dict[str, bytes]) -> Path:
    for name, data in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return plant(tmp_path / "source", TREE)


def test_a_copy_is_equal_and_leaves_nothing_beside_it(source: Path, tmp_path: Path) -> None:
    copy_folder(source, tmp_path / "deep" / "copy", ConflictPolicy.RAISE)
    assert tree(tmp_path / "deep" / "copy") == TREE
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["copy"]


def test_replacing_makes_equal_and_skipping_adds_what_is_missing(source: Path, tmp_path: Path) -> None:
    there = {"a/0.0": b"mine", "extra": b"e"}
    copy_folder(source, plant(tmp_path / "replaced", there), ConflictPolicy.REPLACE)
    assert tree(tmp_path / "replaced") == TREE
    copy_folder(source, plant(tmp_path / "added", there), ConflictPolicy.SKIP)
    assert tree(tmp_path / "added") == {**TREE, **there}
    before = (tmp_path / "added").stat().st_ino
    copy_folder(source, tmp_path / "added", ConflictPolicy.SKIP)
    assert (tmp_path / "added").stat().st_ino == before


def test_a_folder_copied_onto_itself_stays(source: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(source)
    for destination in (source, tmp_path / "link", source / ".." / "source"):
        copy_folder(source, destination, ConflictPolicy.REPLACE)
        assert tree(source) == TREE
    copy_file(source / ".zgroup", tmp_path / "link" / ".zgroup", ConflictPolicy.REPLACE)
    assert tree(source) == TREE
    for destination in (source / "inside", tmp_path):
        with pytest.raises(InvalidInput):
            copy_folder(source, destination, ConflictPolicy.REPLACE)
    assert tree(source) == TREE


def test_an_interrupted_copy_resumes_and_is_not_seen(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = plant(tmp_path / "copy", {"a/0.0": b"old"})
    whole = copying._copy
    copied: list[str] = []

    def limited(one: str, two: str, partial: str) -> None:
        if len(copied) == 2:
            Path(partial).write_bytes(b"half")
            raise OSError(28, "No space left on device", two)
        copied.append(one)
        whole(one, two, partial)

    monkeypatch.setattr(copying, "COPIERS", 1)
    monkeypatch.setattr(copying, "_copy", limited)
    with pytest.raises(DiskFull):
        copy_folder(source, destination, ConflictPolicy.REPLACE)
    assert tree(destination) == {"a/0.0": b"old"}
    assert staging(destination).is_dir()
    first = list(copied)
    copied.clear()
    monkeypatch.setattr(copying, "_copy", lambda one, two, partial: (copied.append(one), whole(one, two, partial)))
    (source / "late").write_bytes(b"late")
    copy_folder(source, destination, ConflictPolicy.REPLACE)
    assert tree(destination) == {**TREE, "late": b"late"}
    assert len(copied) == len(TREE) + 1 - 2 and not set(first) & set(copied)
    assert not staging(destination).exists()


def test_a_file_that_changed_meanwhile_is_copied_again(source: Path, tmp_path: Path) -> None:
    stage = staging(tmp_path / "copy")
    shutil.copytree(source, stage)
    os.utime(source / "a" / "1.0", ns=(1, 1))
    (source / "a" / "1.0").write_bytes(b"uno")
    copy_folder(source, tmp_path / "copy", ConflictPolicy.REPLACE)
    assert tree(tmp_path / "copy")["a/1.0"] == b"uno"


def test_a_source_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    plant(tmp_path / "copy", TREE)
    with pytest.raises(NotReadable):
        copy_folder(tmp_path / "none", tmp_path / "copy", ConflictPolicy.REPLACE)
    assert tree(tmp_path / "copy") == TREE


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_file(tmp_path / "new" / "a.json", b"{}")
    write_file(tmp_path / "new" / "a.json", b"[]")
    assert tree(tmp_path / "new") == {"a.json": b"[]"}


def test_processes_that_make_the_same_copy_do_not_disturb_each_other(tmp_path: Path) -> None:
    source = plant(tmp_path / "source", {f"{i % 9}/{i}": bytes([i % 256]) * 3000 for i in range(400)})
    code = (
        "import sys; from pathlib import Path\n"
        "from groundtruth.adapters.arrays.copying import copy_folder\n"
        "from groundtruth.domain.policies import ConflictPolicy\n"
        "copy_folder(Path(sys.argv[1]), Path(sys.argv[2]), ConflictPolicy.SKIP)"
    )
    command = [sys.executable, "-c", code, str(source), str(tmp_path / "made" / "copy")]
    processes = [subprocess.Popen(command) for _ in range(4)]
    codes = [process.wait(timeout=120) for process in processes]
    assert 0 in codes
    assert tree(tmp_path / "made" / "copy") == tree(source)
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["copy"]
    assert codes == [0] * 4
