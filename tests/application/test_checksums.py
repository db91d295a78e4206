from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.adapters.artifacts import codec
from groundtruth.adapters.checksum.tree import LocalTreeHasher
from groundtruth.adapters.memory.checksum import MemoryTreeHasher
from groundtruth.application.checksums import (
    ComputeChecksum,
    VerifyBenchmark,
    VerifyDataset,
    checksum_strategy,
    is_verified,
)
from groundtruth.domain.array_dataset import ArrayDataset, ColumnAnnotation
from groundtruth.domain.artifact import ArtifactMeta
from groundtruth.domain.benchmark import Benchmark
from groundtruth.domain.benchmark_split import SplitV1
from groundtruth.domain.errors import DigestMismatch, IntegrityError, InvalidInput
from groundtruth.domain.policies import ChecksumStrategy
from groundtruth.domain.table_checksum import dataset_md5, table_checksum
from groundtruth.domain.tree_digest import FileDigest, tree_digest
from support.tables import table

VERIFY, UNLESS_ZARR, IGNORE = ChecksumStrategy
ARCHIVE = Path("/data.zarr")
CHUNKS = {".zgroup": b"{}", "a/.zarray": b"{}", "a/0": b"0", "a/1": b"1"}


@pytest.fixture
def hasher() -> MemoryTreeHasher:
    hasher = MemoryTreeHasher()
    hasher.plant(ARCHIVE, CHUNKS)
    return hasher


@pytest.fixture
def verify(hasher: MemoryTreeHasher) -> VerifyDataset:
    return VerifyDataset(ComputeChecksum(hasher))


def plain(**facts: Any) -> ArrayDataset:
    return table({"x": [1.0, 2.0], "s": ["a", "b"]}, meta=ArtifactMeta(name="data"), **facts)


def with_archive(**facts: Any) -> ArrayDataset:
    pointers = {"p": ColumnAnnotation(is_pointer=True)}
    return table({"p": ["a#0", "a#1"]}, annotations=pointers, zarr_root=str(ARCHIVE), **facts)


def manifest(hasher: MemoryTreeHasher) -> dict[str, str]:
    return {file.path: file.md5 for file in hasher.files(ARCHIVE)}


def test_strategies_are_read() -> None:
    assert [checksum_strategy(word) for word in ("verify", "verify_unless_zarr", "ignore")] == list(ChecksumStrategy)
    assert (checksum_strategy(True), checksum_strategy(False)) == (VERIFY, IGNORE)
    for word in ("", "Verify", "always", "1"):
        with pytest.raises(InvalidInput, match="verify_unless_zarr"):
            checksum_strategy(word)


def test_what_each_strategy_compares() -> None:
    second = table({"x": [1]}, version=2, zarr_root=str(ARCHIVE))
    compared = {
        strategy: [is_verified(one, strategy) for one in (plain(), with_archive(), second)]
        for strategy in ChecksumStrategy
    }
    assert compared == {
        VERIFY: [True, True, False],
        UNLESS_ZARR: [True, False, False],
        IGNORE: [False, False, False],
    }


def test_checksums_of_the_golden_datasets_as_files_have_them(vectors: Path, tmp_path: Path) -> None:
    root = vectors / "polaris"
    files = LocalArrayFiles(codec)
    compute = ComputeChecksum(LocalTreeHasher())
    for case in json.loads((root / "datasets_v1.json").read_text())["cases"]:
        folder = tmp_path / case["name"]
        shutil.copytree(root / case["folder"], folder)
        dataset = files.load(folder / "dataset.json")
        assert compute(dataset).md5sum == case["md5sum"] == dataset.md5sum, case["name"]
        assert VerifyDataset(compute)(dataset, VERIFY).verified
        in_memory = dataset.load_to_memory()
        assert compute(in_memory).md5sum == case["md5sum"], case["name"]


def test_a_table_that_differs(verify: VerifyDataset) -> None:
    right = plain(md5sum=dataset_md5(table_checksum(plain().columns)))
    report = verify(right)
    assert report.verified
    assert report.md5sum == right.md5sum
    wrong = attrs.evolve(right, md5sum="0" * 32)
    with pytest.raises(DigestMismatch, match="table of dataset 'data'") as caught:
        verify(wrong)
    assert (caught.value.expected, caught.value.actual) == ("0" * 32, right.md5sum)
    assert verify(wrong, IGNORE) == attrs.evolve(report, md5sum="0" * 32, verified=False)


def test_without_a_known_checksum_there_is_nothing_to_compare(verify: VerifyDataset) -> None:
    report = verify(plain())
    assert report.md5sum == dataset_md5(table_checksum(plain().columns))
    assert not report.verified


def test_checksums_that_older_pandas_made_are_recognised(verify: VerifyDataset) -> None:
    dataset = table({"x": [-0.0, 1.0]})
    old = dataset_md5(table_checksum(dataset.columns, canonical=False))
    assert old != dataset_md5(table_checksum(dataset.columns))
    assert verify(attrs.evolve(dataset, md5sum=old)).verified


def test_the_first_file_that_differs_is_named(verify: VerifyDataset, hasher: MemoryTreeHasher) -> None:
    right = verify.compute(with_archive()).md5sum
    dataset, listed = with_archive(md5sum=right), manifest(hasher)
    assert verify(dataset, VERIFY, manifest=listed).verified
    hasher.plant(ARCHIVE, {"a/1": b"x", "a/0": b"x"})
    assert not verify(dataset, UNLESS_ZARR).verified
    with pytest.raises(DigestMismatch, match="file 'a/0' of archive"):
        verify(dataset, VERIFY, manifest=listed)
    with pytest.raises(DigestMismatch, match="dataset 'unnamed' has"):
        verify(dataset, VERIFY)
    hasher.plant(ARCHIVE, CHUNKS | {"a/.extra": b""})
    with pytest.raises(IntegrityError, match=r"'a/\.extra' .* is not in the manifest"):
        verify(dataset, VERIFY, manifest=listed)
    del hasher.trees[ARCHIVE]["a/.extra"], hasher.trees[ARCHIVE]["a/1"]
    with pytest.raises(IntegrityError, match=r"'a/1' .* is missing"):
        verify(dataset, VERIFY, manifest=listed)


def test_the_table_is_named_where_the_archive_is_right(verify: VerifyDataset, hasher: MemoryTreeHasher) -> None:
    with pytest.raises(DigestMismatch, match="table of dataset"):
        verify(with_archive(md5sum="0" * 32), VERIFY, manifest=manifest(hasher))


def test_version_2_is_compared_with_a_manifest(verify: VerifyDataset, hasher: MemoryTreeHasher) -> None:
    dataset, listed = table({"x": [1]}, version=2, zarr_root=str(ARCHIVE)), manifest(hasher)
    assert verify(dataset, VERIFY, manifest=listed).verified
    assert not verify(dataset, VERIFY).verified
    hasher.plant(ARCHIVE, {"a/0": b"y"})
    with pytest.raises(DigestMismatch, match="'a/0'"):
        verify(dataset, VERIFY, manifest=listed)


def test_a_remote_archive_has_to_be_cached_first(verify: VerifyDataset) -> None:
    remote = attrs.evolve(with_archive(md5sum="0" * 32), zarr_root="https://example.org/data.zarr")
    assert not verify(remote).verified
    with pytest.raises(InvalidInput, match="Cache"):
        verify(remote, VERIFY)


def test_version_2_has_no_checksum(verify: VerifyDataset) -> None:
    with pytest.raises(InvalidInput, match="has no checksum"):
        verify.compute(table({"x": [1]}, version=2, zarr_root=str(ARCHIVE)))


def test_the_checksum_of_table_and_archive(hasher: MemoryTreeHasher) -> None:
    found = ComputeChecksum(hasher)(with_archive())
    assert found.tree == tree_digest(hasher.files(ARCHIVE))
    assert found.md5sum == dataset_md5(table_checksum(with_archive().columns), found.tree)
    assert found.files[0] == FileDigest(".zgroup", 2, found.files[0].md5)


@pytest.fixture
def benchmark() -> Benchmark:
    dataset = plain(md5sum=dataset_md5(table_checksum(plain().columns)))
    return Benchmark(
        version=1,
        meta=ArtifactMeta(name="task"),
        dataset=dataset,
        target_cols=("x",),
        input_cols=("s",),
        split=SplitV1.of(np.array([0]), np.array([1])),
        metrics=("mean_absolute_error",),
        main_metric="mean_absolute_error",
    )


def test_a_benchmark_is_verified_after_its_dataset(verify: VerifyDataset, benchmark: Benchmark) -> None:
    check = VerifyBenchmark(verify)
    report = check(benchmark)
    assert report.md5sum == benchmark.checksum()
    assert not report.verified
    assert check(attrs.evolve(benchmark, md5sum=report.md5sum)).verified
    with pytest.raises(DigestMismatch, match="definition of benchmark 'task'"):
        check(attrs.evolve(benchmark, md5sum="0" * 32))
    assert not check(attrs.evolve(benchmark, md5sum="0" * 32), IGNORE).verified
    with pytest.raises(DigestMismatch, match="table of dataset 'data'"):
        check(attrs.evolve(benchmark, dataset=attrs.evolve(benchmark.dataset, md5sum="0" * 32)))
