from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.tree_digest import (
    FileDigest,
    check_md5,
    check_tree_digest,
    directory_digests,
    first_difference,
    manifest_rows,
    tree_digest,
)

Tree = dict[str, Any]

names = st.text('ab.Zé\U0001f600"\\', min_size=1, max_size=3).filter(lambda name: name not in {".", ".."})
trees: st.SearchStrategy[Tree] = st.recursive(
    st.dictionaries(names, st.binary(max_size=3), max_size=4),
    lambda below: st.dictionaries(names, st.binary(max_size=3) | below, max_size=4),
    max_leaves=20,
)


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def files_of(tree: Tree, above: str = "") -> list[FileDigest]:
    found: list[FileDigest] = []
    for name, node in tree.items():
        if isinstance(node, dict):
            found += files_of(node, f"{above}{name}/")
        else:
            found.append(FileDigest(above + name, len(node), md5(node)))
    return found


def digest_of(tree: Tree) -> tuple[str, int, int]:
    """Digest, number of files and bytes, as the reference has it: one folder at a time, from the bottom."""
    files, folders = [], []
    for name, node in sorted(tree.items()):
        if isinstance(node, dict):
            digest, count, size = digest_of(node)
            if count:
                folders.append({"digest": digest, "name": name, "size": size, "count": count})
        else:
            files.append({"digest": md5(node), "name": name, "size": len(node), "count": 0})
    count = len(files) + sum(one["count"] for one in folders)
    size = sum(one["size"] for one in files + folders)
    text = json.dumps({"directories": folders, "files": files}, separators=(",", ":"))
    return f"{md5(text.encode())}-{count}-{size}", count, size


@given(trees, st.randoms())
def test_the_digest_is_that_of_the_rules_in_any_order(tree: Tree, random: Any) -> None:
    files = files_of(tree)
    random.shuffle(files)
    assert tree_digest(files) == digest_of(tree)[0]


@pytest.mark.parametrize("count", [999, 1000, 1001, 2500])
def test_folders_of_many_files(count: int) -> None:
    tree = {f"{i}.0": b"x" for i in range(count)} | {"below": {"a": b""}}
    assert tree_digest(files_of(tree)) == digest_of(tree)[0]


def test_digests_of_the_golden_cases(vectors: Path) -> None:
    golden = json.loads((vectors / "polaris" / "zarr_checksums.json").read_text())
    assert tree_digest([]) == "481a2f77ab786a0f45aafd5db0971caa-0-0"
    for case in golden["cases"]:
        files = [FileDigest(one["path"], one["size"], one["md5sum"]) for one in case["files"]]
        digests = directory_digests(files)
        digests["."] = digests.pop("")
        assert digests == case["directories"]
        assert tree_digest(reversed(files)) == case["digest"]
        assert dict(manifest_rows(files)) == {
            row["path"]: row["md5_checksum"] for row in case["manifest_v2_rows_in_file_order"]
        }


@pytest.mark.parametrize("paths", [["a", "a"], ["a", "a/b"], ["/a"], ["a//b"], ["../a"], ["a/./b"], [""], ["a/"]])
def test_what_is_no_tree(paths: list[str]) -> None:
    with pytest.raises(InvalidInput):
        tree_digest(FileDigest(path, 0, md5(b"")) for path in paths)


def test_manifest_rows_are_sorted_by_path() -> None:
    files = [FileDigest(path, 1, md5(b"x")) for path in ("b/0", ".z", "a.b", "a/0")]
    assert [path for path, _ in manifest_rows(files)] == [".z", "a.b", "a/0", "b/0"]


def test_the_first_difference() -> None:
    assert first_difference({"b": "1", "a": "2"}, {"a": "2", "b": "1"}) is None
    assert first_difference({"a": "2", "c": "1", "b": "1"}, {"a": "2", "b": "2"}) == "b"
    assert first_difference({}, {"z": "1"}) == "z"


def test_forms() -> None:
    assert check_md5("0" * 32)
    assert check_tree_digest("481a2f77ab786a0f45aafd5db0971caa-0-0")
    for wrong in ("0" * 31, "A" * 32, "0" * 32 + "\n"):
        with pytest.raises(InvalidInput):
            check_md5(wrong)
        with pytest.raises(InvalidInput):
            check_tree_digest(wrong + "-1-1")
