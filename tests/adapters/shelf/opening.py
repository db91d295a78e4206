"""Opens shelves, in tests and in processes that tests start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.adapters.artifacts import codec
from groundtruth.adapters.checksum.tree import LocalTreeHasher
from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.roaring import RoaringCodec
from groundtruth.adapters.shelf import ShelfHub
from groundtruth.ports.arrays import ArrayFiles
from groundtruth.ports.clock import Clock

ACTOR = "example-team"


def array_files() -> LocalArrayFiles:
    """Files of array datasets, as the shelf uses them."""
    return LocalArrayFiles(codec, hasher=LocalTreeHasher())


def open_shelf(
    root: Path,
    actor: str | None = ACTOR,
    clock: Clock | None = None,
    grace: timedelta = timedelta(days=1),
    arrays: ArrayFiles | None = None,
) -> ShelfHub:
    """A shelf in `root`, made of what the container makes it of."""
    return ShelfHub(
        root,
        actor,
        arrays or array_files(),
        codec,
        RoaringCodec(),
        LocalTreeHasher(),
        clock or SystemClock(),
        grace=grace,
    )
