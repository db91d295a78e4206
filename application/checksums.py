"""Checksums of datasets and benchmarks: compute them, compare them with those known (reference: Polaris, 12.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from ..domain.array_dataset import ArrayDataset
from ..domain.benchmark import Benchmark
from ..domain.errors import DigestMismatch, IntegrityError, InvalidInput
from ..domain.policies import ChecksumStrategy
from ..domain.table_checksum import dataset_md5, table_checksum
from ..domain.tree_digest import FileDigest, first_difference, tree_digest
from ..ports.checksum import TreeHasher

_ADVICE = "Fetch it again, or pass the strategy 'ignore' to use it as it is"


def checksum_strategy(given: str | bool) -> ChecksumStrategy:
    """Read a strategy by its word; True stands for `verify`, False for `ignore`.

    Raises:
        InvalidInput: no such strategy.
    """
    if isinstance(given, bool):
        return ChecksumStrategy.VERIFY if given else ChecksumStrategy.IGNORE
    try:
        return ChecksumStrategy(given)
    except ValueError:
        words = ", ".join(ChecksumStrategy)
        raise InvalidInput(f"checksum strategy {given!r}", "is not known", f"Choose one of {words}") from None


def is_verified(dataset: ArrayDataset, strategy: ChecksumStrategy) -> bool:
    """Tell whether the strategy has the data of this dataset compared with its checksum."""
    if dataset.version != 1 or strategy is ChecksumStrategy.IGNORE:
        return False
    return strategy is ChecksumStrategy.VERIFY or dataset.zarr_root is None


@attrs.frozen
class DatasetChecksum:
    """Computed checksum of a version 1 dataset: of its table, of its archive if it has one, and of both.

    `files` are those of the archive.
    """

    table: bytes
    tree: str | None
    files: tuple[FileDigest, ...] = ()

    @property
    def md5sum(self) -> str:
        """The checksum of the dataset."""
        return dataset_md5(self.table, self.tree)


@attrs.frozen
class ComputeChecksum:
    """Compute the checksum of a version 1 dataset from its table and the files of its archive."""

    hasher: TreeHasher

    def __call__(self, dataset: ArrayDataset, *, canonical: bool = True) -> DatasetChecksum:
        """Read the whole dataset, a block of rows at a time, and hash it; `canonical` is as `table_checksum` has it.

        Raises:
            InvalidInput: it is of version 2, which has none, or its archive is not on this machine.
            NotReadable, UnsupportedFile, IntegrityError: as `ports.checksum.TreeHasher.files`.
        """
        if dataset.version != 1:
            raise InvalidInput(str(dataset), "has no checksum", "Hash its archive instead")
        files = () if dataset.zarr_root is None else tuple(self.files(dataset))
        tree = None if dataset.zarr_root is None else tree_digest(files)
        return DatasetChecksum(table_checksum(dataset.columns.stored, canonical=canonical), tree, files)

    def files(self, dataset: ArrayDataset) -> list[FileDigest]:
        """Hash the files of a dataset's archive; errors as above."""
        root = dataset.zarr_root
        if root is None or "://" in root:
            reason = "has no archive" if root is None else f"has its archive at {root}, not on this machine"
            raise InvalidInput(str(dataset), reason, "Cache the dataset first")
        return self.hasher.files(Path(root))


@attrs.frozen
class ChecksumReport:
    """What a check came to: the checksum to go by, and whether the data was compared with it."""

    md5sum: str | None
    verified: bool


@attrs.frozen
class VerifyDataset:
    """Compare a dataset with its known checksum, as a strategy has it."""

    compute: ComputeChecksum

    def __call__(
        self,
        dataset: ArrayDataset,
        strategy: ChecksumStrategy = ChecksumStrategy.VERIFY_UNLESS_ZARR,
        *,
        manifest: Mapping[str, str] | None = None,
    ) -> ChecksumReport:
        """Verify, where the strategy says so and a checksum is known.

        `manifest` has the MD5 of each file of the archive, if that is known: a difference then names the file, and
        version 2, which has no checksum of its own, is compared with it if the strategy is `verify`.

        Raises:
            DigestMismatch, IntegrityError: table or archive differ; names the first file that does.
            InvalidInput: as `ComputeChecksum`.
        """
        if dataset.version == 2 and strategy is ChecksumStrategy.VERIFY and manifest is not None:
            _compare_files(dataset, manifest, self.compute.files(dataset))
            return ChecksumReport(None, verified=True)
        if not is_verified(dataset, strategy):
            return ChecksumReport(dataset.md5sum, verified=False)
        found = self.compute(dataset)
        if dataset.md5sum is None:
            return ChecksumReport(found.md5sum, verified=False)
        if dataset.md5sum != found.md5sum and not self._is_of_older_form(dataset, found):
            if manifest is not None:
                _compare_files(dataset, manifest, found.files)
            raise DigestMismatch(_part(found, manifest, dataset), advice=_ADVICE, expected=dataset.md5sum,
                                 actual=found.md5sum)  # fmt: skip
        return ChecksumReport(dataset.md5sum, verified=True)

    def _is_of_older_form(self, dataset: ArrayDataset, found: DatasetChecksum) -> bool:
        """Tell whether the checksum was made from the bit patterns of floats, as with pandas before 3.1."""
        raw = table_checksum(dataset.columns.stored, canonical=False)
        return dataset_md5(raw, found.tree) == dataset.md5sum


def _part(found: DatasetChecksum, manifest: Mapping[str, str] | None, dataset: ArrayDataset) -> str:
    """What differs, as far as is known: without a manifest it may be either part."""
    name = dataset.meta.name or "unnamed"
    return f"table of dataset '{name}'" if found.tree is None or manifest is not None else f"dataset '{name}'"


def _compare_files(dataset: ArrayDataset, expected: Mapping[str, str], files: Iterable[FileDigest]) -> None:
    actual = {file.path: file.md5 for file in files}
    path = first_difference(expected, actual)
    if path is None:
        return
    what = f"file '{path}' of archive {dataset.zarr_root}"
    if path not in actual:
        raise IntegrityError(what, "is missing", _ADVICE)
    if path not in expected:
        raise IntegrityError(what, "is not in the manifest", "Remove it if it does not belong there")
    raise DigestMismatch(what, advice=_ADVICE, expected=expected[path], actual=actual[path])


@attrs.frozen
class VerifyBenchmark:
    """Compare a benchmark with its known checksum, after its dataset."""

    dataset: VerifyDataset

    def __call__(
        self,
        benchmark: Benchmark,
        strategy: ChecksumStrategy = ChecksumStrategy.VERIFY_UNLESS_ZARR,
        *,
        manifest: Mapping[str, str] | None = None,
    ) -> ChecksumReport:
        """Verify the dataset, then columns, metrics and split of a version 1 benchmark. Version 2 has no checksum.

        Raises:
            DigestMismatch, IntegrityError, InvalidInput: as `VerifyDataset`; the benchmark itself differs.
        """
        data = self.dataset(benchmark.dataset, strategy, manifest=manifest)
        if benchmark.version != 1 or strategy is ChecksumStrategy.IGNORE or data.md5sum is None:
            return ChecksumReport(benchmark.md5sum, verified=False)
        found = benchmark.checksum(data.md5sum)
        if benchmark.md5sum is not None and benchmark.md5sum != found:
            what = f"definition of benchmark '{benchmark.meta.name or 'unnamed'}'"
            raise DigestMismatch(what, advice=_ADVICE, expected=benchmark.md5sum, actual=found)
        return ChecksumReport(found, verified=benchmark.md5sum is not None)
