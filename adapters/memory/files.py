"""Local files that are not on any disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from ...domain.errors import NotReadable, NotWritable
from ...ports.files import FoundFile
from .faults import Faults

Content = bytes | OSError


def _with_path(error: OSError, path: Path) -> OSError:
    return OSError(error.errno or errno.EIO, error.strerror or str(error), str(path))


def _missing(path: Path) -> OSError:
    return OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _by_path(paths: Mapping[str | Path, Content] | Mapping[Path, Content]) -> dict[Path, Content]:
    return {Path(path): content for path, content in paths.items()}


@attrs.define
class MemoryFiles:
    """Files given as path -> content; an OSError as content is what looking at that file or folder gives.

    Folders are what the paths say. `tree` may be changed between calls.
    """

    tree: dict[Path, Content] = attrs.field(factory=dict[Path, Content], converter=_by_path)
    faults: Faults = attrs.field(factory=Faults, init=False)

    def find(self, paths: Sequence[Path]) -> Iterator[FoundFile | OSError]:
        """Files named, and all files below folders named."""
        self.faults.check("find", paths)
        for path in paths:
            if path in self.tree:
                yield self._look(path, path.parent)
                continue
            below = sorted((one for one in self.tree if path in one.parents), key=lambda one: one.parts)
            if not below:
                yield _missing(path)
            for one in below:
                yield self._look(one, path)

    def children(self, folder: Path) -> Iterator[FoundFile | OSError]:
        """Files directly in a folder."""
        self.faults.check("children", folder)
        content = self.tree.get(folder)
        if isinstance(content, OSError):
            yield _with_path(content, folder)
        elif content is not None:
            yield OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        elif not any(folder in one.parents for one in self.tree):
            yield _missing(folder)
        else:
            for one in sorted(one for one in self.tree if one.parent == folder):
                yield self._look(one, folder)

    def read(self, path: Path) -> bytes:
        """Content of a file."""
        self.faults.check("read", path)
        content = self.tree.get(path)
        if isinstance(content, bytes):
            return content
        is_folder = any(path in one.parents for one in self.tree)
        reason = "is a folder" if is_folder else "No such file or directory"
        if content is not None:
            reason = content.strerror or str(content)
        raise NotReadable(str(path), reason) from content

    def exists(self, path: Path) -> bool:
        """True if there is a file of that path."""
        return path in self.tree

    def write(self, path: Path, data: bytes) -> None:
        """Make a file hold `data`."""
        self.faults.check("write", path)
        if any(path in one.parents for one in self.tree):
            raise NotWritable(str(path), "cannot be written: it is a folder")
        self.tree[path] = data

    def _look(self, path: Path, root: Path) -> FoundFile | OSError:
        content = self.tree[path]
        return _with_path(content, path) if isinstance(content, OSError) else FoundFile(path, root, len(content))
