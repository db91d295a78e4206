"""Split a pulled release into train, validation and test."""

from __future__ import annotations

from pathlib import Path

import attrs

from ..domain.reference import DatasetReference
from ..domain.split import Split, random_split
from ..ports.library import LocalLibrary
from .verify import find_local


@attrs.frozen
class SplitReport:
    """The split, and the folder its lists are in."""

    split: Split
    folder: Path


@attrs.frozen
class SplitRelease:
    """Write random lists in the format of the Darwin SDK (reference: V7 Darwin, section 12)."""

    library: LocalLibrary

    def __call__(self, reference: DatasetReference, val: float, test: float, seed: int = 0) -> SplitReport:
        """Split the annotation files of a pulled release; `val` and `test` are fractions of them.

        The lists `random_train.txt`, `random_val.txt` and `random_test.txt` hold one absolute path a line,
        in the order of the permutation.

        Raises:
            ReleaseNotFound: it was not pulled.
            InvalidInput: fractions or seed out of range, too few items.
        """
        release = find_local(self.library, reference)
        files = self.library.annotation_files(release)
        split = random_split(len(files), val, test, seed)
        lists = [
            (f"random_{name}.txt", [str(files[position]) for position in positions])
            for name, positions in split.partitions.items()
        ]
        return SplitReport(split, self.library.write_lists(release, split.id, lists))
