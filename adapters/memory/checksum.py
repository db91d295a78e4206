"""Trees of files that exist only here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import attrs

from ...domain.errors import NotReadable
from ...domain.tree_digest import FileDigest


@attrs.define
class MemoryTreeHasher:
    """Hashes what was planted; implements `ports.checksum.TreeHasher`."""

    trees: dict[Path, dict[str, bytes]] = attrs.field(factory=dict[Path, dict[str, bytes]])

    def plant(self, folder: Path, files: Mapping[str, bytes]) -> None:
        """Have these files exist below a folder, by path with `/`."""
        self.trees.setdefault(folder, {}).update(files)

    def files(self, folder: Path) -> list[FileDigest]:
        """Hash all files below a folder; see the port."""
        if folder not in self.trees:
            raise NotReadable(str(folder), "does not exist", "Check the path")
        return [
            FileDigest(path, len(data), hashlib.md5(data, usedforsecurity=False).hexdigest())
            for path, data in sorted(self.trees[folder].items())
        ]
