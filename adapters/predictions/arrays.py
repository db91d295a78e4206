"""Arrays in NPY and NPZ files."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...domain.arrays import np
from ...domain.errors import UnsupportedFile
from .opening import check_size, damaged, reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BROKEN = (ValueError, EOFError, zipfile.BadZipFile, zlib.error, KeyError)
"""What numpy raises for files that are cut short or none of its own; ValueError also for pickled objects."""


def read_npy(path: Path, most: int) -> NDArray[Any]:
    """Open an array; its values stay in the file until they are used.

    Raises:
        IntegrityError: damaged, cut short, or it holds pickled objects.
    """
    check_size(path, most)
    with reading(path):
        try:
            return np.load(path, mmap_mode="r", allow_pickle=False)
        except _BROKEN as error:
            raise damaged(path, error) from error


def read_npz(path: Path, most: int) -> dict[str, NDArray[Any]]:
    """Read all arrays of an archive, by name; errors as `read_npy`."""
    check_size(path, most)
    with reading(path):
        try:
            with zipfile.ZipFile(path) as archive:
                # What it says it holds is all that is ever taken out of it.
                check_size(path, most, sum(entry.file_size for entry in archive.infolist()))
            with np.load(path, allow_pickle=False) as held:
                return {name: held[name] for name in held.files}
        except UnsupportedFile:  # which is a ValueError, too
            raise
        except _BROKEN as error:
            raise damaged(path, error) from error
