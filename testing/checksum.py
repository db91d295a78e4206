"""Contract suite of `ports.checksum.TreeHasher`: subclass it, say how to make the adapter, run pytest."""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from ..domain.errors import NotReadable
from ..domain.tree_digest import FileDigest
from ..ports.checksum import TreeHasher

TREE = {
    "b/0.1": b"x" * 3000,
    ".zgroup": b"{}",
    "b/c/large": bytes(range(256)) * 8192,
    "b/.zarray": b"",
    "a": b"a",
}
"""Files that the suite looks for: path below the root, content."""


class TreeHasherContract(abc.ABC):
    """What every hasher of trees does."""

    @abc.abstractmethod
    def make_hasher(self) -> TreeHasher:
        """A new adapter."""

    def plant(self, hasher: TreeHasher, root: Path, tree: Mapping[str, bytes]) -> None:
        """Make these files exist below `root`."""
        root.mkdir(parents=True, exist_ok=True)
        for name, data in tree.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def test_every_file_is_hashed_hidden_ones_too_in_the_order_of_their_paths(self, tmp_path: Path) -> None:
        hasher = self.make_hasher()
        self.plant(hasher, tmp_path / "root", TREE)
        assert hasher.files(tmp_path / "root") == [
            FileDigest(path, len(data), hashlib.md5(data, usedforsecurity=False).hexdigest())
            for path, data in sorted(TREE.items())
        ]

    def test_an_empty_folder_has_no_files(self, tmp_path: Path) -> None:
        hasher = self.make_hasher()
        self.plant(hasher, tmp_path / "empty", {})
        assert hasher.files(tmp_path / "empty") == []

    def test_a_folder_that_is_not_there_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(NotReadable):
            self.make_hasher().files(tmp_path / "nowhere")
