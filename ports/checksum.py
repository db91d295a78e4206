"""Reading bytes to know whether they are the right ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ..domain.tree_digest import FileDigest


class TreeHasher(Protocol):
    """Hash every file below a folder."""

    def files(self, folder: Path) -> list[FileDigest]:
        """Hash all files, hidden ones included, several at a time; sorted by path, empty folders left out.

        Raises:
            NotReadable: the folder or a file in it does not exist or may not be read.
            UnsupportedFile: something in it is neither a file nor a folder: a link, a device, a pipe.
            IntegrityError: a file changed while it was read.
        """
        ...


class ManifestFiles(Protocol):
    """Manifest file of a version 2 archive: a Parquet table of paths and MD5s (reference: Polaris, section 5.6)."""

    def dump(self, files: Iterable[FileDigest]) -> bytes:
        """Write the manifest, rows sorted by path; equal files give equal bytes with the same library version."""
        ...

    def load(self, data: bytes) -> dict[str, str]:
        """Read a manifest: MD5 in hex by path, in the order of the file.

        Raises:
            InvalidDocument: no such table, a path twice, or an MD5 that is none.
        """
        ...
